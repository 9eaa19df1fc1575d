/* For nodes whose driver has no rescue interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/unsupported.h"

static bool
no_rescue_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_RESCUE, error);
}

const RescueOps rescue_no_rescue = {
    .interface = {.name = "no-rescue", .validate = no_rescue_validate},
};
