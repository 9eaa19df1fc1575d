/* The virtual drives of machines behind Redfish; the members of ManagementOps have their contracts
 * in management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/management/management.h"

json_t *redfish_drives_get(Task *task, GError **error);
bool redfish_drives_attach(Task *task, const char *device, const char *url, GError **error);
bool redfish_drives_detach(Task *task, const char *device, GError **error);
