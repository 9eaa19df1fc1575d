/* Boot device, boot mode, secure boot, NMI, indicators and maker of machines behind Redfish.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

#include "bmc/redfish/sensors.h"
#include "common/log.h"
#include "drivers/management/redfish_boot.h"
#include "drivers/management/redfish_firmware.h"
#include "drivers/management/redfish_indicators.h"
#include "drivers/management/redfish_media_drives.h"
#include "drivers/redfish_node.h"

#include <string.h>

static bool
redfish_management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error) &&
           redfish_boot_set(task, &visit, device, persistent, error);
}

/* Once a one-time override is used, BMCs report it as Disabled, with whatever target. */
static bool
redfish_management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error)) {
        g_prefix_error(error, "reading the boot device: ");
        return false;
    }
    const RedfishBoot boot = redfish_system_boot(&visit.system);
    const char *name = redfish_boot_device(boot.target);
    *device = (BootDevice){.persistent = -1};
    if (name != NULL)
        g_strlcpy(device->device, name, sizeof device->device);
    if (g_strcmp0(boot.enabled, "Continuous") == 0)
        device->persistent = 1;
    else if (g_strcmp0(boot.enabled, "Once") == 0)
        device->persistent = 0;
    return true;
}

/* A system without a mode in its boot section cannot have it set; deploys go on without it. */
static bool
redfish_management_set_boot_mode(Task *task, const char *mode, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_autoptr(GError) refusal = NULL;
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    const RedfishBoot wanted = {.mode = redfish_boot_mode(mode)};
    if (redfish_system_set_boot(&visit.bmc, &visit.system, &wanted, &refusal))
        return true;
    if (redfish_system_boot(&visit.system).mode == NULL &&
        steel_error_is(refusal, STEEL_ERROR_BMC_REFUSED))
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "the BMC does not let the boot mode be set: %s", refusal->message);
    g_propagate_prefixed_error(error, g_steal_pointer(&refusal),
                               "setting the boot mode to %s: ", mode);
    return false;
}

static bool
redfish_management_get_boot_mode(Task *task, const char **mode, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    *mode = NULL;
    for (const char *const *known = redfish_boot_modes; *known != NULL; known++)
        if (g_strcmp0(redfish_system_boot(&visit.system).mode, redfish_boot_mode(*known)) == 0)
            *mode = *known;
    return true;
}

static bool
redfish_management_get_secure_boot(Task *task, bool *on, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error) &&
           redfish_secure_boot_get(&visit.bmc, &visit.system, on, error);
}

static bool
redfish_management_set_secure_boot(Task *task, bool on, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    bool is_on = false;
    if (!redfish_visit_begin(task, &visit, error) ||
        !redfish_secure_boot_get(&visit.bmc, &visit.system, &is_on, error))
        return false;
    if (is_on == on)
        return true;
    if (g_strcmp0(redfish_system_boot(&visit.system).mode, "Legacy") == 0)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "secure boot needs boot mode uefi, and the machine boots by bios; set "
                          "the boot mode first");
    return redfish_secure_boot_set(&visit.bmc, &visit.system, on, error);
}

static bool
redfish_management_inject_nmi(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (redfish_visit_begin(task, &visit, error) &&
        redfish_system_reset(&visit.bmc, &visit.system, "Nmi", error))
        return true;
    g_prefix_error(error, "injecting an NMI: ");
    return false;
}

static char *
redfish_management_detect_vendor(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return NULL;
    return g_strdup(json_string_member(visit.system.document, "Manufacturer"));
}

static json_t *
redfish_management_get_sensors(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return redfish_visit_begin(task, &visit, error)
               ? redfish_sensors_read(&visit.bmc, &visit.system, error)
               : NULL;
}

/* ---- steps ---- */

static StepOutcome
reset_keys(Task *task, const char *keys, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    return step_ended(redfish_visit_begin(task, &visit, error) &&
                      redfish_secure_boot_reset_keys(&visit.bmc, &visit.system, keys, error));
}

static StepOutcome
redfish_management_keys_to_default(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return reset_keys(task, "ResetAllKeysToDefault", error);
}

static StepOutcome
redfish_management_clear_keys(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return reset_keys(task, "DeleteAllKeys", error);
}

#define FIRMWARE_ARGUMENTS                                                                         \
    "{\"firmware_images\": {\"description\": \"A list of firmware images to apply: objects with "  \
    "url, checksum and, if wanted, wait (seconds) and source (http or local)\", \"required\": "    \
    "true}}"

static const StepDef clean_steps[] = {
    {.name = "update_firmware",
     .requires_ramdisk = true,
     .run = redfish_firmware_run,
     .resume = redfish_firmware_resume,
     .arguments = FIRMWARE_ARGUMENTS},
    {.name = "reset_secure_boot_keys_to_default", .run = redfish_management_keys_to_default},
    {.name = "clear_secure_boot_keys", .run = redfish_management_clear_keys},
    {0},
};

static const StepDef deploy_steps[] = {
    {.name = "reset_secure_boot_keys_to_default", .run = redfish_management_keys_to_default},
    {.name = "clear_secure_boot_keys", .run = redfish_management_clear_keys},
    {0},
};

const ManagementOps management_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .validate = redfish_node_validate,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps,
                            [STEP_KIND_DEPLOY] = deploy_steps,
                            [STEP_KIND_SERVICE] = clean_steps}},
    .boot_devices = redfish_boot_devices,
    .set_boot_device = redfish_management_set_boot_device,
    .get_boot_device = redfish_management_get_boot_device,
    .boot_modes = redfish_boot_modes,
    .set_boot_mode = redfish_management_set_boot_mode,
    .set_secure_boot = redfish_management_set_secure_boot,
    .get_boot_mode = redfish_management_get_boot_mode,
    .get_secure_boot = redfish_management_get_secure_boot,
    .inject_nmi = redfish_management_inject_nmi,
    .supported_indicators = redfish_indicators_list,
    .get_indicator = redfish_indicators_get,
    .set_indicator = redfish_indicators_set,
    .detect_vendor = redfish_management_detect_vendor,
    .get_sensors = redfish_management_get_sensors,
    .get_virtual_media = redfish_drives_get,
    .attach_virtual_media = redfish_drives_attach,
    .detach_virtual_media = redfish_drives_detach,
};
