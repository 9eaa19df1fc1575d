#!/bin/sh
# /init of the deploy ramdisk: drivers, network, agent. The agent switches the machine off or restarts it by itself.
# SPDX-License-Identifier: Apache-2.0
export PATH=/usr/bin:/usr/sbin:/bin:/sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=0755 tmpfs /run
# Without a console= the kernel may have none: then nothing is said, and all goes on.
if (: </dev/console) 2>/dev/null; then exec </dev/console >/dev/console 2>&1; else exec </dev/null >/dev/null 2>&1; fi
now() { cut -d ' ' -f 1 /proc/uptime; }
echo "STEEL-RAMDISK kernel $(uname -r), init at $(now) s"

while read -r module; do
    if [ "$module" = efivarfs ] && ! [ -d /sys/firmware/efi ]; then continue; fi
    insmod "/lib/modules/$(uname -r)/$module.ko" 2>/dev/null || echo "STEEL-RAMDISK cannot load module $module"
done </lib/modules/order
# Drivers of what is there, of what that brings with it, and of what is found later.
if grep -q '^alias pci:' "/lib/modules/$(uname -r)/modules.alias"; then
    uevent /sbin/load-driver >/dev/null 2>&1 &
    for _ in 1 2 3; do
        find /sys/devices -name modalias -exec cat {} + | sort -u | tr '\n' '\0' | xargs -0 modprobe -a -b -q 2>/dev/null
    done
fi
mount -t configfs configfs /sys/kernel/config # for iSCSI targets
if [ -d /sys/firmware/efi ]; then mount -t efivarfs efivarfs /sys/firmware/efi/efivars; fi

# What virtual media have for us. A medium beside the one that was booted has the agent's parameters; USB takes a while to show it.
parameters=
network_data=
if grep -q boot_method=vmedia /proc/cmdline; then
    mkdir -p /run/media
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        device=$(findfs LABEL=ir-vfd-dev 2>/dev/null || findfs LABEL=IR-VFD-DEV 2>/dev/null)
        if [ -n "$device" ]; then break; fi
        sleep 1
    done
    if [ -n "$device" ] && mount -r -t vfat "$device" /run/media; then
        if [ -f /run/media/parameters.txt ]; then
            (umask 077 && cp /run/media/parameters.txt /run/steel-agent.parameters)
            parameters="--parameters /run/steel-agent.parameters"
        fi
        if [ -f /run/media/network_data.json ]; then
            cp /run/media/network_data.json /run/network_data.json
            network_data=/run/network_data.json
        fi
        umount /run/media
    fi
    [ -n "$parameters" ] || echo "STEEL-RAMDISK found no parameters for the agent on a medium called ir-vfd-dev"
fi
# A disc in a drive, or a stick: what lies on the machine's own disks may be the last user's.
find_disc() {
    for path in /sys/block/*; do
        case ${path##*/} in
        sr*) ;;
        *) [ "$(cat "$path/removable")" = 1 ] || continue ;;
        esac
        # The name of a volume of ISO 9660 is at byte 32808.
        [ "$(dd if="/dev/${path##*/}" bs=8 skip=4101 count=1 2>/dev/null)" = config-2 ] || continue
        mount -r -t iso9660 "/dev/${path##*/}" /run/media 2>/dev/null || continue
        if [ -f /run/media/openstack/latest/network_data.json ]; then
            cp /run/media/openstack/latest/network_data.json /run/network_data.json
        fi
        umount /run/media
        if [ -f /run/network_data.json ]; then return 0; fi
    done
    return 1
}
if [ -z "$network_data" ] && cat /proc/cmdline /run/steel-agent.parameters 2>/dev/null | grep -q steel-network-data=1; then
    mkdir -p /run/media
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        if find_disc; then
            network_data=/run/network_data.json
            break
        fi
        sleep 1
    done
    [ -n "$network_data" ] || echo "STEEL-RAMDISK found no disc called config-2 with network_data.json"
fi

# The card that the machine booted from, 01-aa-bb-cc-dd-ee-ff on the command line; without one all of them.
wanted=$(sed -n 's/.*BOOTIF=01-\([0-9a-fA-F-]*\).*/\1/p' /proc/cmdline | tr - : | tr A-F a-f)
ip link set lo up
cards=
for try in 1 2 3 4 5 6 7 8 9 10; do
    for path in /sys/class/net/*; do
        [ -e "$path/device" ] || continue
        if [ -z "$wanted" ] || [ "$(cat "$path/address")" = "$wanted" ]; then cards="$cards ${path##*/}"; fi
    done
    [ -z "$cards" ] || break
    [ "$try" = 10 ] && wanted=
    sleep 1
done
ask_by_dhcp() {
    asking=
    for card in $cards; do
        ip link set "$card" up
        # Goes on asking in the background where nobody answers at once.
        udhcpc -b -i "$card" -s /etc/udhcpc.script -t 4 -T 2 -A 5 >/dev/null 2>&1 &
        asking="$asking $!"
    done
    # shellcheck disable=SC2086 # a list
    [ -z "$asking" ] || wait $asking
}
# Without DHCP where somebody has written down what the network is.
if [ -n "$network_data" ] && steel-agent --network "$network_data"; then
    cards=$(ls /sys/class/net)
    echo "STEEL-RAMDISK has set the network up by network_data.json"
else
    ask_by_dhcp
fi
for card in $cards; do
    address=$(ip -4 -o addr show dev "$card" scope global | sed 's/.*inet \([^ ]*\).*/\1/')
    [ "$card" = lo ] || echo "STEEL-RAMDISK $card has $address at $(now) s"
done

# The power button, which a BMC presses for "power soft".
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\nsync\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080
acpid -f -l /dev/null 2>/dev/null &

# Who has a key of those that were built in may look at what happens.
if [ -x /usr/sbin/dropbear ] && [ -f /root/.ssh/authorized_keys ]; then
    chmod 700 /root /root/.ssh
    dropbear -R -s -j -k -E 2>/dev/null
fi

touch /var/log/steel-agent.log
tail -f /var/log/steel-agent.log &
while :; do
    echo "STEEL-RAMDISK starts the agent at $(now) s"
    # shellcheck disable=SC2086 # two words or none
    steel-agent --log /var/log/steel-agent.log $parameters
    status=$?
    if [ "$status" = 0 ]; then break; fi
    # Locked down: nobody reaches this machine any more, and it waits to be switched off.
    if [ "$status" = 12 ]; then
        for path in /sys/class/net/*; do ip link set "${path##*/}" down; done
        echo "STEEL-RAMDISK is locked down"
        while :; do sleep 3600; done
    fi
    echo "STEEL-RAMDISK the agent has ended with status $status, again in 5 s"
    sleep 5
done
# A rescue system: the machine is its user's until it is switched off. They log in as rescue, with the password of the rescue.
secret=/etc/ipa-rescue-config/ipa-rescue-password
if [ -f "$secret" ]; then
    printf 'root:x:0:0:root:/root:/bin/sh\nrescue:x:0:0:rescue:/root:/bin/sh\n' >/etc/passwd
    printf 'root:x:0:\n' >/etc/group
    # Without the day of the last change the login refuses the password.
    (umask 077 && printf 'root:*:1::::::\nrescue:%s:1::::::\n' "$(cat "$secret")" >/etc/shadow)
    mkdir -p /root
    for console in $(cat /sys/class/tty/console/active); do
        (while :; do setsid /bin/getty 115200 "$console" linux; sleep 1; done) &
    done
fi
echo "STEEL-RAMDISK is ready for its user"
while :; do sleep 3600; done
