/* Calls a node's inspection driver; the contract is in inspect.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "drivers/unsupported.h"

bool
inspect_abort(Task *task, GError **error)
{
    const InspectOps *inspect = task->driver.inspect;
    if (inspect->abort != NULL)
        return inspect->abort(task, error);
    return interface_unsupported(task, INTERFACE_INSPECT, "aborting an inspection", error);
}

bool
inspect_clean_up(Task *task, GError **error)
{
    const InspectOps *inspect = task->driver.inspect;
    return inspect->clean_up == NULL || inspect->clean_up(task, error);
}
