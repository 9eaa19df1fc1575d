/* A rescue without a rescue system. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "drivers/fake.h"

static bool
fake_rescue_validate(Task *task, GError **error)
{
    return fake_act(task, "rescue.validate", error);
}

static StepOutcome
fake_rescue_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.rescue", error);
}

static StepOutcome
fake_rescue_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.rescue.resume", error);
}

static StepOutcome
fake_rescue_run_unrescue(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "rescue.unrescue", error);
}

static bool
fake_rescue_clean_up(Task *task, GError **error)
{
    return fake_act(task, "rescue.clean_up", error);
}

static const StepDef rescue_steps[] = {
    {.name = "rescue",
     .priority = 100,
     .abortable = true,
     .run = fake_rescue_run,
     .resume = fake_rescue_resume},
    {0},
};

static const StepDef unrescue_steps[] = {
    {.name = "unrescue", .priority = 100, .run = fake_rescue_run_unrescue},
    {0},
};

const RescueOps rescue_fake = {
    .interface =
        {.name = "fake",
         .properties = fake_properties,
         .steps = {[STEP_KIND_RESCUE] = rescue_steps, [STEP_KIND_UNRESCUE] = unrescue_steps},
         .validate = fake_rescue_validate},
    .clean_up = fake_rescue_clean_up,
};
