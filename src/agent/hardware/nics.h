/* Lists network interfaces from sysfs. root: the folder that holds /sys.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

/* Physical devices, VLANs and bonds, as Ironic's inventory has them; a new reference:
 *     [{"name", "mac_address", "ipv4_address", "ipv6_address", "has_carrier", "lldp": null or
 *     [[type, "hex"], ...],
 *     "vendor", "product", "client_id",
 *       "biosdevname", "speed_mbps"}] */
json_t *nics_list(const char *root);

/* Listens for LLDP and puts it into such a list: "lldp" is then a list, also where nothing was
 * heard. Blocks for up to the time; `stop` ends it. */
void nics_add_lldp(json_t *list, int64_t timeout_ms, const atomic_bool *stop);

/* Their MACs, separated by commas; the caller frees. */
char *nics_addresses(const char *root);
