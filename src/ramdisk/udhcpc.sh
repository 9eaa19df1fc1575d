#!/bin/sh
# What udhcpc has learnt, set up: address, routes, name servers.
# SPDX-License-Identifier: Apache-2.0
case $1 in
deconfig)
    ip -4 addr flush dev "$interface"
    ;;
bound | renew)
    ip -4 addr replace "$ip/${mask:-24}" dev "$interface"
    metric=100
    for gateway in $router; do
        ip -4 route replace default via "$gateway" dev "$interface" metric "$metric"
        metric=$((metric + 1))
    done
    : >/etc/resolv.conf
    [ -z "$domain" ] || echo "search $domain" >>/etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
    ;;
esac
exit 0
