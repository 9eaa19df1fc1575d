/* inspecting: the machine's properties are learnt.
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

void
inspect_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    task_operation_start(task, "inspect");
    task_phase_begin(task, "inspect", NULL);
    switch (inspect_hardware(task, &error)) {
    case STEP_DONE:
        task_operation_end(task, "ok", NULL);
        provision_event_or_log(task, EVENT_DONE);
        break;
    case STEP_WAIT:
        provision_event_or_log(task, EVENT_WAIT);
        break;
    case STEP_AGAIN:
        steel_fail(&error, STEEL_ERROR_INTERNAL, "an inspection cannot be asked for again");
        task_fail(task, error);
        break;
    case STEP_ERROR:
        task_fail(task, error);
        break;
    }
    task_release(task);
}
