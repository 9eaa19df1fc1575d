/* A power driver without a BMC: the machine is in the state that the node records. For demos, tests
 * and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"

#include "drivers/fake.h"

static bool
fake_power_validate(Task *task, GError **error)
{
    return fake_act(task, "power.validate", error);
}

static bool
fake_power_get(Task *task, PowerState *state, GError **error)
{
    if (!fake_act(task, "power.get", error))
        return false;
    const char *told = fake_text(task, "power.get", "state");
    *state = power_state_from_wire(told != NULL ? told : task->node->power_state);
    return true;
}

static bool
fake_power_set(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    (void)timeout_s;
    if (!fake_act(task, "power.set", error))
        return false;
    record_set_text(&task->node->power_state, power_state_wire(power_target_state(target)));
    return true;
}

const PowerOps power_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = fake_power_validate},
    .get = fake_power_get,
    .set = fake_power_set,
    .targets = POWER_HARD_TARGETS | POWER_SOFT_TARGETS,
};
