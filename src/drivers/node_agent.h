/* The agent that runs on a node's machine: its steps as a source of the node's, and single commands
 * for the steps of drivers. How an agent is spoken to is agent_client/agent_client.h; this knows
 * where a node's agent is, and what it may be told of the node.
 *
 * From a worker with the node locked; blocks for [agent]command_timeout at most.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_client/agent_client.h"
#include "drivers/agent_steps.h"

/* True when an agent has called since the machine was started. */
bool node_agent_has_called(const Task *task);

/* True if the agent answers within a few seconds, and runs no command. Errors: those of
 * agent_last_command; AGENT_BUSY: it runs one; INVALID: no agent has called. */
bool node_agent_is_idle(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a command that is quick, and waits for its end.
 *
 * params  as for agent_command; borrowed
 * out     in {0}; SUCCEEDED
 * Errors  those of agent_command; AGENT_REFUSED with the agent's words when the command has failed;
 *         INVALID: no agent has called */
bool node_agent_call(Task *task, const char *name, const json_t *params, AgentResult *out,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts a command that takes longer; the agent calls when it has ended. Errors as above. */
bool node_agent_start(Task *task, const char *name, const json_t *params,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The last command of the agent. Errors as agent_last_command. */
bool node_agent_last(Task *task, AgentResult *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A part of its log; see agent_log. Errors: INVALID: no agent has called; those of agent_log. */
bool node_agent_log(Task *task, char **text, int64_t *offset,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How agent_steps.h speaks to it. */
extern const AgentClient node_agent_client;

/* Its steps. offers: clean steps always, deploy steps where an image is to be written. */
extern const StepSource node_agent_steps;
