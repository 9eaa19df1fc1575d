/* Calls a node's console driver; the contract is in console.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/console.h"

#include "drivers/unsupported.h"

bool
console_start(Task *task, GError **error)
{
    const ConsoleOps *console = task->driver.console;
    if (console->start != NULL)
        return console->start(task, error);
    return interface_unsupported(task, INTERFACE_CONSOLE, "starting a console", error);
}

bool
console_restore(Task *task, GError **error)
{
    const ConsoleOps *console = task->driver.console;
    return console->restore == NULL || console->restore(task, error);
}

bool
console_stop(Task *task, GError **error)
{
    const ConsoleOps *console = task->driver.console;
    if (console->stop != NULL)
        return console->stop(task, error);
    return interface_unsupported(task, INTERFACE_CONSOLE, "stopping a console", error);
}

json_t *
console_get(Task *task, GError **error)
{
    const ConsoleOps *console = task->driver.console;
    if (console->get != NULL)
        return console->get(task, error);
    interface_unsupported(task, INTERFACE_CONSOLE, "a console", error);
    return NULL;
}
