/* Calls a node's management driver; the contract is in management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

#include "drivers/unsupported.h"

#include <string.h>

static bool
unsupported(Task *task, const char *what, GError **error)
{
    return interface_unsupported(task, INTERFACE_MANAGEMENT, what, error);
}

/* INVALID names the valid words. */
static bool
check_word(const char *const *words, const char *kind, const char *word, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (; *words != NULL; words++) {
        if (strcmp(*words, word) == 0)
            return true;
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", *words);
    }
    return steel_fail(error, STEEL_ERROR_INVALID, "invalid %s '%.40s'; it may be: %s", kind, word,
                      known->str);
}

bool
management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->set_boot_device == NULL || management->boot_devices == NULL)
        return unsupported(task, "setting the boot device", error);
    return check_word(management->boot_devices, "boot device", device, error) &&
           management->set_boot_device(task, device, persistent, error);
}

bool
management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->get_boot_device == NULL)
        return unsupported(task, "reading the boot device", error);
    return management->get_boot_device(task, device, error);
}

bool
management_set_boot_mode(Task *task, const char *mode, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->set_boot_mode == NULL || management->boot_modes == NULL)
        return unsupported(task, "setting the boot mode", error);
    return check_word(management->boot_modes, "boot mode", mode, error) &&
           management->set_boot_mode(task, mode, error);
}

bool
management_set_secure_boot(Task *task, bool on, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->set_secure_boot == NULL)
        return unsupported(task, "setting secure boot", error);
    return management->set_secure_boot(task, on, error);
}

bool
management_inject_nmi(Task *task, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->inject_nmi == NULL)
        return unsupported(task, "injecting an NMI", error);
    return management->inject_nmi(task, error);
}

bool
management_set_iscsi_boot_target(Task *task, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->set_iscsi_boot_target == NULL)
        return unsupported(task, "booting iSCSI volumes by the machine's firmware", error);
    return management->set_iscsi_boot_target(task, error);
}

bool
management_clear_iscsi_boot_target(Task *task, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->clear_iscsi_boot_target == NULL)
        return unsupported(task, "booting iSCSI volumes by the machine's firmware", error);
    return management->clear_iscsi_boot_target(task, error);
}

json_t *
management_get_sensors(Task *task, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->get_sensors != NULL)
        return management->get_sensors(task, error);
    unsupported(task, "reading sensors", error);
    return NULL;
}

json_t *
management_supported_indicators(Task *task, const char *component, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->supported_indicators != NULL)
        return management->supported_indicators(task, component, error);
    unsupported(task, "indicators", error);
    return NULL;
}

char *
management_get_indicator(Task *task, const char *component, const char *indicator, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->get_indicator != NULL)
        return management->get_indicator(task, component, indicator, error);
    unsupported(task, "reading indicators", error);
    return NULL;
}

bool
management_set_indicator(Task *task, const char *component, const char *indicator,
                         const char *state, GError **error)
{
    const ManagementOps *management = task->driver.management;
    if (management->set_indicator == NULL)
        return unsupported(task, "setting indicators", error);
    return management->set_indicator(task, component, indicator, state, error);
}

json_t *
management_get_virtual_media(Task *task, GError **error)
{
    const ManagementOps *ops = task->driver.management;
    if (ops->get_virtual_media != NULL)
        return ops->get_virtual_media(task, error);
    interface_unsupported(task, INTERFACE_MANAGEMENT, "get_virtual_media", error);
    return NULL;
}

bool
management_attach_virtual_media(Task *task, const char *device, const char *url, GError **error)
{
    const ManagementOps *ops = task->driver.management;
    return ops->attach_virtual_media != NULL
               ? ops->attach_virtual_media(task, device, url, error)
               : interface_unsupported(task, INTERFACE_MANAGEMENT, "attach_virtual_media", error);
}

bool
management_detach_virtual_media(Task *task, const char *device, GError **error)
{
    const ManagementOps *ops = task->driver.management;
    return ops->detach_virtual_media != NULL
               ? ops->detach_virtual_media(task, device, error)
               : interface_unsupported(task, INTERFACE_MANAGEMENT, "detach_virtual_media", error);
}
