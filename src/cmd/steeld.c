/* The program steeld: reads its options, and runs the daemon or one of its commands.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "bus/notifier.h"
#include "cmd/daemon.h"
#include "cmd/database.h"
#include "cmd/rpc_parts.h"
#include "common/config.h"
#include "common/log.h"
#include "common/mistakes.h"
#include "db/db.h"
#include "drivers/console/sol_console.h"
#include "drivers/image_login.h"
#include "drivers/registry.h"
#include "model/provision_states.h"
#include "rpc/json_rpc_server.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: steeld [--config-file FILE]... [--config-dir DIR]... [--set section.option=value]... "
    "[--role ROLE] [COMMAND]\n"
    "\n"
    "Without a command: run the service in the foreground until SIGTERM; SIGHUP reloads;\n"
    "                        SIGUSR2 takes no new work, and ends it when the old has ended\n"
    "ROLE is all (API and conductor, the default), api, or conductor.\n"
    "  db upgrade            migrate the database to this version's schema\n"
    "  db seal               seal all secrets in the database with the first key of the file\n"
    "  db rekey              make a new key, put it first, and seal all secrets with it\n"
    "  db copy FROM [TO]     copy a database to an empty one (the configured one), and prove it\n"
    "  config check          report every mistake of the configuration, without starting\n"
    "  config show [--json]  every option with its value, default and help\n"
    "  config reference      the table of options as Markdown\n"
    "  config policy         the access policy: every rule as YAML, as the policy files change it\n"
    "  states                the provision state machine as a graphviz document\n"
    "  version               this program's version\n";

static Role role = ROLE_ALL; /* set before any thread starts */

static int
fail(const GError *error)
{
    fprintf(stderr, "steeld: %s\n", error->message);
    return 1;
}

/* Prints a line for each mistake of the configuration. */
static int
fail_config(const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    if (lines[1] == NULL || strstr(error->message, usage) != NULL)
        return fail(error);
    fprintf(stderr, "steeld: several mistakes:\n");
    for (char **line = lines; *line != NULL; line++)
        fprintf(stderr, "  %s\n", *line);
    return 1;
}

static bool
check_database(const Config *config, GError **error)
{
    if (db_check_url(config_string(config, OPT_DATABASE_CONNECTION), error))
        return true;
    g_prefix_error(error, "%s: ", config_origin(config, OPT_DATABASE_CONNECTION));
    return false;
}

static bool
read_option(Config *config, const char *name, const char *value, GError **error)
{
    if (strcmp(name, "--config-file") == 0)
        return config_load_file(config, value, error);
    if (strcmp(name, "--config-dir") == 0)
        return config_load_directory(config, value, error);
    if (strcmp(name, "--role") == 0)
        return role_parse(value, &role, error);
    return config_set(config, value, error);
}

/* A configuration that is only shown may belong to another machine, or to Ironic. */
static bool
is_used(int count, char **words)
{
    return count == 0 || strcmp(words[0], "db") == 0 ||
           (count > 1 && strcmp(words[0], "config") == 0 && strcmp(words[1], "check") == 0);
}

static void
add_checks(Config *config)
{
    config_add_check(config, config_check_api);
    config_add_check(config, check_database);
    config_add_check(config, registry_check);
    config_add_check(config, image_login_check);
    config_add_check(config, notifier_check);
    config_add_check(config, sol_console_check);
    config_add_check(config, json_rpc_check);
}

/* Reads the options and the environment. argv[*rest] is then the command's first word. Errors: all
 * mistakes. */
static bool
read_options(Config *config, int argc, char **argv, int *rest, GError **error)
{
    static const char *const names[] = {"--config-file", "--config-dir", "--set", "--role", NULL};
    g_autoptr(Mistakes) mistakes = mistakes_new();
    GError *mistake = NULL;
    int i = 1;
    for (; i < argc && g_str_has_prefix(argv[i], "--"); i += 2) {
        if (!g_strv_contains(names, argv[i]))
            return steel_fail(error, STEEL_ERROR_CONFIG, "unknown option %s\n%s", argv[i], usage);
        if (i + 1 >= argc)
            return steel_fail(error, STEEL_ERROR_CONFIG, "%s needs a value\n%s", argv[i], usage);
        if (!read_option(config, argv[i], argv[i + 1], &mistake))
            mistakes_take(mistakes, g_steal_pointer(&mistake));
    }
    *rest = i;
    if (!config_load_environment(config, (const char *const *)environ, &mistake))
        mistakes_take(mistakes, g_steal_pointer(&mistake));
    if (is_used(argc - i, argv + i))
        add_checks(config);
    if (!config_finish(config, &mistake))
        mistakes_take(mistakes, g_steal_pointer(&mistake));
    return mistakes_report(mistakes, error);
}

static int
run(void)
{
    g_autoptr(GError) error = NULL;
    return daemon_run(role, &error) ? 0 : fail_config(error);
}

static int
run_database_command(int count, char **words)
{
    g_autoptr(GError) error = NULL;
    bool good =
        daemon_make_state_path(config_current(), &error) && database_command(count, words, &error);
    return good ? 0 : fail(error);
}

static int
print(char *text)
{
    fputs(text, stdout);
    g_free(text);
    return 0;
}

/* The mistakes are reported before; this warns of the names that are left out. */
static int
check_config(void)
{
    g_autoptr(GError) error = NULL;
    Registry *registry = registry_new(config_current(), &error);
    if (registry == NULL)
        return fail(error);
    registry_free(registry);
    bool judged = strcmp(config_string(config_current(), OPT_AUTH_STRATEGY), "keystone") == 0;
    g_autofree char *policy = judged ? access_policy_yaml(config_current(), &error) : NULL;
    if (judged && policy == NULL)
        return fail_config(error);
    return print(g_strdup("the configuration is good\n"));
}

static int
print_policy(void)
{
    g_autoptr(GError) error = NULL;
    char *text = access_policy_yaml(config_current(), &error);
    return text != NULL ? print(text) : fail_config(error);
}

static int
run_command(int count, char **words)
{
    const char *first = count > 0 ? words[0] : "", *second = count > 1 ? words[1] : "";
    if (count == 0)
        return run();
    if (strcmp(first, "db") == 0 && *second != '\0')
        return run_database_command(count - 1, words + 1);
    if (strcmp(first, "config") == 0 && strcmp(second, "check") == 0)
        return check_config();
    if (strcmp(first, "config") == 0 && strcmp(second, "show") == 0)
        return print(config_show(config_current(), count > 2 && strcmp(words[2], "--json") == 0));
    if (strcmp(first, "config") == 0 && strcmp(second, "reference") == 0)
        return print(config_reference_markdown());
    if (strcmp(first, "config") == 0 && strcmp(second, "policy") == 0)
        return print_policy();
    if (strcmp(first, "states") == 0)
        return print(states_dot());
    if (strcmp(first, "version") == 0)
        return print(g_strdup("steeld " STEEL_VERSION "\n"));
    fputs(usage, stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return print(g_strdup(usage));
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    int rest = 1;
    if (!read_options(config, argc, argv, &rest, &error)) {
        config_free(config);
        return fail_config(error);
    }
    config_publish(config);
    log_set_level(config_boolean(config, OPT_DEBUG) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    log_find_journal();
    int status = run_command(argc - rest, argv + rest);
    config_shutdown();
    return status;
}
