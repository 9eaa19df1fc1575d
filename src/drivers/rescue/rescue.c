/* Asks a node's rescue driver; the contract is in rescue.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/unsupported.h"

StepResult
rescue_start(Task *task, GError **error)
{
    const RescueOps *rescue = task->driver.rescue;
    if (rescue->rescue != NULL)
        return rescue->rescue(task, error);
    interface_unsupported(task, INTERFACE_RESCUE, "rescue", error);
    return STEP_ERROR;
}

StepResult
rescue_end(Task *task, GError **error)
{
    const RescueOps *rescue = task->driver.rescue;
    if (rescue->unrescue != NULL)
        return rescue->unrescue(task, error);
    interface_unsupported(task, INTERFACE_RESCUE, "unrescue", error);
    return STEP_ERROR;
}

bool
rescue_clean_up(Task *task, GError **error)
{
    const RescueOps *rescue = task->driver.rescue;
    return rescue->clean_up == NULL || rescue->clean_up(task, error);
}
