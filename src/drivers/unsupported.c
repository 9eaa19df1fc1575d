/* The error for a function that an interface does not have; the contract is in unsupported.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/unsupported.h"

bool
interface_unsupported(const Task *task, InterfaceType type, const char *what, GError **error)
{
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "driver %s: its %s interface %s does not support %s", task->node->driver,
                      interface_type_name(type), driver_set_interface(&task->driver, type)->name,
                      what);
}

bool
interface_validate_none(const Task *task, InterfaceType type, GError **error)
{
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "driver %s does not support %s: the node's %s_interface is %s",
                      task->node->driver, interface_type_name(type), interface_type_name(type),
                      driver_set_interface(&task->driver, type)->name);
}
