/* The words after a command, parsed by its rows: options (also --name=value and unambiguous
 * beginnings of a name, as Python's argparse accepts) and positional arguments.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/rows.h"
#include <glib.h>

/* Options that every command takes: connection, help. */
extern const OptionRow global_options[];

Arguments *arguments_new(void);
void arguments_free(Arguments *arguments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arguments, arguments_free)

/* Parses the global options at the front. Returns how many words they are; -1 on error (INVALID).
 * The words must outlive the arguments, here and below. */
int arguments_take_global(Arguments *arguments, char *const *words, int count, GError **error);

/* Parses all words after the command's own. With -h among them, missing arguments are no error.
 * Errors: INVALID with a sentence for the user. */
bool arguments_parse(Arguments *arguments, const Command *command, char *const *words, int count,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The option tables of a command, NULL-ended: its own, those of its kind, the global ones. */
enum { OPTION_TABLES_MAX = 6 };
void command_option_tables(const Command *command, const OptionRow *tables[OPTION_TABLES_MAX]);

bool arguments_has(const Arguments *arguments, const char *option);

/* The last value of an option, or NULL. */
const char *arguments_text(const Arguments *arguments, const char *option);

/* The value of an integer option, or `fallback`; parsing has checked it. */
int64_t arguments_number(const Arguments *arguments, const char *option, int64_t fallback);

/* All values of an option in order; NULL if absent. Borrowed. */
const GPtrArray *arguments_values(const Arguments *arguments, const char *option);

/* The nth positional argument; NULL if absent. */
const char *arguments_positional(const Arguments *arguments, guint index);

/* The number of positional arguments. */
guint arguments_positional_count(const Arguments *arguments);
