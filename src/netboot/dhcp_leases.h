/* Finds the MAC address to which a DHCP server has leased an IP address, in dnsmasq's lease file.
 * It has a line for each lease:
 *
 *     1796082600 52:54:00:12:34:56 192.0.2.44 node-4 01:52:54:00:12:34:56
 *
 * the end of the lease (seconds since 1970; 0: never), the MAC address, the IP address, the host's
 * name or *, the client's id or *. Lines of IPv6 leases have no MAC address and are ignored, as are
 * all other lines.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "netboot/boot_request.h"

/* The MAC address that holds an IP address now, "" if none does. Pure.
 *
 * now_s  of the wall clock, as in the file */
void dhcp_lease_read(const char *text, size_t size, const HttpAddress *address, int64_t now_s,
                     char mac[MAC_TEXT_SIZE]);

/* The same from a file of at most 16 MiB. IO naming the file. */
bool dhcp_lease_find(const char *path, const HttpAddress *address, char mac[MAC_TEXT_SIZE],
                     GError **error);
