/* Rules for the network fields of nodes and ports that hold JSON. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* Where OVN's gateway has a port; both or neither. */
#define LINK_VTEP_LOGICAL "vtep-logical-switch"
#define LINK_VTEP_PHYSICAL "vtep-physical-switch"

/* A port's local_link_connection: {} or {"switch_id": MAC address or OpenFlow datapath id ("0x" and
 * 16 hexadecimal digits), "port_id": str, "switch_info": str, "hostname": str, "network_type":
 * "managed" or "unmanaged", and the two above}. It must have switch_id and port_id, or port_id and
 * hostname (a smart NIC), or port_id and the two above, or network_type unmanaged. switch_id is
 * written in lower case, with colons. INVALID names what is wrong. */
bool local_link_normalize(json_t *link, GError **error);

/* A node's network_data, in the form of the OpenStack metadata service's network_data.json: {} or
 * {"links": [], "networks": [], "services": []} whose items have their mandatory members. INVALID
 * names what is wrong. */
bool network_data_valid(const json_t *data, GError **error);
