/* Finds commands by name in the protocol's table and checks their parameters. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "model/agent_protocol.h"

#include <jansson.h>

/* Finds a command by its full name, "standby.sync".
 *
 * command  out; of no use on failure
 * Errors   INVALID_COMMAND, NOT_FOUND (no such extension), of agent_error.h */
bool command_by_name(const char *name, AgentCommand *command,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks that params has each required parameter of the command and none that the command does not
 * know. Errors: COMMAND_EXECUTION naming the parameter. */
bool command_check_params(const AgentCommandInfo *info, const json_t *params,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
