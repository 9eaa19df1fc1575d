/* For nodes whose driver has no BIOS interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"

#include "drivers/unsupported.h"

static bool
no_bios_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_BIOS, error);
}

const BiosOps bios_no_bios = {
    .interface = {.name = "no-bios", .validate = no_bios_validate},
};
