/* Boot devices of machines behind Redfish, for the management, power and boot interfaces.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/redfish_node.h"

/* Words of the API, NULL-terminated. */
extern const char *const redfish_boot_devices[];
extern const char *const redfish_boot_modes[];

/* Redfish's word for a boot device ("Cd") and for a boot mode ("UEFI"), and back; NULL: unknown. */
const char *redfish_boot_target(const char *device);
const char *redfish_boot_device(const char *target);
const char *redfish_boot_mode(const char *mode);

/* Sets the device. A BMC that refuses to keep it gets it for one boot, and the node remembers it
 * for the following ones. From a worker, with the exclusive lock.
 *
 * device  of redfish_boot_devices */
bool redfish_boot_set(Task *task, RedfishVisit *visit, const char *device, bool persistent,
                      GError **error);

/* Sets the remembered device again, before the machine is switched on; the BMC's refusal is logged,
 * and the machine boots in the order that it has. */
bool redfish_boot_restore(Task *task, RedfishVisit *visit, GError **error);
