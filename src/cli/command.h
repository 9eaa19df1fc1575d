/* All commands, and the search for the one that the command line names.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"
#include <stddef.h>

/* All tables; ends with NULL. */
extern const Command *const command_tables[];

/* The command named by the most words, or NULL; *used is the number of these words. */
const Command *command_find(char *const *words, size_t count, size_t *used);

/* Runs the command of the row: sends the requests, fills context->listing, and prints progress on
 * stdout. Errors: from the service as "TEXT (HTTP 409)"; INVALID for wrong arguments. */
bool command_run(Context *context, GError **error) G_GNUC_WARN_UNUSED_RESULT;
