/* Parsing a command line by the rows of a command.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/arguments.h"
#include <stdint.h>
#include <string.h>

const OptionRow global_options[] = {
#define SETTING(id, option, environment, cloud, metavar, help)                                     \
    {option, OPTION_TEXT, USE_BY_COMMAND, NULL, metavar, help},
#define GLOBAL_FLAG(option, letter_, help)                                                         \
    {option, OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, help, .letter = letter_},
#include "cli/settings.def"
#undef SETTING
    {NULL},
};

struct Arguments {
    GHashTable *options;    /* name (static) -> GPtrArray of borrowed values */
    GPtrArray *positionals; /* borrowed */
    GPtrArray *owned;       /* parts of words, made when a word was split */
};

/* Tables, one row each. */
/* clang-format off */
static const OptionRow output_options[] = {
    {"--column", OPTION_APPEND, USE_BY_COMMAND, NULL, "COLUMN", "print only these columns (repeatable)", .letter = "-c"},
    {"--noindent", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "JSON on one line"},
    {"--max-width", OPTION_INTEGER, USE_BY_COMMAND, NULL, "<integer>", "wrap the table to this width (also CLIFF_MAX_TERM_WIDTH)"},
    {"--fit-width", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "wrap the table to the terminal (also CLIFF_FIT_WIDTH=1)"},
    {"--print-empty", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "borders also around an empty table"},
    {0},
};

static const OptionRow list_output_options[] = {
    {"--format", OPTION_TEXT, USE_BY_COMMAND, NULL, "FORMAT", "table (default), json, yaml, value or csv", .letter = "-f", .choices = "csv|json|table|value|yaml"},
    {"--quote", OPTION_TEXT, USE_BY_COMMAND, NULL, "MODE", "which CSV fields are quoted", .choices = "all|minimal|none|nonnumeric"},
    {"--sort-column", OPTION_APPEND, USE_BY_COMMAND, NULL, "SORT_COLUMN", "order rows by this column (repeatable)"},
    {"--sort-ascending", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "smallest first", .group = "direction"},
    {"--sort-descending", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "largest first", .group = "direction"},
    {0},
};

static const OptionRow single_output_options[] = {
    {"--format", OPTION_TEXT, USE_BY_COMMAND, NULL, "FORMAT", "table (default), json, yaml, value or shell", .letter = "-f", .choices = "json|shell|table|value|yaml"},
    {"--prefix", OPTION_TEXT, USE_BY_COMMAND, NULL, "PREFIX", "before each name, with -f shell"},
    {0},
};

static const OptionRow page_options[] = {
    {"--limit", OPTION_INTEGER, USE_BY_COMMAND, NULL, "<limit>", "at most this many, over several requests if needed; 0: all. Default: one request, as many as the service gives", .natural = true},
    {"--marker", OPTION_TEXT, USE_QUERY_TEXT, "marker", "<id>", "begin after this one"},
    {"--sort", OPTION_TEXT, USE_BY_COMMAND, NULL, "<key>[:<direction>]", "order by these fields, asc or desc, separated by commas"},
    {0},
};

static const OptionRow column_options[] = {
    {"--long", OPTION_FLAG, USE_BY_COMMAND, NULL, NULL, "all fields", .group = "columns"},
    {"--fields", OPTION_FIELDS, USE_BY_COMMAND, NULL, "<field>", "only these fields", .group = "columns"},
    {0},
};

static const OptionRow show_options[] = {
    {"--fields", OPTION_FIELDS, USE_BY_COMMAND, NULL, "<field>", "only these fields"},
    {0},
};

static const OptionRow wait_options[] = {
    {"--wait", OPTION_OPTIONAL_INTEGER, USE_BY_COMMAND, NULL, "<seconds>", "wait until the node is there; without seconds, or 0, forever"},
    {0},
};
/* clang-format on */

Arguments *
arguments_new(void)
{
    Arguments *arguments = g_new0(Arguments, 1);
    arguments->options =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    arguments->positionals = g_ptr_array_new();
    arguments->owned = g_ptr_array_new_with_free_func(g_free);
    return arguments;
}

void
arguments_free(Arguments *arguments)
{
    if (arguments == NULL)
        return;
    g_hash_table_unref(arguments->options);
    g_ptr_array_unref(arguments->positionals);
    g_ptr_array_unref(arguments->owned);
    g_free(arguments);
}

void
command_option_tables(const Command *command, const OptionRow *tables[OPTION_TABLES_MAX])
{
    size_t count = 0;
    CommandOutput output = command_output(command);
    if (command->options != NULL)
        tables[count++] = command->options;
    if (command->kind == COMMAND_LIST && !command->noun->unpaged)
        tables[count++] = page_options;
    if (command->kind == COMMAND_LIST)
        tables[count++] = column_options;
    if (command->kind == COMMAND_SHOW && command->noun != NULL)
        tables[count++] = show_options;
    if (command->wait_for != NULL)
        tables[count++] = wait_options;
    if (output != PRINTS_NOTHING) {
        tables[count++] = output == PRINTS_LIST ? list_output_options : single_output_options;
        tables[count++] = output_options;
    }
    tables[count] = NULL;
}

/* The options of one parse: tables of the command (NULL-ended) and the global ones. */
typedef struct Parser {
    Arguments *arguments;
    const Command *command; /* NULL while only global options are taken */
    const OptionRow *tables[OPTION_TABLES_MAX + 1];
    char *const *words;
    int count;
    int at;
} Parser;

/* Other names that the reference client knows options by. */
static const char *
usual_name(const char *name)
{
    static const struct {
        const char *name, *usual;
    } rows[] = {
        {"--variable",         "--column"},
        {"--verbose",          "--debug"},
        {"--os-auth-plugin",   "--os-auth-type"},
        {"--os-api-version",   "--os-baremetal-api-version"},
        {"--os-endpoint-type", "--os-interface"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].usual;
    return name;
}

/* The row of an option: by letter, by its whole name, or by an unambiguous beginning. */
static const OptionRow *
find_option(const Parser *parser, const char *word, GError **error)
{
    const char *name = usual_name(word);
    const OptionRow *begun = NULL;
    bool ambiguous = false;
    for (const OptionRow *const *table = parser->tables; *table != NULL; table++) {
        for (const OptionRow *row = *table; row->name != NULL; row++) {
            if (strcmp(row->name, name) == 0 || g_strcmp0(row->letter, name) == 0)
                return row;
            if (!g_str_has_prefix(name, "--") || strlen(name) < 4 ||
                !g_str_has_prefix(row->name, name))
                continue;
            ambiguous = begun != NULL;
            begun = row;
        }
    }
    if (begun == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "unrecognized option: %s", word);
    else if (ambiguous)
        steel_fail(error, STEEL_ERROR_INVALID, "%s is the beginning of several options", name);
    return ambiguous ? NULL : begun;
}

/* A word that an option may take as its value: anything that does not look like an option
 * itself. */
static bool
is_value(const char *word)
{
    return word[0] != '-' || word[1] == '\0' || g_ascii_isdigit(word[1]);
}

static bool
is_integer(const char *text)
{
    gint64 number = 0;
    return g_ascii_string_to_signed(text, 10, INT32_MIN, INT32_MAX, &number, NULL);
}

/* True when `text` is one of the words in "a|b|c". */
static bool
is_choice(const char *choices, const char *text)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    return g_strv_contains((const char *const *)words, text);
}

static bool
check_value(const Parser *parser, const OptionRow *row, const char *value, GError **error)
{
    bool integer = row->type == OPTION_INTEGER || row->type == OPTION_OPTIONAL_INTEGER;
    if (integer && !is_integer(value))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s needs a whole number, not \"%s\"",
                          row->name, value);
    if (integer && row->natural && value[0] == '-')
        return steel_fail(error, STEEL_ERROR_INVALID, "Expected non-negative %s, got %s", row->name,
                          value);
    if (row->choices != NULL && !is_choice(row->choices, value))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s: \"%s\" is none of %s", row->name, value,
                          row->choices);
    if (row->type == OPTION_FIELDS && parser->command != NULL && parser->command->noun != NULL) {
        g_autoptr(GHashTable) names = noun_field_names(parser->command->noun);
        if (!g_hash_table_contains(names, value))
            return steel_fail(error, STEEL_ERROR_INVALID, "--fields: there is no field \"%s\"",
                              value);
    }
    return true;
}

/* The list of values of an option; made at its first use. */
static GPtrArray *
values_of(Arguments *arguments, const OptionRow *row)
{
    GPtrArray *values = g_hash_table_lookup(arguments->options, row->name);
    if (values == NULL) {
        values = g_ptr_array_new();
        g_hash_table_insert(arguments->options, (void *)(uintptr_t)row->name, values);
    }
    return values;
}

/* Adds a value; --fields also takes several in one word, separated by commas. */
static bool
add_value(Parser *parser, const OptionRow *row, const char *value, GError **error)
{
    GPtrArray *values = values_of(parser->arguments, row);
    if (row->type != OPTION_FIELDS) {
        if (!check_value(parser, row, value, error))
            return false;
        g_ptr_array_add(values, (void *)(uintptr_t)value);
        return true;
    }
    g_auto(GStrv) names = g_strsplit(value, ",", -1);
    for (char **name = names; *name != NULL; name++) {
        if (!check_value(parser, row, *name, error))
            return false;
        char *owned = g_strdup(*name);
        g_ptr_array_add(parser->arguments->owned, owned);
        g_ptr_array_add(values, owned);
    }
    return true;
}

/* Takes the values that follow an option as separate words. */
static bool
take_values(Parser *parser, const OptionRow *row, GError **error)
{
    const char *next = parser->at < parser->count ? parser->words[parser->at] : NULL;
    if (row->type == OPTION_OPTIONAL_INTEGER) {
        if (next == NULL || !is_integer(next))
            return true; /* alone; the word is the next argument */
        parser->at++;
        return add_value(parser, row, next, error);
    }
    if (next == NULL || !is_value(next))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s needs a value", row->name);
    do {
        if (!add_value(parser, row, parser->words[parser->at++], error))
            return false;
        next = parser->at < parser->count ? parser->words[parser->at] : NULL;
    } while (row->type == OPTION_FIELDS && next != NULL && is_value(next));
    return true;
}

/* Takes the option at the parser's place, with its values. */
static bool
take_option(Parser *parser, GError **error)
{
    const char *word = parser->words[parser->at++];
    const char *value = NULL;
    g_autofree char *name = NULL;
    if (g_str_has_prefix(word, "--")) {
        value = strchr(word, '=');
        name = g_strndup(word, value != NULL ? (size_t)(value - word) : strlen(word));
        value += value != NULL;
    } else { /* -f json, -fjson */
        name = g_strndup(word, 2);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    const OptionRow *row = find_option(parser, name, error);
    if (row == NULL)
        return false;
    values_of(parser->arguments, row);
    if (row->type == OPTION_FLAG && value != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s takes no value", row->name);
    if (row->type == OPTION_FLAG)
        return true;
    return value != NULL ? add_value(parser, row, value, error) : take_values(parser, row, error);
}

int
arguments_take_global(Arguments *arguments, char *const *words, int count, GError **error)
{
    Parser parser = {
        .arguments = arguments, .tables = {global_options}, .words = words, .count = count};
    while (parser.at < count && words[parser.at][0] == '-' && words[parser.at][1] != '\0') {
        if (!take_option(&parser, error))
            return -1;
    }
    return parser.at;
}

/* Of the rows that are required, one that is absent and that no other of its group replaces. */
static bool
check_required(const OptionRow *const *tables, const Arguments *arguments, GHashTable *seen,
               GError **error)
{
    for (; *tables != NULL; tables++) {
        for (const OptionRow *row = *tables; row->name != NULL; row++) {
            bool given = arguments_has(arguments, row->name) ||
                         (row->group != NULL && g_hash_table_contains(seen, row->group));
            if (row->required && !given)
                return steel_fail(error, STEEL_ERROR_INVALID, "%s %s is required", row->name,
                                  row->metavar);
        }
    }
    return true;
}

static bool
check_groups(const Arguments *arguments, const OptionRow *const *tables, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (const OptionRow *const *table = tables; *table != NULL; table++) {
        for (const OptionRow *row = *table; row->name != NULL; row++) {
            if (row->group == NULL || !arguments_has(arguments, row->name))
                continue;
            const char *other = g_hash_table_lookup(seen, row->group);
            if (other != NULL)
                return steel_fail(error, STEEL_ERROR_INVALID, "%s and %s cannot be given together",
                                  other, row->name);
            g_hash_table_insert(seen, (void *)(uintptr_t)row->group, (void *)(uintptr_t)row->name);
        }
    }
    return check_required(tables, arguments, seen, error);
}

static bool
check_positionals(const Arguments *arguments, const Command *command, GError **error)
{
    guint given = arguments->positionals->len, taken = 0;
    for (const PositionalRow *row = command->positionals; row != NULL && row->metavar != NULL;
         row++) {
        bool replaced = row->unless != NULL && arguments_has(arguments, row->unless);
        if (replaced && taken < given)
            return steel_fail(error, STEEL_ERROR_INVALID, "%s and %s cannot be given together",
                              row->metavar, row->unless);
        if (taken >= given) {
            if (row->optional || replaced)
                return true;
            return steel_fail(error, STEEL_ERROR_INVALID, "%s is required", row->metavar);
        }
        const char *text = g_ptr_array_index(arguments->positionals, taken);
        if (row->choices != NULL && !is_choice(row->choices, text))
            return steel_fail(error, STEEL_ERROR_INVALID, "%s: \"%s\" is none of %s", row->metavar,
                              text, row->choices);
        if (text[0] == '\0')
            return steel_fail(error, STEEL_ERROR_INVALID, "%s must not be empty", row->metavar);
        taken = row->several ? given : taken + 1;
    }
    if (taken < given)
        return steel_fail(error, STEEL_ERROR_INVALID, "unrecognized argument: %s",
                          (const char *)g_ptr_array_index(arguments->positionals, taken));
    return true;
}

bool
arguments_parse(Arguments *arguments, const Command *command, char *const *words, int count,
                GError **error)
{
    Parser parser = {.arguments = arguments, .command = command, .words = words, .count = count};
    command_option_tables(command, parser.tables);
    size_t tables = 0;
    while (parser.tables[tables] != NULL)
        tables++;
    parser.tables[tables] = global_options; /* the rest of the array is zero */

    bool only_positionals = false;
    while (parser.at < count) {
        const char *word = words[parser.at];
        if (!only_positionals && strcmp(word, "--") == 0) {
            only_positionals = true;
            parser.at++;
        } else if (!only_positionals && word[0] == '-' && word[1] != '\0') {
            if (!take_option(&parser, error))
                return false;
        } else {
            g_ptr_array_add(arguments->positionals, (void *)(uintptr_t)word);
            parser.at++;
        }
    }
    if (arguments_has(arguments, "--help"))
        return true;
    parser.tables[tables] = NULL;
    return check_positionals(arguments, command, error) &&
           check_groups(arguments, parser.tables, error);
}

bool
arguments_has(const Arguments *arguments, const char *option)
{
    return g_hash_table_contains(arguments->options, option);
}

const GPtrArray *
arguments_values(const Arguments *arguments, const char *option)
{
    return g_hash_table_lookup(arguments->options, option);
}

const char *
arguments_text(const Arguments *arguments, const char *option)
{
    const GPtrArray *values = arguments_values(arguments, option);
    return values != NULL && values->len > 0 ? g_ptr_array_index(values, values->len - 1) : NULL;
}

int64_t
arguments_number(const Arguments *arguments, const char *option, int64_t fallback)
{
    const char *text = arguments_text(arguments, option);
    return text != NULL ? g_ascii_strtoll(text, NULL, 10) : fallback;
}

guint
arguments_positional_count(const Arguments *arguments)
{
    return arguments->positionals->len;
}

const char *
arguments_positional(const Arguments *arguments, guint index)
{
    return index < arguments->positionals->len ? g_ptr_array_index(arguments->positionals, index)
                                               : NULL;
}
