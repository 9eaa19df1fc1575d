/* A deploy driver that deploys nothing, with one deploy step and two clean steps. For demos, tests
 * and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"

#include "drivers/boot/boot.h"
#include "drivers/fake.h"

static bool
validate(Task *task, GError **error)
{
    return fake_act(task, "deploy.validate", error);
}

static StepOutcome
step_deploy(Task *task, const json_t *args, GError **error)
{
    (void)args;
    StepOutcome outcome = fake_step(task, "deploy.deploy", error);
    if (outcome.result == STEP_WAIT)
        boot_begin_phase(task);
    return outcome;
}

static StepOutcome
resume_deploy(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.deploy.resume", error);
}

static StepOutcome
step_erase_devices_metadata(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices_metadata", error);
}

static StepOutcome
resume_erase_devices_metadata(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices_metadata.resume", error);
}

static StepOutcome
step_erase_devices(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices", error);
}

static StepOutcome
resume_erase_devices(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices.resume", error);
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

static StepOutcome
prepare_cleaning(Task *task, GError **error)
{
    return fake_step(task, "deploy.prepare_cleaning", error);
}

static bool
tear_down_cleaning(Task *task, GError **error)
{
    return fake_act(task, "deploy.tear_down_cleaning", error);
}

static const StepDef deploy_steps[] = {
    {.name = "deploy",
     .priority = 100,
     .abortable = true,
     .run = step_deploy,
     .resume = resume_deploy},
    {0},
};

static const StepDef clean_steps[] = {
    {.name = "erase_devices_metadata",
     .priority = 99,
     .abortable = true,
     .run = step_erase_devices_metadata,
     .resume = resume_erase_devices_metadata},
    {.name = "erase_devices",
     .priority = 10,
     .abortable = true,
     .run = step_erase_devices,
     .resume = resume_erase_devices},
    {0},
};

const DeployOps deploy_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps, [STEP_KIND_CLEAN] = clean_steps},
                  .agent = &fake_agent,
                  .validate = validate},
    .prepare = prepare,
    .tear_down = tear_down,
    .clean_up = clean_up,
    .take_over = take_over,
    .prepare_cleaning = prepare_cleaning,
    .tear_down_cleaning = tear_down_cleaning,
};
