/* A rescue system that is nowhere. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "rescue.validate", error);
}

static StepOutcome
step_rescue(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.rescue", error);
}

static StepOutcome
resume_rescue(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.rescue.resume", error);
}

static StepOutcome
step_unrescue(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.unrescue", error);
}

static bool
clean_up(Task *task, GError **error)
{
    return fake_act(task, "rescue.clean_up", error);
}

static const StepDef rescue_steps[] = {
    {.name = "rescue",
     .priority = 100,
     .abortable = true,
     .run = step_rescue,
     .resume = resume_rescue},
    {0},
};

/* clang-format off */
static const StepDef unrescue_steps[] = {
    {.name = "unrescue", .priority = 100, .run = step_unrescue},
    {0},
};
/* clang-format on */

const RescueOps rescue_fake = {
    .interface =
        {.name = "fake",
                    .properties = fake_properties,
                    .steps = {[STEP_KIND_RESCUE] = rescue_steps, [STEP_KIND_UNRESCUE] = unrescue_steps},
                    .validate = validate},
    .clean_up = clean_up,
};
