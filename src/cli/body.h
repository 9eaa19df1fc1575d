/* Makes bodies, JSON patches and queries from options, by the `use` of each option's row.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/arguments.h"
#include "common/error.h"
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Splits "key=value" at the first "=". A value that is JSON (1, true, ["a"], "1") is parsed, any
 * other is the text itself. Numbers too large for 64 bits stay text. INVALID without "=". */
bool pair_split(const char *text, char **key, json_t **value, GError **error);

/* A value given as JSON text, as the name of a JSON or YAML file, or as - for stdin. `what` names
 * it in errors.
 * Errors: INVALID, IO. */
json_t *json_argument(const char *text, const char *what, GError **error);

/* The body: the command's own, its positionals that have a field, and its USE_BODY_ options in the
 * order of the table. A new object. Errors: INVALID, IO. */
json_t *body_build(const Command *command, const Arguments *arguments, GError **error);

/* The JSON patch of the USE_ADD_ and USE_REMOVE_ options in the order of the table; an empty array
 * without such options. Paths are written as they were typed, so that --extra a/b=1 reaches into an
 * object, as in ironicclient. Empty texts are ignored. */
json_t *patch_build(const Command *command, const Arguments *arguments, GError **error);

/* Appends the USE_QUERY_ options, percent-encoded, each after "?" or "&". */
void query_build(const Command *command, const Arguments *arguments, GString *path);

/* Appends one name=value to a path, after "?" or "&" as needed. */
void query_append(GString *path, const char *name, const char *value);

/* The path of a template: {0} is the first positional argument, percent-encoded. The caller
 * frees. */
char *path_build(const char *pattern, const Arguments *arguments);
