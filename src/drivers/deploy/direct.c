/* The deploy interface direct: the agent fetches the image and writes it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/agent_deploy.h"
#include "drivers/deploy/agent_deploy_steps.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/deploy/volume_drive.h"
#include "drivers/node_agent.h"
#include "drivers/storage/storage.h"

/* The step as the agent gets it: with what is to be written. */
static json_t *
image_step(const Task *task)
{
    return json_pack("{s:s,s:s,s:i,s:o}", "interface", "deploy", "step", "write_image", "priority",
                     80, "args", instance_image_arguments(task));
}

static StepOutcome
direct_deploy_run_write_image(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (storage_boots_from_volume(task))
        return volume_drive_run(task, error);
    json_auto_t *step = image_step(task);
    return agent_steps_run(task, STEP_KIND_DEPLOY, step, &node_agent_client, error);
}

static StepOutcome
direct_deploy_resume_write_image(Task *task, const json_t *args, GError **error)
{
    (void)args;
    json_auto_t *step = image_step(task);
    return agent_steps_resume(task, STEP_KIND_DEPLOY, step, &node_agent_client, error);
}

static const StepDef deploy_steps[] = {
    {AGENT_DEPLOY_FIRST_STEP},
    {.name = "write_image",
     .priority = 80,
     .abortable = true,
     .run = direct_deploy_run_write_image,
     .resume = direct_deploy_resume_write_image},
    AGENT_DEPLOY_LAST_STEPS,
    {0},
};

const DeployOps deploy_direct = {
    .interface = {.name = "direct",
                  .capabilities = CAPABILITY_ISCSI_VOLUME_DEPLOY | CAPABILITY_FC_VOLUME_DEPLOY,
                  .steps = {[STEP_KIND_DEPLOY] = deploy_steps},
                  .agent = &node_agent_steps,
                  .validate = agent_deploy_validate},
    .prepare = agent_deploy_prepare,
    .tear_down = agent_deploy_tear_down,
    .clean_up = agent_deploy_clean_up,
    .take_over = agent_deploy_take_over,
    .prepare_cleaning = agent_deploy_prepare_cleaning,
    .tear_down_cleaning = agent_deploy_tear_down_cleaning,
    .prepare_service = agent_deploy_prepare_service,
    .tear_down_service = agent_deploy_tear_down_service,
};
