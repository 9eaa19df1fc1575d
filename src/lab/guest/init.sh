#!/bin/sh
# /init of the lab's guest: says on the serial console what it was booted from, then stays up until the power button.
# With nfsroot= on the command line it mounts that and starts the same script from there.
# With steel_lab.probe on the command line it only says that it runs and powers off (see accelerator.h).
# SPDX-License-Identifier: Apache-2.0
export PATH=/bin
/bin/busybox --install -s /bin
[ -d /proc/1 ] || mount -t proc proc /proc
[ -d /sys/class ] || mount -t sysfs sysfs /sys
[ -c /dev/ttyS0 ] || mount -t devtmpfs devtmpfs /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1

case $(cat /proc/cmdline) in
*steel_lab.probe*)
    echo "STEEL-LAB probe: guest runs"
    poweroff -f
    ;;
esac

# Loads a group of modules; those that another group brought are there already.
load() {
    while read -r module; do
        [ -d "/sys/module/$module" ] || insmod "/lib/modules/$module.ko" || echo "STEEL-LAB cannot load module $module"
    done <"/lib/modules/$1"
}

# The address that the kernel's parameter ip=dhcp means.
get_address() {
    card=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
    ip link set lo up
    ip link set "$card" up
    {
        echo '#!/bin/sh'
        echo '[ "$1" = bound ] || exit 0'
        echo 'ip addr add "$ip/${mask:-24}" dev "$interface"'
        echo '[ -z "$router" ] || ip route add default via "${router%% *}"'
    } >/etc/udhcpc.sh
    chmod 755 /etc/udhcpc.sh
    udhcpc -q -n -t 20 -T 1 -i "$card" -s /etc/udhcpc.sh >/dev/null 2>&1
}

# The root file system as the kernel documents nfsroot=: [server:]path[,options].
start_from_nfs() {
    load nfs
    get_address
    source=${1%%,*}
    options=${1#"$source"}
    mount -t nfs4 -o "sec=sys,addr=${source%%:*},clientaddr=0.0.0.0$options" "$source" /mnt ||
        echo "STEEL-LAB cannot mount $source"
    for folder in proc sys dev; do mount --move "/$folder" "/mnt/$folder"; done
    exec switch_root /mnt /sbin/init
}

root=$(sed -n 's,^\([^ ]*\) / nfs4 .*,\1,p' /proc/mounts | tail -n 1)
if [ -n "$root" ]; then
    what="NFS root=$root"
    echo "booted $(cat /proc/sys/kernel/random/boot_id)" >>/steel-lab-boots
    sync
else
    load order
    nfsroot=$(sed -n 's/.*\bnfsroot=\([^ ]*\).*/\1/p' /proc/cmdline)
    [ -z "$nfsroot" ] || start_from_nfs "$nfsroot"
fi

# The first block device that has a label (ext4, ISO 9660 and FAT keep it in their first 34 KiB).
find_label() {
    for device in /sys/class/block/*; do
        device=${device##*/}
        if head -c 34816 "/dev/$device" 2>/dev/null | grep -aqi "$1"; then
            echo "$device"
            return
        fi
    done
}

# The disk with the partition that tools/make-image or the lab's volume labels so; its serial number or WWN, where it
# has one.
tell_disk() {
    partition=$(find_label 'steel-\(tiny\|lab  \)')
    [ -n "$partition" ] || return
    disk=$(readlink -f "/sys/class/block/$partition/..")
    [ -b "/dev/${disk##*/}" ] || disk=/sys/class/block/$partition
    for fact in "$disk/wwid" "$disk/device/wwid" "$disk/serial"; do
        [ -s "$fact" ] || continue
        echo "STEEL-LAB disk ${disk##*/} id=$(tr -d ' ' <"$fact")"
        return
    done
    echo "STEEL-LAB disk ${disk##*/}"
}

# What a config drive says: its metadata and how much else there is, as OpenStack lays them out.
tell_config_drive() {
    drive=$(find_label config-2)
    [ -n "$drive" ] || return
    load config-drive
    mount -o ro -t iso9660 "/dev/$drive" /mnt 2>/dev/null || mount -o ro -t vfat "/dev/$drive" /mnt || return
    echo "STEEL-LAB config drive $drive: $(tr -d '\n' </mnt/openstack/latest/meta_data.json)"
    for file in user_data network_data.json vendor_data2.json; do
        [ -s "/mnt/openstack/latest/$file" ] || continue
        echo "STEEL-LAB config drive has $file, $(wc -c <"/mnt/openstack/latest/$file") bytes"
    done
    umount /mnt
}

# The LUN as the iBFT has it: eight bytes in hexadecimal without padding, the number in the second one.
lun_number() {
    hex=$(cat "$1")
    hex=${hex#0}
    echo $((0x${hex%000000}))
}

firmware=bios
[ -d /sys/firmware/efi ] && firmware=uefi
ibft=/sys/firmware/ibft
for target in $ibft/target*; do
    [ -r "$target/target-name" ] || continue
    what="iSCSI target=$(cat "$target/target-name") lun=$(lun_number "$target/lun")"
    what="$what portal=$(cat "$target/ip-addr"):$(cat "$target/port")"
    [ -r $ibft/initiator/initiator-name ] && what="$what initiator=$(cat $ibft/initiator/initiator-name)"
    [ -r "$target/chap-name" ] && what="$what chap-user=$(cat "$target/chap-name")"
    break
done

# acpid would do more, but the only thing that can happen here is the button.
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\necho "STEEL-LAB power button: shutting down"\nsync\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080

# Starts acpid and waits until it has opened the button: one that is pressed before is lost.
listen() {
    acpid -f -l /dev/ttyS0 &
    acpid=$!
    tries=0
    until ls -l "/proc/$acpid/fd" 2>/dev/null | grep -q /dev/input/; do
        tries=$((tries + 1))
        [ "$tries" -lt 1000 ] || break
        usleep 10000
    done
}
listen

mac=$(cat /sys/class/net/e*/address 2>/dev/null | head -n 1)
uptime=$(cut -d ' ' -f 1 /proc/uptime)
echo
echo "STEEL-LAB guest is up: booted from ${what:-local disk} firmware=$firmware mac=${mac:-none} uptime=$uptime"
tell_disk
tell_config_drive
echo "STEEL-LAB press the power button (ipmitool power soft) to shut down"

while :; do
    wait "$acpid"
    echo "STEEL-LAB acpid ended, starting it again"
    sleep 1
    listen
done
