/* Extension "service": the agent's service steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "agent/steps/steps.h"

static json_t *
service_get_steps(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)progress;
    (void)error;
    steps_take_node(agent, params);
    return steps_list(agent, STEP_SERVICE);
}

static json_t *
service_execute_step(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    return steps_execute(agent, STEP_SERVICE, params, progress, error);
}

const ExtensionCommand extension_service[] = {
    {AGENT_COMMAND_SERVICE_GET_STEPS,    service_get_steps},
    {AGENT_COMMAND_SERVICE_EXECUTE_STEP, service_execute_step},
    {AGENT_COMMAND_COUNT,                NULL},
};
