/* adopting: a machine that already runs its workload becomes active without being touched.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/provision/provision.h"
#include "drivers/boot/boot.h"
#include "drivers/deploy/deploy.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"
#include "drivers/storage/boot_option.h"

static bool
adopt(Task *task, GError **error)
{
    PowerState power = POWER_UNKNOWN;
    task_phase_begin(task, "read_power_state", NULL);
    if (!power_get(task, &power, error))
        return false;
    power_found(task, power);
    const Interface *boot = &task->driver.boot->interface;
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (boot_option_is_remote(task) && boot->validate != NULL && !boot->validate(task, error))
        return false;
    task_phase_begin(task, "take_over", NULL);
    return deploy_take_over(task, error);
}

void
adopt_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    task_operation_start(task, "adopt");
    if (adopt(task, &error)) {
        task_operation_end(task, "ok", NULL);
        task_event_or_log(task, EVENT_DONE);
    } else {
        record_set_text(&task->node->power_state, NULL);
        g_prefix_error(&error, "Error while attempting to adopt node %s: ", task->node->uuid);
        task_fail(task, error);
    }
    task_release(task);
}
