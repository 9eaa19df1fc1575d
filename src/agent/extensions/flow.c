/* Extension "flow": several commands, one after the other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"
#include "agent_protocol/command_check.h"

#include <string.h>

#define COMMANDS_LIMIT 100u

static bool
check_task(const json_t *task, GError **error)
{
    const char *name;
    json_t *params;
    json_object_foreach((json_t *)(uintptr_t)task, name, params)
    {
        const ExtensionCommand *command = extension_find(name, error);
        if (command == NULL)
            return false;
        if (command->command == AGENT_COMMAND_FLOW_START)
            return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "a flow holds no other flow");
        if (!json_is_object(params) ||
            !command_check_params(agent_command_info(command->command), params, error))
            return false;
    }
    return true;
}

static bool
check_flow(const json_t *flow, GError **error)
{
    size_t i;
    json_t *task;
    if (!json_is_array(flow) || json_array_size(flow) > COMMANDS_LIMIT)
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "flow must be a list of at most 100");
    json_array_foreach((json_t *)(uintptr_t)flow, i, task)
    {
        if (!check_task(task, error))
            return false;
    }
    return true;
}

static bool
run_task(Agent *agent, const json_t *task, Progress *progress, GError **error)
{
    const char *name;
    json_t *params;
    json_object_foreach((json_t *)(uintptr_t)task, name, params)
    {
        GError *cause = NULL;
        json_t *value = extension_find(name, NULL)->run(agent, params, progress, &cause);
        json_decref(value);
        if (cause != NULL) {
            g_propagate_prefixed_error(error, cause, "%s was failed: ", name);
            return false;
        }
    }
    return true;
}

/* flow: [{"extension.command": {params}}, …]. All commands are checked before the first one
 * runs. */
static json_t *
flow_start(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    const json_t *flow = json_object_get(params, "flow");
    size_t i;
    json_t *task;
    if (!check_flow(flow, error))
        return NULL;
    json_array_foreach((json_t *)(uintptr_t)flow, i, task)
    {
        if (!run_task(agent, task, progress, error))
            return NULL;
    }
    return json_null();
}

const ExtensionCommand extension_flow[] = {
    {AGENT_COMMAND_FLOW_START, flow_start},
    {AGENT_COMMAND_COUNT, NULL},
};
