/* Reads the file format of oslo.config into assignments; knows nothing of options.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Called for each assignment in the order of the file. All strings are borrowed for the call;
 * `section` and `name` are normalized (see config_normalize_name), `value` is valid UTF-8, lines of
 * a continued value are joined with newlines. `line` is where the assignment starts. Returning
 * false with an error adds it to the mistakes of the file. */
typedef bool (*ConfigAssignment)(void *context, unsigned line, const char *section,
                                 const char *name, const char *value, GError **error);

/* Parses a whole file from memory, to its end: a line that cannot be read is left out, with the
 * lines that continue it or belong to it.
 *
 * path         name for errors only.
 * text, size   borrowed; need not end in NUL; at most 4 MiB, UTF-8 without NUL.
 * Errors       CONFIG, a line "path:line: ..." for each mistake (mistakes.h): no section, broken
 *              section line, neither = nor :, no name, continuation of nothing, a value larger than
 *              64 KiB.
 * Threads      pure; any thread.
 * Source       oslo.config, iniparser.py: a blank or comment line ends a continued value; the first
 *              of = and : separates; one pair of equal quotes around the first line's value is
 *              removed. */
bool config_file_parse(const char *path, const char *text, size_t size, ConfigAssignment assignment,
                       void *context, GError **error);

/* Reads a file and parses it. Errors: as config_file_parse, IO when it cannot be read. */
bool config_file_read(const char *path, ConfigAssignment assignment, void *context, GError **error);

/* Hyphens become underscores. Caller frees. */
char *config_normalize_name(const char *name);
