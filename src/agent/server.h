/* The agent's own API, as Ironic's agent serves it:
 *
 *     GET  /                     what this is
 *     GET  /v1/                  links
 *     GET  /v1/status            {"started_at": seconds, "version": str}
 *     GET  /v1/commands/         {"commands": [result...]}, oldest first
 *     GET  /v1/commands/ID       result; ?wait=true answers when the command has ended
 *     POST /v1/commands/         {"name": "extension.command", "params": {...}} -> result;
 *                                ?wait=true as above
 *     GET  /v1/log?offset=N the agent's log from there on, as text; X-Log-Offset says where it ends
 *          (Steel's own)
 *
 * The same without /v1. What needs the token has it in the query, agent_token=. Faults:
 * {"faultcode", "faultstring"}.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

typedef struct AgentServer AgentServer;

/* Begins to listen on ipa-listen-host and ipa-listen-port.
 *
 * certificate, key  files in PEM; NULL: plain HTTP
 * Errors            CONFIG, IO */
AgentServer *agent_server_start(Agent *agent, const char *certificate, const char *key,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

unsigned agent_server_port(const AgentServer *server);

/* Lets answers under way be taken, wakes who waits for commands, ends. NULL is fine. */
void agent_server_stop(AgentServer *server);
