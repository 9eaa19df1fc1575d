/* What an inspection driver must do: learn the machine's properties.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct InspectOps {
    Interface interface;
    /* Starts, or does, the inspection. STEP_DONE: properties are set; STEP_WAIT: the agent will call. */
    StepResult (*inspect)(Task *task, GError **error);
    bool (*abort)(Task *task, GError **error); /* NULL: UNSUPPORTED */
} InspectOps;

/* What the node's driver does, as its members say. UNSUPPORTED where the driver has none. */
StepResult inspect_hardware(Task *task, GError **error);
bool inspect_abort(Task *task, GError **error);
