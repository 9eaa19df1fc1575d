/* An inspection that finds nothing. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "drivers/fake.h"

static bool
fake_inspect_validate(Task *task, GError **error)
{
    return fake_act(task, "inspect.validate", error);
}

static StepOutcome
fake_inspect_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "inspect.inspect", error);
}

static StepOutcome
fake_inspect_resume(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "inspect.inspect.resume", error);
}

static bool
fake_inspect_abort(Task *task, GError **error)
{
    return fake_act(task, "inspect.abort", error);
}

static const StepDef inspect_steps[] = {
    {.name = "inspect",
     .priority = 100,
     .abortable = true,
     .run = fake_inspect_run,
     .resume = fake_inspect_resume},
    {0},
};

const InspectOps inspect_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_INSPECT] = inspect_steps},
                  .validate = fake_inspect_validate},
    .abort = fake_inspect_abort,
};
