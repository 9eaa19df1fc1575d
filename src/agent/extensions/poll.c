/* Extension "poll": for a service that polls the agent and gets no heartbeats.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/api_client.h"
#include "agent/extensions/extensions.h"
#include "agent/hardware/inventory.h"

static json_t *
poll_hardware_info(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    return inventory_collect(agent);
}

/* params: {"node": {...}, "config": {...}}, like a lookup's answer. */
static json_t *
poll_set_node_info(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)progress;
    if (!parameters_boolean(agent->parameters, AGENT_PARAMETER_STANDALONE)) {
        agent_fail(error, AGENT_ERROR_INVALID_COMMAND,
                   "Node lookup data can only be set when the agent runs with ipa-standalone=1");
        return NULL;
    }
    if (api_client_take_lookup(agent, json_object_get(params, "node_info"), error))
        return json_null();
    g_prefix_error(error, "node_info: ");
    return NULL;
}

const ExtensionCommand extension_poll[] = {
    {AGENT_COMMAND_POLL_HARDWARE_INFO, poll_hardware_info},
    {AGENT_COMMAND_POLL_SET_NODE_INFO, poll_set_node_info},
    {AGENT_COMMAND_COUNT,              NULL},
};
