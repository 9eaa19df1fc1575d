/* What a rescue driver must do: boot the machine into a rescue system and back.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct RescueOps {
    Interface interface;
    StepResult (*rescue)(Task *task, GError **error); /* STEP_DONE, or STEP_WAIT for the agent */
    StepResult (*unrescue)(Task *task, GError **error);
    bool (*clean_up)(Task *task, GError **error); /* NULL: nothing to do */
} RescueOps;

/* What the node's driver does: its rescue, unrescue, clean_up. UNSUPPORTED where it has none of the first two; true, and
 * nothing is done, without the third. */
StepResult rescue_start(Task *task, GError **error);
StepResult rescue_end(Task *task, GError **error);
bool rescue_clean_up(Task *task, GError **error);
