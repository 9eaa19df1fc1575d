/* Finds commands in the extensions' tables and checks parameters against the protocol's table.
 * Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/commands.h"

/* Finds a command by its full name, "standby.sync". Errors: INVALID_COMMAND, NOT_FOUND (no such
 * extension). */
const ExtensionCommand *command_find(const char *name, GError **error);

/* Checks that params has each required parameter of the command and none that the command does not
 * know. Errors: COMMAND_EXECUTION naming the parameter. */
bool command_check_params(const AgentCommandInfo *info, const json_t *params,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
