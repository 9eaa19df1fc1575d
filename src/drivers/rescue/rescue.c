/* Calls a node's rescue driver; the contract is in rescue.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/task.h"

bool
rescue_clean_up(Task *task, GError **error)
{
    const RescueOps *rescue = task->driver.rescue;
    return rescue->clean_up == NULL || rescue->clean_up(task, error);
}
