#!/bin/sh
# /init of the deploy ramdisk: drivers, network, agent. The agent switches the machine off or restarts it by itself.
# SPDX-License-Identifier: Apache-2.0
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
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
    insmod "/lib/modules/$module.ko" || echo "STEEL-RAMDISK cannot load module $module"
done </lib/modules/order
if [ -d /sys/firmware/efi ]; then mount -t efivarfs efivarfs /sys/firmware/efi/efivars; fi

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
for card in $cards; do
    ip link set "$card" up
    # Goes on asking in the background where nobody answers at once.
    udhcpc -b -i "$card" -s /etc/udhcpc.script -t 4 -T 2 -A 5 >/dev/null 2>&1 &
done
wait
for card in $cards; do
    echo "STEEL-RAMDISK $card has $(ip -4 -o addr show dev "$card" | sed 's/.*inet \([^ ]*\).*/\1/') at $(now) s"
done

# The power button, which a BMC presses for "power soft".
mkdir -p /etc/acpi/PWRF
printf '#!/bin/sh\nsync\npoweroff -f\n' >/etc/acpi/PWRF/00000080
chmod 755 /etc/acpi/PWRF/00000080
acpid -f -l /dev/null 2>/dev/null &

touch /var/log/steel-agent.log
tail -f /var/log/steel-agent.log &
while :; do
    echo "STEEL-RAMDISK starts the agent at $(now) s"
    steel-agent --log /var/log/steel-agent.log
    status=$?
    if [ "$status" = 0 ]; then break; fi
    echo "STEEL-RAMDISK the agent has ended with status $status, again in 5 s"
    sleep 5
done
# A rescue system: the machine is its user's until it is switched off.
echo "STEEL-RAMDISK is ready for its user"
while :; do sleep 3600; done
