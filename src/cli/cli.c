/* From main's arguments to an exit status.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/arguments.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/settings.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int
print_text(const GString *text)
{
    fputs(text->str, stdout);
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int
usage_failure(const Command *command, const GError *error)
{
    g_autoptr(GString) usage = g_string_new(NULL);
    if (command != NULL)
        help_usage(command, usage);
    fprintf(stderr, "%ssteel%s%s: error: %s\n", usage->str, command != NULL ? " " : "",
            command != NULL ? command->words : "", error->message);
    return EXIT_USAGE;
}

/* The words name no command: shows the commands that begin with most of them. */
static int
unknown_command(char *const *words, int count)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GString) typed = g_string_new(NULL);
    size_t known = 0;
    for (int i = 0; i < count && words[i][0] != '-'; i++) {
        g_string_append_printf(typed, "%s%s", i > 0 ? " " : "", words[i]);
        known++;
    }
    bool asks = count > (int)known &&
                (strcmp(words[known], "--help") == 0 || strcmp(words[known], "-h") == 0);
    if (asks && help_overview(words, known, text))
        return print_text(text);
    while (known > 0 && !help_overview(words, known, text))
        known--;
    if (typed->len == 0)
        fprintf(stderr, "steel: a command is missing; steel --help lists them\n");
    else if (known > 0)
        fprintf(stderr, "steel: there is no command '%s'\n%s", typed->str, text->str);
    else
        fprintf(stderr, "steel: there is no command '%s'; steel --help lists them\n", typed->str);
    return EXIT_USAGE;
}

/* "steel help node create" */
static int
run_help(char *const *words, int count)
{
    size_t used = 0;
    g_autoptr(GString) text = g_string_new(NULL);
    const Command *command = command_find(words, (size_t)count, &used);
    if (command != NULL && used == (size_t)count)
        help_command(command, text);
    else if (!help_overview(words, (size_t)count, text))
        return unknown_command(words, count);
    return print_text(text);
}

static OutputFormat
format_named(const char *name)
{
    static const struct {
        const char *name;
        OutputFormat format;
    } rows[] = {
        {"table", OUTPUT_TABLE},
        {"json",  OUTPUT_JSON},
        {"yaml",  OUTPUT_YAML},
        {"value", OUTPUT_VALUE},
        {"csv",   OUTPUT_CSV},
        {"shell", OUTPUT_SHELL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_strcmp0(name, rows[i].name) == 0)
            return rows[i].format;
    }
    return OUTPUT_TABLE;
}

static CsvQuote
quote_named(const char *name)
{
    if (g_strcmp0(name, "all") == 0)
        return CSV_QUOTE_ALL;
    if (g_strcmp0(name, "minimal") == 0)
        return CSV_QUOTE_MINIMAL;
    return g_strcmp0(name, "none") == 0 ? CSV_QUOTE_NONE : CSV_QUOTE_NONNUMERIC;
}

static int
environment_number(const char *name)
{
    const char *text = g_getenv(name);
    return text != NULL ? (int)CLAMP(g_ascii_strtoll(text, NULL, 10), 0, 10000) : 0;
}

static OutputOptions
output_options(const Arguments *arguments)
{
    struct winsize size = {0};
    bool terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return (OutputOptions){
        .format = format_named(arguments_text(arguments, "--format")),
        .columns = arguments_values(arguments, "--column"),
        .sort_columns = arguments_values(arguments, "--sort-column"),
        .sort_descending = arguments_has(arguments, "--sort-descending"),
        .noindent = arguments_has(arguments, "--noindent"),
        .print_empty = arguments_has(arguments, "--print-empty"),
        .fit_width =
            arguments_has(arguments, "--fit-width") || environment_number("CLIFF_FIT_WIDTH") > 0,
        .maximum_width = (int)arguments_number(arguments, "--max-width",
                                               environment_number("CLIFF_MAX_TERM_WIDTH")),
        .terminal_width = terminal ? size.ws_col : 0,
        .quote = quote_named(arguments_text(arguments, "--quote")),
        .prefix = arguments_text(arguments, "--prefix"),
    };
}

static bool
print_listing(Listing *listing, const Arguments *arguments, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    OutputOptions options = output_options(arguments);
    if (!output_render(listing, &options, text, error))
        return false;
    fwrite(text->str, 1, text->len, stdout);
    return fflush(stdout) == 0 || steel_fail(error, STEEL_ERROR_IO, "cannot write to stdout");
}

/* Connects, carries out and prints. */
static bool
run_and_print(const Command *command, const Arguments *arguments, GError **error)
{
    g_autoptr(Settings) settings = settings_new(arguments, error);
    if (settings == NULL)
        return false;
    g_autoptr(Session) session = session_new(settings, error);
    if (session == NULL)
        return false;
    Context context = {.command = command, .arguments = arguments, .session = session};
    bool done = command_run(&context, error);
    g_autoptr(Listing) listing = context.listing;
    return done && (listing == NULL || print_listing(listing, arguments, error));
}

static int
run_command(const Command *command, Arguments *arguments, char *const *words, int count)
{
    g_autoptr(GError) error = NULL;
    if (!arguments_parse(arguments, command, words, count, &error))
        return usage_failure(command, error);
    if (arguments_has(arguments, "--help")) {
        g_autoptr(GString) text = g_string_new(NULL);
        help_command(command, text);
        return print_text(text);
    }
    bool done = run_and_print(command, arguments, &error);
    fflush(stdout); /* progress is printed before the error */
    if (!done)
        fprintf(stderr, "%s\n", error->message);
    return done ? EXIT_DONE : EXIT_FAILED;
}

int
cli_main(int count, char **words)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_DFL); /* steel node list | head */
    g_autoptr(Arguments) arguments = arguments_new();
    g_autoptr(GError) error = NULL;
    int at = count > 0 ? arguments_take_global(arguments, words + 1, count - 1, &error) + 1 : 1;
    if (error != NULL)
        return usage_failure(NULL, error);
    words += at;
    count -= at;
    if (arguments_has(arguments, "--version")) {
        printf("steel %s\n", STEEL_VERSION);
        return EXIT_DONE;
    }
    if (arguments_has(arguments, "--help"))
        return run_help(words, count);
    if (count > 0 && strcmp(words[0], "help") == 0)
        return run_help(words + 1, count - 1);
    if (count > 0 && strcmp(words[0], "complete") == 0) {
        g_autoptr(GString) text = g_string_new(NULL);
        help_completion(text);
        return print_text(text);
    }
    size_t used = 0;
    const Command *command = command_find(words, (size_t)MAX(count, 0), &used);
    if (command == NULL)
        return unknown_command(words, count);
    return run_command(command, arguments, words + used, count - (int)used);
}
