/* Calls a node's power driver; the contract is in power.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"

#include "common/log.h"
#include "drivers/unsupported.h"

bool
power_get(Task *task, PowerState *state, GError **error)
{
    return task->driver.power->get(task, state, error);
}

bool
power_set(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    const PowerOps *power = task->driver.power;
    if (!task_may_act(task, error))
        return false;
    if ((power->targets & 1u << target) != 0) {
        const char *lease = task->stored->reservation_lease;
        log_debug("drivers.power", "%s %s begins under lease %s", task->node->uuid,
                  power_target_wire(target), lease != NULL ? lease : "none");
        bool reached = power->set(task, target, timeout_s, error);
        log_debug("drivers.power", "%s %s ends under lease %s", task->node->uuid,
                  power_target_wire(target), lease != NULL ? lease : "none");
        return reached;
    }
    g_autofree char *what = g_strdup_printf("'%s'", power_target_wire(target));
    return interface_unsupported(task, INTERFACE_POWER, what, error);
}

void
power_forget(const DriverServices *services, const Node *node)
{
    DriverSet set;
    if (registry_driver_set(services->registry, node, &set, NULL) && set.power->forget != NULL)
        set.power->forget(services, node);
}

void
power_absolve(const DriverServices *services, const Node *node)
{
    DriverSet set;
    if (registry_driver_set(services->registry, node, &set, NULL) && set.power->absolve != NULL)
        set.power->absolve(services, node);
}
