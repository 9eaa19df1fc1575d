/* The agent's commands: each extension is a file with one table at its end.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/commands.h"

/* The tables of all extensions; NULL ends the list. */
extern const ExtensionCommand *const extension_tables[];

extern const ExtensionCommand extension_clean[];
extern const ExtensionCommand extension_deploy[];
extern const ExtensionCommand extension_flow[];
extern const ExtensionCommand extension_image[];
extern const ExtensionCommand extension_iscsi[];
extern const ExtensionCommand extension_log[];
extern const ExtensionCommand extension_poll[];
extern const ExtensionCommand extension_rescue[];
extern const ExtensionCommand extension_service[];
extern const ExtensionCommand extension_standby[];
extern const ExtensionCommand extension_system[];

/* Finds a command's row by its full name, "standby.sync". Errors: INVALID_COMMAND, NOT_FOUND (no
 * such extension). */
const ExtensionCommand *extension_find(const char *name, GError **error);
