/* The words behind a command, taken apart by its rows: options (also --name=value and unambiguous beginnings of a name,
 * as Python's argparse takes them) and positional arguments.
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

/* Takes global options off the front. Returns how many words that were; -1 on error (INVALID). The words must outlive
 * the arguments, here and below. */
int arguments_take_global(Arguments *arguments, char *const *words, int count, GError **error);

/* Takes all words behind the command's own. With -h among them nothing that is missing is an error.
 * Errors: INVALID with a sentence for whoever typed it. */
bool arguments_parse(Arguments *arguments, const Command *command, char *const *words, int count,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The option tables of a command, NULL-ended: its own, those of its kind, the global ones. */
enum { OPTION_TABLES_MAX = 6 };
void command_option_tables(const Command *command, const OptionRow *tables[OPTION_TABLES_MAX]);

bool arguments_has(const Arguments *arguments, const char *option);

/* The last value of an option, or NULL. */
const char *arguments_text(const Arguments *arguments, const char *option);

/* The value of an integer option, or `fallback`; parsing has seen to it that it is one. */
int64_t arguments_number(const Arguments *arguments, const char *option, int64_t fallback);

/* All values of an option in order; NULL when it was not given. Borrowed. */
const GPtrArray *arguments_values(const Arguments *arguments, const char *option);

/* The nth positional argument; NULL when there is none. */
const char *arguments_positional(const Arguments *arguments, guint index);

/* How many positional arguments there are. */
guint arguments_positional_count(const Arguments *arguments);
