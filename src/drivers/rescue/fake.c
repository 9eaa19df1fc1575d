/* A rescue system that is nowhere. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "rescue.validate", error);
}

static StepResult
rescue(Task *task, GError **error)
{
    return fake_step(task, "rescue.rescue", NULL, error);
}

static StepResult
unrescue(Task *task, GError **error)
{
    return fake_step(task, "rescue.unrescue", NULL, error);
}

static bool
clean_up(Task *task, GError **error)
{
    return fake_act(task, "rescue.clean_up", error);
}

const RescueOps rescue_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = validate},
    .rescue = rescue,
    .unrescue = unrescue,
    .clean_up = clean_up,
};
