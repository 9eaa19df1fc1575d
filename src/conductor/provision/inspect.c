/* inspecting: learns the machine's properties.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"
#include "conductor/provision/provision.h"
#include "drivers/power/power.h"

bool
inspect_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    (void)arguments;
    const Interface *needed[] = {&task->driver.power->interface, &task->driver.inspect->interface};
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++)
        if (needed[i]->validate != NULL && !needed[i]->validate(task, error)) {
            g_prefix_error(error, "Failed to validate inspection or power info. Error: ");
            return false;
        }
    return true;
}

static const char *
inspect_operation(const Task *task)
{
    (void)task;
    return "inspect";
}

static StepOutcome
inspect_begin(Task *task, GError **error)
{
    return step_work_plan(task, STEP_KIND_INSPECT, INTERFACE_INSPECT, "inspection", error);
}

const StepWork inspect_work = {
    .operation = inspect_operation,
    .begin = inspect_begin,
    .abort = inspect_abort,
};
