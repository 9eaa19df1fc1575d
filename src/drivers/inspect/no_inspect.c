/* For nodes whose driver has no inspect interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "drivers/unsupported.h"

static bool
no_inspect_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_INSPECT, error);
}

const InspectOps inspect_no_inspect = {
    .interface = {.name = "no-inspect", .validate = no_inspect_validate},
};
