/* The MAC addresses that the kernel knows for an IP address: its neighbour table (ARP, IPv6
 * neighbour discovery), read over netlink.
 *
 * Every client on the same link is in it. Addresses behind a router and loopback addresses are not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "netboot/boot_request.h"

/* An address may be known on several links. */
#define NEIGHBOUR_LIMIT 4

typedef struct Neighbours {
    unsigned count;
    char macs[NEIGHBOUR_LIMIT][MAC_TEXT_SIZE]; /* aa:bb:cc:dd:ee:ff */
} Neighbours;

/* Asks the kernel; takes some milliseconds at most. Any thread. False with IO if it does not
 * answer. */
bool neighbours_find(const HttpAddress *address, Neighbours *out, GError **error);

/* Reads one answer of the kernel: NEWNEIGH messages, as recv(2) gives them. Entries of other
 * addresses, and of neighbours that were not reached, are ignored.
 *
 * data   aligned to 4 bytes; may end anywhere
 * Returns true if it is the last one. Pure. */
bool neighbours_read(const void *data, size_t size, const HttpAddress *address, Neighbours *out);
