/* The steps of simulated agents, one table. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machine.h"

typedef enum StepTime { STEP_TAKES_NOTHING, STEP_TAKES_WRITE, STEP_TAKES_CLEAN } StepTime;

typedef struct FleetStep {
    const char *name, *interface;
    int clean_priority, deploy_priority, service_priority; /* -1: no such step */
    StepTime takes;
    MachineEffect effect;
    const char *phase; /* of its progress */
} FleetStep;

typedef enum FleetUse { FLEET_CLEAN, FLEET_DEPLOY, FLEET_SERVICE } FleetUse;

/* {"clean_steps" (or "deploy_steps", "service_steps"): {MANAGER: [...]},
 *  "hardware_manager_version": {...}}, a new object. */
json_t *fleet_steps_json(FleetUse use);

/* NULL: there is no step of this name. */
const FleetStep *fleet_step_find(const char *name);
