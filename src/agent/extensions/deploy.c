/* Extension "deploy": the agent's deploy steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "agent/steps/steps.h"

static json_t *
deploy_get_steps(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)progress;
    (void)error;
    steps_take_node(agent, params);
    return steps_list(agent, STEP_DEPLOY);
}

static json_t *
deploy_execute_step(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    return steps_execute(agent, STEP_DEPLOY, params, progress, error);
}

const ExtensionCommand extension_deploy[] = {
    {AGENT_COMMAND_DEPLOY_GET_STEPS,    deploy_get_steps},
    {AGENT_COMMAND_DEPLOY_EXECUTE_STEP, deploy_execute_step},
    {AGENT_COMMAND_COUNT,               NULL},
};
