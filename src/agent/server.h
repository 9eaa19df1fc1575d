/* The agent's own API, as Ironic's agent serves it:
 *
 *     GET  /                     the service's name and links
 *     GET  /v1/                  links
 *     GET  /v1/status            {"started_at": seconds, "version": str}
 *     GET  /v1/commands/         {"commands": [result...]}, oldest first
 *     GET  /v1/commands/ID       result; with ?wait=true when the command has ended
 *     POST /v1/commands/         {"name": "extension.command", "params": {...}} -> result;
 *                                ?wait=true as above
 *     GET  /v1/log?offset=N the agent's log from N on, as text; X-Log-Offset: its end (Steel's own)
 *
 * The prefix /v1 may be absent. The token is in the query: agent_token=. Faults: {"faultcode",
 * "faultstring"}.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

typedef struct AgentServer AgentServer;

/* Starts to listen on ipa-listen-host and ipa-listen-port.
 *
 * certificate, key  files in PEM; NULL: plain HTTP
 * Errors            CONFIG, IO */
AgentServer *agent_server_start(Agent *agent, const char *certificate, const char *key,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

unsigned agent_server_port(const AgentServer *server);

/* Ends the waits for commands, sends the answers under way, stops listening and frees. Blocks until
 * then. NULL is fine. */
void agent_server_stop(AgentServer *server);
