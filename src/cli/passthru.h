/* Vendor passthru methods, of nodes and of drivers.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"

extern const PositionalRow node_passthru_positionals[];
extern const PositionalRow driver_passthru_positionals[];
extern const OptionRow passthru_options[];

/* Lists the methods found at a path (a pattern of the first positional argument). */
bool passthru_list(Context *context, const char *pattern, GError **error);

/* Calls the method at a path with --http-method and the --arg pairs. Returns the answer, or null; a
 * new reference. */
json_t *passthru_call(Context *context, const char *pattern, GError **error);

/* Replaces each member that is a list by its items, separated by ", ", as the tables show them. */
void join_list_members(json_t *object);
