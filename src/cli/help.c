/* Texts of --help and help, and bash completion.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
#include "cli/arguments.h"
#include "cli/table.h"
#include <stdint.h>
#include <string.h>

enum { HELP_COLUMN = 34, HELP_WIDTH = 100 };

/* One line of two columns; a long text continues below itself. */
static void
append_two_columns(const char *left, const char *right, GString *out)
{
    g_autoptr(GPtrArray) lines = text_wrap(right, HELP_WIDTH - HELP_COLUMN);
    bool fits = strlen(left) + 3 < HELP_COLUMN;
    g_string_append_printf(out, "  %-*s", fits ? HELP_COLUMN - 2 : 0, left);
    for (guint i = 0; i < lines->len; i++) {
        if (i > 0 || !fits)
            g_string_append_printf(out, "\n%*s", HELP_COLUMN, "");
        g_string_append(out, g_ptr_array_index(lines, i));
    }
    g_string_append_c(out, '\n');
}

/* "-f, --format FORMAT" */
static char *
option_text(const OptionRow *row)
{
    GString *text = g_string_new(NULL);
    if (row->letter != NULL)
        g_string_append_printf(text, "%s, ", row->letter);
    g_string_append(text, row->name);
    if (row->metavar != NULL) {
        const char *format = row->type == OPTION_OPTIONAL_INTEGER ? " [%s]"
                             : row->type == OPTION_FIELDS         ? " %s ..."
                                                                  : " %s";
        bool bracket = format[1] == '[', dots = g_str_has_suffix(format, "...");
        g_string_append_printf(text, " %s%s%s%s", bracket ? "[" : "", row->metavar,
                               bracket ? "]" : "", dots ? " ..." : "");
    }
    return g_string_free(text, false);
}

static void
option_lines(const OptionRow *rows, GString *out)
{
    for (; rows->name != NULL; rows++) {
        g_autofree char *left = option_text(rows);
        g_autofree char *right = g_strconcat(rows->help, rows->required ? " [required]" : "", NULL);
        append_two_columns(left, right, out);
    }
}

void
help_usage(const Command *command, GString *out)
{
    g_string_append_printf(out, "usage: steel %s [options]", command->words);
    for (const OptionRow *row = command->options; row != NULL && row->name != NULL; row++) {
        if (row->required)
            g_string_append_printf(out, " %s %s", row->name, row->metavar);
    }
    for (const PositionalRow *row = command->positionals; row != NULL && row->metavar != NULL;
         row++)
        g_string_append_printf(out, row->optional || row->unless != NULL ? " [%s%s]" : " %s%s",
                               row->metavar, row->several ? " ..." : "");
    g_string_append_c(out, '\n');
}

void
help_command(const Command *command, GString *out)
{
    const OptionRow *tables[OPTION_TABLES_MAX];
    command_option_tables(command, tables);
    help_usage(command, out);
    g_string_append_printf(out, "\n%s.", command->help);
    if (command->version != NULL)
        g_string_append_printf(out, " Needs API version %s.", command->version);
    if (command->wait_for != NULL)
        g_string_append_printf(out, " The node then becomes %s.", command->wait_for);
    g_string_append(out, "\n\n");
    for (const PositionalRow *row = command->positionals; row != NULL && row->metavar != NULL;
         row++) {
        g_autofree char *right = g_strconcat(row->help, row->choices != NULL ? ": " : "",
                                             row->choices != NULL ? row->choices : "", NULL);
        append_two_columns(row->metavar, right, out);
    }
    for (size_t i = 0; tables[i] != NULL; i++)
        option_lines(tables[i], out);
    g_string_append(out, "\nOptions for the connection: steel --help\n");
}

static bool
begins_with(const Command *command, const char *beginning)
{
    size_t length = strlen(beginning);
    return strncmp(command->words, beginning, length) == 0 &&
           (length == 0 || command->words[length] == ' ' || command->words[length] == '\0');
}

static int
compare_commands(const void *left, const void *right)
{
    const Command *const *commands[] = {left, right};
    return strcmp((*commands[0])->words, (*commands[1])->words);
}

/* The commands that begin with these words, in alphabetical order. */
static GPtrArray *
commands_below(const char *beginning)
{
    GPtrArray *found = g_ptr_array_new();
    for (const Command *const *table = command_tables; *table != NULL; table++) {
        for (const Command *command = *table; command->words != NULL; command++) {
            if (begins_with(command, beginning))
                g_ptr_array_add(found, (void *)(uintptr_t)command);
        }
    }
    g_ptr_array_sort(found, compare_commands);
    return found;
}

bool
help_overview(char *const *words, size_t count, GString *out)
{
    g_autoptr(GString) beginning = g_string_new(NULL);
    for (size_t i = 0; i < count; i++)
        g_string_append_printf(beginning, "%s%s", i > 0 ? " " : "", words[i]);
    g_autoptr(GPtrArray) found = commands_below(beginning->str);
    if (found->len == 0)
        return false;
    if (count == 0) {
        g_string_append(out, "usage: steel [connection options] <command> [options]\n\n"
                             "Command line client of the bare metal service.\n\nConnection:\n");
        option_lines(global_options, out);
        g_string_append(out, "\nEach also has an environment variable: OS_ENDPOINT, OS_AUTH_TYPE, "
                             "OS_USERNAME, OS_PASSWORD, OS_CLOUD ...\n\n");
    }
    g_string_append(out, "Commands (steel help <command> explains one):\n");
    for (guint i = 0; i < found->len; i++) {
        const Command *command = g_ptr_array_index(found, i);
        append_two_columns(command->words, command->help, out);
    }
    return true;
}

static void
completion_case(const char *words, GString *out)
{
    g_autoptr(GPtrArray) found = commands_below(words);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t skip = words[0] != '\0' ? strlen(words) + 1 : 0;
    g_string_append_printf(out, "    '%s') words='", words);
    for (guint i = 0; i < found->len; i++) {
        const Command *command = g_ptr_array_index(found, i);
        if (strlen(command->words) < skip)
            continue;
        const char *rest = command->words + skip;
        char *word = g_strndup(rest, strcspn(rest, " "));
        bool fresh = !g_hash_table_contains(seen, word);
        if (fresh)
            g_string_append_printf(out, "%s ", word);
        g_hash_table_add(seen, word);
    }
    for (guint i = 0; i < found->len; i++) {
        const Command *command = g_ptr_array_index(found, i);
        if (strcmp(command->words, words) != 0)
            continue;
        const OptionRow *tables[OPTION_TABLES_MAX];
        command_option_tables(command, tables);
        for (size_t j = 0; tables[j] != NULL; j++) {
            for (const OptionRow *row = tables[j]; row->name != NULL; row++)
                g_string_append_printf(out, "%s ", row->name);
        }
    }
    g_string_append(out, "';;\n");
}

/* Adds each beginning of a command's words: "", "node", "node power". */
static void
add_beginnings(GHashTable *beginnings, const char *words)
{
    g_hash_table_add(beginnings, g_strdup(""));
    for (const char *at = strchr(words, ' '); at != NULL; at = strchr(at + 1, ' '))
        g_hash_table_add(beginnings, g_strndup(words, (size_t)(at - words)));
    g_hash_table_add(beginnings, g_strdup(words));
}

static int
compare_texts(const void *left, const void *right)
{
    return strcmp(left, right);
}

void
help_completion(GString *out)
{
    g_autoptr(GHashTable) beginnings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) all = commands_below("");
    for (guint i = 0; i < all->len; i++)
        add_beginnings(beginnings, ((const Command *)g_ptr_array_index(all, i))->words);
    g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(beginnings), compare_texts);
    g_string_append(out, "# bash completion for steel: eval \"$(steel complete)\"\n"
                         "_steel() {\n"
                         "  local path='' words='' i\n"
                         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                         "    case \"${COMP_WORDS[i]}\" in -*) break;; esac\n"
                         "    path=\"${path:+$path }${COMP_WORDS[i]}\"\n"
                         "  done\n"
                         "  case \"$path\" in\n");
    for (GList *item = sorted; item != NULL; item = item->next)
        completion_case(item->data, out);
    g_string_append(out, "  esac\n"
                         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
                         "}\n"
                         "complete -F _steel steel\n");
}
