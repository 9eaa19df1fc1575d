/* What a switch says of itself by LLDP (IEEE 802.1AB), as agents list it: [[type, "<value in
 * hexadecimal digits>"], ...], of one interface.
 *
 * The values come from the wire: their lengths are checked, texts are made UTF-8, and what has
 * another form is left out. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>

/* Adds to a port's local_link_connection what it does not have: "switch_id" (where the switch is
 * named by a MAC address), "port_id", "switch_info" (its name). */
void lldp_link(const json_t *tlvs, json_t *link);

/* {"switch_chassis_id", "switch_port_id", "switch_port_description", "switch_system_name",
 * "switch_system_description", "switch_capabilities_support" and "switch_capabilities_enabled"
 * (words), "switch_mgmt_addresses", "switch_port_untagged_vlan_id", "switch_port_vlans" ([{"id",
 * "name"}]), "switch_port_mtu"}, what of it there is: Ironic's words. A new reference. */
json_t *lldp_read(const json_t *tlvs);
