/* Which firmware a machine has, as its BMC tells. For workers, with the errors of resource.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"

/* The BIOS, the BMC and the network adapters: an array of {"component": "bios", "bmc" or
 * "nic:<serial number or id>", "current_version": str, "vendor", "model", "serial_number": str or
 * null}, a new reference; empty if nothing is told. Adapters that cannot be read are left out. NULL
 * with an error only if the manager cannot be reached. */
json_t *redfish_firmware_components(const RedfishBmc *bmc, const RedfishSystem *system,
                                    GError **error);
