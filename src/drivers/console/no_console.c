/* For nodes whose driver has no console interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/console.h"

#include "drivers/unsupported.h"

static bool
no_console_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_CONSOLE, error);
}

const ConsoleOps console_no_console = {
    .interface = {.name = "no-console", .validate = no_console_validate},
};
