/* For machines whose boot order is fixed: network first, then disk. Boot devices are accepted and
 * ignored.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

static bool
noop_management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    (void)task, (void)device, (void)persistent, (void)error;
    return true;
}

static bool
noop_management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    (void)task, (void)error;
    *device = (BootDevice){.device = "pxe", .persistent = 1};
    return true;
}

static const char *const boot_devices[] = {"pxe", "disk", NULL};

const ManagementOps management_noop = {
    .interface = {.name = "noop"},
    .boot_devices = boot_devices,
    .set_boot_device = noop_management_set_boot_device,
    .get_boot_device = noop_management_get_boot_device,
};
