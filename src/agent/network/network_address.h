/* Addresses as network_data.json writes them. Pure; any thread. SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* An IPv4 or IPv6 address, and nothing else. */
bool network_address_good(const char *text);
/* "52:54:00:01:02:03" */
bool network_mac_good(const char *text);

/* "192.0.2.1/24" from an address and its mask ("255.255.255.0", "24", "ffff:ffff::"), or from an
 * address that has its prefix already (mask NULL). NULL if it is neither. The caller frees. */
char *network_prefixed(const char *address, const char *mask);
