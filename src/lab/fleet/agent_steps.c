/* Steps of simulated agents; the contract is in agent_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/agent_steps.h"

#include <string.h>

#define MANAGER "SimulatedHardwareManager"

/* Names, interfaces and priorities of steel-agent's steps. */
static const FleetStep steps[] = {
    {"erase_devices", "deploy", 10, -1, -1, STEP_TAKES_CLEAN, EFFECT_ERASED, "erase"},
    {"erase_devices_metadata", "deploy", 99, 0, -1, STEP_TAKES_CLEAN, EFFECT_ERASED, "wipe"},
    {"erase_devices_express", "deploy", 0, -1, -1, STEP_TAKES_CLEAN, EFFECT_ERASED, "erase"},
    {"create_configuration", "raid", 0, -1, 0, STEP_TAKES_CLEAN, EFFECT_ERASED, "raid"},
    {"delete_configuration", "raid", 0, -1, 0, STEP_TAKES_CLEAN, EFFECT_ERASED, "raid"},
    {"burnin_cpu", "deploy", 0, -1, 0, STEP_TAKES_CLEAN, EFFECT_NONE, "burn in"},
    {"write_image", "deploy", -1, 0, 0, STEP_TAKES_WRITE, EFFECT_WRITTEN, "write image"},
};

json_t *
fleet_steps_json(FleetUse use)
{
    static const char *const members[] = {"clean_steps", "deploy_steps", "service_steps"};
    json_t *list = json_array();
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        const FleetStep *step = &steps[i];
        int priority = use == FLEET_CLEAN    ? step->clean_priority
                       : use == FLEET_DEPLOY ? step->deploy_priority
                                             : step->service_priority;
        if (priority >= 0)
            json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:b, s:b}", "step", step->name,
                                                  "priority", priority, "interface",
                                                  step->interface, "reboot_requested", 0,
                                                  "abortable", use != FLEET_DEPLOY));
    }
    return json_pack("{s:{s:o}, s:{s:s}}", members[use], MANAGER, list, "hardware_manager_version",
                     MANAGER, STEEL_VERSION);
}

const FleetStep *
fleet_step_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
        if (strcmp(steps[i].name, name) == 0)
            return &steps[i];
    return NULL;
}
