/* Firmware of machines behind Redfish: its versions, and updates by the BMC's UpdateService.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware/firmware.h"

#include "bmc/redfish/firmware.h"
#include "common/log.h"
#include "drivers/firmware/settings.h"
#include "drivers/management/redfish_firmware.h"
#include "drivers/redfish_node.h"

static bool
redfish_firmware_cache(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    json_auto_t *components = redfish_firmware_components(&visit.bmc, &visit.system, error);
    if (components == NULL)
        return false;
    if (json_array_size(components) == 0)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "Cannot retrieve firmware for node %s: no supported components",
                          task->node->uuid);
    return firmware_store(task, components, error);
}

/* A BMC whose own firmware is new may not answer yet: the next look at the machine tells. */
static StepOutcome
told(Task *task, StepOutcome outcome)
{
    g_autoptr(GError) cause = NULL;
    if (outcome.result == STEP_DONE && !redfish_firmware_cache(task, &cause))
        log_warning("drivers.redfish",
                    "node %s: the firmware could not be read after its update: %s",
                    task->node->uuid, cause->message);
    return outcome;
}

static StepOutcome
redfish_firmware_step_update(Task *task, const json_t *args, GError **error)
{
    const json_t *settings = firmware_settings(args, error);
    return settings != NULL ? told(task, redfish_firmware_images_run(task, settings, error))
                            : step_failed();
}

static StepOutcome
redfish_firmware_resume_update(Task *task, const json_t *args, GError **error)
{
    const json_t *settings = firmware_settings(args, error);
    return settings != NULL ? told(task, redfish_firmware_images_resume(task, settings, error))
                            : step_failed();
}

#define UPDATE(ramdisk)                                                                            \
    {                                                                                              \
        .name = "update", .requires_ramdisk = (ramdisk), .run = redfish_firmware_step_update,      \
        .resume = redfish_firmware_resume_update, .arguments = FIRMWARE_SETTINGS_ARGUMENTS         \
    }

static const StepDef clean_steps[] = {UPDATE(true), {0}};
static const StepDef other_steps[] = {UPDATE(false), {0}};

const FirmwareOps firmware_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .validate = redfish_node_validate,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps,
                            [STEP_KIND_DEPLOY] = other_steps,
                            [STEP_KIND_SERVICE] = other_steps}},
    .cache = redfish_firmware_cache,
};
