/* What a BMC tells over Redfish, in the form of an agent's inventory, so that rules, and clients of
 * /v1/nodes/{node}/inventory, read one form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/inventory.h"

/* A new object: "cpu", "memory", "disks", "interfaces", "storage_controllers", "pci_devices",
 * "system_vendor", "boot"; of a part that is not told, its member is absent. Pure.
 *
 * architecture  what is known of it if the processor does not tell; NULL: nothing */
json_t *redfish_findings(const RedfishSystem *system, const RedfishInventory *inventory,
                         const char *architecture);

/* What its ports have heard from their switches: {"parsed_lldp": {port: {"switch_chassis_id",
 * "switch_port_id", "switch_system_name", "switch_system_description", "switch_vlan_id"}}}, each
 * part where it is told. A new reference. */
json_t *redfish_plugin_data(const RedfishInventory *inventory);
