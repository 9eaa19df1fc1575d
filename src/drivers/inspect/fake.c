/* An inspection that finds nothing. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "inspect.validate", error);
}

static StepOutcome
step_inspect(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "inspect.inspect", error);
}

static StepOutcome
resume_inspect(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "inspect.inspect.resume", error);
}

static bool
abort_inspection(Task *task, GError **error)
{
    return fake_act(task, "inspect.abort", error);
}

static const StepDef inspect_steps[] = {
    {.name = "inspect",
     .priority = 100,
     .abortable = true,
     .run = step_inspect,
     .resume = resume_inspect},
    {0},
};

const InspectOps inspect_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_INSPECT] = inspect_steps},
                  .validate = validate},
    .abort = abort_inspection,
};
