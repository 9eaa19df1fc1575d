/* Finds commands in the extensions' tables and holds parameters to the protocol's table. Pure; any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/commands.h"

/* name     "standby.sync"
 * Errors   INVALID_COMMAND, NOT_FOUND (no such extension) */
const ExtensionCommand *command_find(const char *name, GError **error);

/* Errors: COMMAND_EXECUTION naming a parameter that is missing or not known. */
bool command_check_params(const AgentCommandInfo *info, const json_t *params,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
