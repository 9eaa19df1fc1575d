/* The commands that there are, and which of them the words on the command line name.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"
#include <stddef.h>

/* All tables; ends with NULL. */
extern const Command *const command_tables[];

/* The command that the longest run of words names, or NULL; *used is how many words it took. */
const Command *command_find(char *const *words, size_t count, size_t *used);

/* Does what the row says: sends the requests, fills context->listing, and prints progress on stdout.
 * Errors: from the service as "TEXT (HTTP 409)"; INVALID for arguments that cannot be right. */
bool command_run(Context *context, GError **error) G_GNUC_WARN_UNUSED_RESULT;
