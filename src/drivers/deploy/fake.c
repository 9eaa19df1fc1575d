/* A deploy driver that deploys nothing, with one deploy step and two clean steps. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"

#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "deploy.validate", error);
}

static StepResult
step_deploy(Task *task, const json_t *args, unsigned *again_ms, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.deploy", again_ms, error);
}

static StepResult
step_erase_devices_metadata(Task *task, const json_t *args, unsigned *again_ms, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices_metadata", again_ms, error);
}

static StepResult
step_erase_devices(Task *task, const json_t *args, unsigned *again_ms, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices", again_ms, error);
}

static bool
prepare(Task *task, GError **error)
{
    return fake_act(task, "deploy.prepare", error);
}

static bool
tear_down(Task *task, GError **error)
{
    return fake_act(task, "deploy.tear_down", error);
}

static bool
clean_up(Task *task, GError **error)
{
    return fake_act(task, "deploy.clean_up", error);
}

static bool
take_over(Task *task, GError **error)
{
    return fake_act(task, "deploy.take_over", error);
}

static bool
prepare_cleaning(Task *task, bool *wait, GError **error)
{
    StepResult result = fake_step(task, "deploy.prepare_cleaning", NULL, error);
    if (result == STEP_ERROR)
        return false;
    *wait = result == STEP_WAIT;
    return true;
}

static bool
tear_down_cleaning(Task *task, GError **error)
{
    return fake_act(task, "deploy.tear_down_cleaning", error);
}

static const StepDef deploy_steps[] = {
    {.name = "deploy",   .priority = 100, .abortable = true, .run = step_deploy},
    {0},
};

static const StepDef clean_steps[] = {
    {.name = "erase_devices_metadata",
     .priority = 99,
     .abortable = true,
     .run = step_erase_devices_metadata},
    {.name = "erase_devices",                .priority = 10, .abortable = true, .run = step_erase_devices},
    {0                               },
};

const DeployOps deploy_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .deploy_steps = deploy_steps,
                  .clean_steps = clean_steps,
                  .validate = validate},
    .prepare = prepare,
    .tear_down = tear_down,
    .clean_up = clean_up,
    .take_over = take_over,
    .prepare_cleaning = prepare_cleaning,
    .tear_down_cleaning = tear_down_cleaning,
};
