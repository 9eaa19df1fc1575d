/* Extension "clean": the agent's clean steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "agent/steps/steps.h"

static json_t *
clean_get_steps(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)progress;
    (void)error;
    steps_take_node(agent, params);
    return steps_list(agent, STEP_CLEAN);
}

static json_t *
clean_execute_step(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    return steps_execute(agent, STEP_CLEAN, params, progress, error);
}

const ExtensionCommand extension_clean[] = {
    {AGENT_COMMAND_CLEAN_GET_STEPS,    clean_get_steps},
    {AGENT_COMMAND_CLEAN_EXECUTE_STEP, clean_execute_step},
    {AGENT_COMMAND_COUNT,              NULL},
};
