/* Boot devices over Redfish; the contract is in redfish_boot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/redfish_boot.h"

#include "common/config.h"
#include "common/log.h"
#include "model/capabilities.h"
#include "model/internal_info.h"

#include <string.h>

const char *const redfish_boot_devices[] = {"pxe", "disk", "cdrom", "bios", "uefihttp", NULL};
const char *const redfish_boot_modes[] = {"uefi", "bios", NULL};

typedef struct Pair {
    const char *ours, *redfish;
} Pair;

/* UsbCd is how some makers name inserted media. */
static const Pair device_pairs[] = {{"pxe", "Pxe"},           {"disk", "Hdd"},
                                    {"cdrom", "Cd"},          {"bios", "BiosSetup"},
                                    {"uefihttp", "UefiHttp"}, {"cdrom", "UsbCd"}};
static const Pair mode_pairs[] = {{"uefi", "UEFI"}, {"bios", "Legacy"}};

const char *
redfish_boot_target(const char *device)
{
    for (size_t i = 0; i < G_N_ELEMENTS(device_pairs); i++)
        if (strcmp(device_pairs[i].ours, device) == 0)
            return device_pairs[i].redfish;
    return NULL;
}

const char *
redfish_boot_device(const char *target)
{
    for (size_t i = 0; target != NULL && i < G_N_ELEMENTS(device_pairs); i++)
        if (strcmp(device_pairs[i].redfish, target) == 0)
            return device_pairs[i].ours;
    return NULL;
}

const char *
redfish_boot_mode(const char *mode)
{
    for (size_t i = 0; i < G_N_ELEMENTS(mode_pairs); i++)
        if (strcmp(mode_pairs[i].ours, mode) == 0)
            return mode_pairs[i].redfish;
    return NULL;
}

/* How long the override is to hold: some BMCs refuse the value that they have, others want it each
 * time. NULL: it stays as it is. */
static const char *
enabled_to_send(const RedfishVisit *visit, bool persistent)
{
    const char *wanted = persistent ? "Continuous" : "Once";
    const char *now = redfish_system_boot(&visit->system).enabled;
    bool always = (visit->system.quirks & REDFISH_QUIRK_ALWAYS_ENABLED) != 0;
    return always || g_strcmp0(now, wanted) != 0 ? wanted : NULL;
}

static bool
remember(Task *task, const char *device, GError **error)
{
    log_warning("drivers.redfish",
                "the BMC refuses to keep boot device %s: it is set again before each power on",
                device);
    info_set_text(task->node, INFO_REDFISH_BOOT_DEVICE, device);
    return task_save(task, error);
}

/* The mode is part of the override: Supermicro's goes back to its default with each device. */
static bool
keep_mode(const Task *task, RedfishVisit *visit, GError **error)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    const RedfishBoot boot = {.mode =
                                  redfish_boot_mode(capability_boot_mode(task->node, standard))};
    if ((visit->system.quirks & REDFISH_QUIRK_SYNC_BOOT_MODE) == 0)
        return true;
    return redfish_system_set_boot(&visit->bmc, &visit->system, &boot, error);
}

static bool
set_target(Task *task, RedfishVisit *visit, const char *device, bool persistent, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    RedfishBoot boot = {.target = redfish_boot_target(device),
                        .enabled = enabled_to_send(visit, persistent)};
    if (redfish_system_set_boot(&visit->bmc, &visit->system, &boot, &refusal))
        return keep_mode(task, visit, error);
    if (!persistent || boot.enabled == NULL || !steel_error_is(refusal, STEEL_ERROR_BMC_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return false;
    }
    boot.enabled = "Once";
    return redfish_system_set_boot(&visit->bmc, &visit->system, &boot, error) &&
           keep_mode(task, visit, error) && remember(task, device, error);
}

bool
redfish_boot_set(Task *task, RedfishVisit *visit, const char *device, bool persistent,
                 GError **error)
{
    if (info_remove(task->node, INFO_REDFISH_BOOT_DEVICE) && !task_save(task, error))
        return false;
    if (set_target(task, visit, device, persistent, error))
        return true;
    g_prefix_error(error, "setting the boot device to %s: ", device);
    return false;
}

bool
redfish_boot_restore(Task *task, RedfishVisit *visit, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    const char *device = info_text(task->node, INFO_REDFISH_BOOT_DEVICE);
    if (device == NULL || set_target(task, visit, device, false, &refusal))
        return true;
    if (!steel_error_is(refusal, STEEL_ERROR_BMC_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return false;
    }
    log_warning("drivers.redfish",
                "boot device %s cannot be set again, the machine boots in its own order: %s",
                device, refusal->message);
    return true;
}
