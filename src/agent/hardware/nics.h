/* Lists network interfaces from sysfs. root: the folder that holds /sys.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>

/* Physical devices, VLANs and bonds, as Ironic's inventory has them; a new reference:
 *     [{"name", "mac_address", "ipv4_address", "ipv6_address", "has_carrier", "lldp": null,
 *     "vendor", "product", "client_id",
 *       "biosdevname", "speed_mbps"}] */
json_t *nics_list(const char *root);

/* Their MACs, separated by commas; the caller frees. */
char *nics_addresses(const char *root);
