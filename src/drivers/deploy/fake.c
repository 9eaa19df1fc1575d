/* A deploy driver that deploys nothing, with one deploy step, two clean steps and a service step.
 * For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/deploy.h"

#include "drivers/boot/boot.h"
#include "drivers/fake.h"

static bool
fake_deploy_validate(Task *task, GError **error)
{
    return fake_act(task, "deploy.validate", error);
}

static StepOutcome
fake_deploy_step_deploy(Task *task, const json_t *args, GError **error)
{
    (void)args;
    StepOutcome outcome = fake_step(task, "deploy.deploy", error);
    if (outcome.result == STEP_WAIT)
        boot_begin_phase(task);
    return outcome;
}

static StepOutcome
fake_deploy_resume_deploy(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.deploy.resume", error);
}

static StepOutcome
fake_deploy_step_erase_devices_metadata(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices_metadata", error);
}

static StepOutcome
fake_deploy_resume_erase_devices_metadata(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices_metadata.resume", error);
}

static StepOutcome
fake_deploy_step_erase_devices(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices", error);
}

static StepOutcome
fake_deploy_resume_erase_devices(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.erase_devices.resume", error);
}

static bool
fake_deploy_prepare(Task *task, GError **error)
{
    return fake_act(task, "deploy.prepare", error);
}

static bool
fake_deploy_tear_down(Task *task, GError **error)
{
    return fake_act(task, "deploy.tear_down", error);
}

static bool
fake_deploy_clean_up(Task *task, GError **error)
{
    return fake_act(task, "deploy.clean_up", error);
}

static bool
fake_deploy_take_over(Task *task, GError **error)
{
    return fake_act(task, "deploy.take_over", error);
}

static StepOutcome
fake_deploy_prepare_cleaning(Task *task, GError **error)
{
    return fake_step(task, "deploy.prepare_cleaning", error);
}

static bool
fake_deploy_tear_down_cleaning(Task *task, bool done, GError **error)
{
    (void)done;
    return fake_act(task, "deploy.tear_down_cleaning", error);
}

static StepOutcome
fake_deploy_step_look(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.look", error);
}

static StepOutcome
fake_deploy_resume_look(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return fake_step(task, "deploy.look.resume", error);
}

static StepOutcome
fake_deploy_prepare_service(Task *task, GError **error)
{
    return fake_step(task, "deploy.prepare_service", error);
}

/* The ways in which servicing can end, for orders. */
static const char *const service_ends[] = {
    [SERVICE_ENDS_WITH_INSTANCE] = "deploy.tear_down_service",
    [SERVICE_ENDS_FAILED] = "deploy.tear_down_service.failed",
    [SERVICE_ENDS_OFF] = "deploy.tear_down_service.off",
};

static bool
fake_deploy_tear_down_service(Task *task, ServiceEnd end, GError **error)
{
    return fake_act(task, service_ends[end], error);
}

static const StepDef deploy_steps[] = {
    {.name = "deploy",
     .priority = 100,
     .abortable = true,
     .run = fake_deploy_step_deploy,
     .resume = fake_deploy_resume_deploy},
    {0},
};

static const StepDef clean_steps[] = {
    {.name = "erase_devices_metadata",
     .priority = 99,
     .abortable = true,
     .run = fake_deploy_step_erase_devices_metadata,
     .resume = fake_deploy_resume_erase_devices_metadata},
    {.name = "erase_devices",
     .priority = 10,
     .abortable = true,
     .run = fake_deploy_step_erase_devices,
     .resume = fake_deploy_resume_erase_devices},
    {0},
};

static const StepDef service_steps[] = {
    {.name = "look",
     .abortable = true,
     .run = fake_deploy_step_look,
     .resume = fake_deploy_resume_look},
    {0},
};

const DeployOps deploy_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps,
                            [STEP_KIND_CLEAN] = clean_steps,
                            [STEP_KIND_SERVICE] = service_steps},
                  .agent = &fake_agent,
                  .validate = fake_deploy_validate},
    .prepare = fake_deploy_prepare,
    .tear_down = fake_deploy_tear_down,
    .clean_up = fake_deploy_clean_up,
    .take_over = fake_deploy_take_over,
    .prepare_cleaning = fake_deploy_prepare_cleaning,
    .tear_down_cleaning = fake_deploy_tear_down_cleaning,
    .prepare_service = fake_deploy_prepare_service,
    .tear_down_service = fake_deploy_tear_down_service,
};
