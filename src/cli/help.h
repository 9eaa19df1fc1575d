/* Help made from the command table.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/command.h"

/* Appends what the program is, its global options and all commands; with words ("node", "power")
 * only the commands that begin with them. False if none does. */
bool help_overview(char *const *words, size_t count, GString *out);

/* Appends "usage: steel node power on …" on one or more lines. */
void help_usage(const Command *command, GString *out);

/* Appends usage, explanation, arguments and options of a command. */
void help_command(const Command *command, GString *out);

/* Appends a bash completion script: words of commands and their options. */
void help_completion(GString *out);
