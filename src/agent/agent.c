/* The state that the agent's parts share; the contract is in agent.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include "agent/commands.h"
#include "common/secret.h"
#include "common/time_text.h"

Agent *
agent_new(Parameters *parameters, const char *root, const char *state)
{
    Agent *agent = g_new0(Agent, 1);
    lock_init(&agent->lock, LOCK_RANK_AGENT);
    agent->parameters = parameters;
    agent->root = g_strdup(root);
    agent->state = g_strdup(state);
    agent->started_ms = time_now_ms();
    agent_set_token(agent, parameters_string(parameters, AGENT_PARAMETER_AGENT_TOKEN));
    lock_acquire(&agent->lock);
    agent->token_required = parameters_boolean(parameters, AGENT_PARAMETER_AGENT_TOKEN_REQUIRED);
    lock_release(&agent->lock);
    agent->commands = commands_new(agent);
    return agent;
}

void UNSHARED
agent_free(Agent *agent)
{
    if (agent == NULL)
        return;
    commands_free(agent->commands);
    parameters_free(agent->parameters);
    json_decref(agent->node);
    json_decref(agent->config);
    json_decref(agent->partition_uuids);
    secret_free(agent->token);
    g_free(agent->certificate);
    g_free(agent->cached_image);
    g_free(agent->root);
    g_free(agent->state);
    lock_destroy(&agent->lock);
    g_free(agent);
}

char *
agent_path(const Agent *agent, const char *path)
{
    return g_strconcat(agent->root, path, NULL);
}

void
agent_finish(Agent *agent, AgentEnd end)
{
    int none = AGENT_RUNNING;
    atomic_compare_exchange_strong(&agent->end, &none, (int)end);
    atomic_store(&agent->stopping, true);
}

json_t *
agent_node(Agent *agent)
{
    lock_acquire(&agent->lock);
    json_t *node = json_incref(agent->node);
    lock_release(&agent->lock);
    return node;
}

void
agent_set_node(Agent *agent, json_t *node)
{
    lock_acquire(&agent->lock);
    json_t *before = agent->node;
    agent->node = json_incref(node);
    lock_release(&agent->lock);
    json_decref(before);
}

json_t *
agent_config(Agent *agent)
{
    lock_acquire(&agent->lock);
    json_t *config = json_incref(agent->config);
    lock_release(&agent->lock);
    return config;
}

void
agent_set_config(Agent *agent, json_t *config)
{
    lock_acquire(&agent->lock);
    json_t *before = agent->config;
    agent->config = json_incref(config);
    lock_release(&agent->lock);
    json_decref(before);
}

char *
agent_token(Agent *agent)
{
    lock_acquire(&agent->lock);
    char *token = g_strdup(agent->token);
    lock_release(&agent->lock);
    return token;
}

void
agent_set_token(Agent *agent, const char *token)
{
    lock_acquire(&agent->lock);
    secret_free(agent->token);
    agent->token = g_strdup(token);
    lock_release(&agent->lock);
}

/* True for the same token, or if neither side has one. */
static bool
matches(const char *known, const char *given)
{
    return known == NULL ? given == NULL : secret_equal(known, given);
}

bool
agent_token_valid(Agent *agent, const char *token)
{
    lock_acquire(&agent->lock);
    bool lax = token == NULL && !agent->token_required && !agent->token_seen;
    bool valid =
        lax || (matches(agent->token, token) && (agent->token != NULL || !agent->token_required));
    lock_release(&agent->lock);
    return valid;
}

bool
agent_token_may_read(Agent *agent, const char *token)
{
    lock_acquire(&agent->lock);
    bool valid = token == NULL ? !agent->token_seen : matches(agent->token, token);
    agent->token_seen = agent->token_seen || (valid && token != NULL);
    lock_release(&agent->lock);
    return valid;
}
