/* The daemon: reads its configuration, opens the database, starts its parts in order, waits for a
 * signal, and stops them in the reverse order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/api.h"
#include "bmc/http_engine/engine.h"
#include "bmc/ilo/ilo.h"
#include "bmc/ipmi/client/client.h"
#include "bmc/redfish/client.h"
#include "bus/notifier.h"
#include "cmd/database.h"
#include "common/config.h"
#include "common/log.h"
#include "common/mistakes.h"
#include "conductor/conductor.h"
#include "db/db.h"
#include "drivers/boot/loader_files.h"
#include "drivers/image_login.h"
#include "drivers/registry.h"
#include "model/provision_states.h"
#include "netboot/boot_server.h"
#include "netboot/instructions.h"
#include "openstack/session.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: steeld [--config-file FILE]... [--config-dir DIR]... [--set section.option=value]... "
    "[COMMAND]\n"
    "\n"
    "Without a command: run the service in the foreground until SIGTERM; SIGHUP reloads.\n"
    "  db upgrade            migrate the database to this version's schema\n"
    "  db copy FROM [TO]     copy a database to an empty one (the configured one), and prove it\n"
    "  config check          report every mistake of the configuration, without starting\n"
    "  config show [--json]  every option with its value, default and help\n"
    "  config reference      the table of options as Markdown\n"
    "  config policy         the access policy: every rule as YAML, as the policy files change it\n"
    "  states                the provision state machine as a graphviz document\n"
    "  version               this program's version\n";

/* The running parts. Members are started in this order and stopped in the reverse one. */
typedef struct Daemon {
    Db *db;
    Events *events;
    Notifier *notifier;
    ProgressBoard *progress;
    BmcClients bmc;
    LoginGuard *guard; /* of the clients that speak HTTP */
    Openstack *openstack;
    Conductor *conductor;
    BootServer *boot_server;
    Rpc *rpc;
    Api *api;
} Daemon;

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
}

/* Reads the options and the environment. argv[*rest] is then the command's first word. Errors: all
 * mistakes. */
static bool
read_options(Config *config, int argc, char **argv, int *rest, GError **error)
{
    static const char *const names[] = {"--config-file", "--config-dir", "--set", NULL};
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

static bool
make_state_path(const Config *config, GError **error)
{
    const char *path = config_string(config, OPT_STATE_PATH);
    if (g_mkdir_with_parents(path, 0750) == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_IO, "[DEFAULT]state_path %s cannot be made: %s", path,
                      g_strerror(errno));
}

static bool
boot_report(void *user, const BootReport *report, GError **error)
{
    const Daemon *daemon = user;
    return conductor_boot_report(daemon->conductor, report, error);
}

static bool
instructions(void *user, const HttpAddress *from, BootInstructions *out, GError **error)
{
    const Daemon *daemon = user;
    const BootSource source = {daemon->db, &boot_network};
    return boot_instructions_load(&source, from, out, error);
}

static bool
believes(void *user, const char *mac, const HttpAddress *from, const char *token, BootPhase phase,
         char **node_uuid, GError **error)
{
    const Daemon *daemon = user;
    const BootSource source = {daemon->db, &boot_network};
    return boot_report_check(&source, mac, from, token, phase, node_uuid, error);
}

static bool
start_boot_server(Daemon *daemon, GError **error)
{
    const Config *config = config_current();
    if (!config_boolean(config, OPT_BOOT_SERVER_ENABLED))
        return true;
    const BootServerOptions options = {
        .host = config_string(config, OPT_BOOT_SERVER_HOST_IP),
        .port = (unsigned)config_integer(config, OPT_BOOT_SERVER_PORT),
        .connections_per_address =
            (unsigned)config_integer(config, OPT_BOOT_SERVER_MAX_CONNECTIONS_PER_ADDRESS),
        .trusted_proxies = config_list(config, OPT_BOOT_SERVER_TRUSTED_PROXIES),
        .requests_per_second =
            (unsigned)config_integer(config, OPT_BOOT_SERVER_MAX_REQUESTS_PER_SECOND),
        .root = config_string(config, OPT_DEPLOY_HTTP_ROOT),
        .hooks = {.instructions = instructions, .believes = believes, .report = boot_report},
        .user = daemon,
    };
    daemon->boot_server = boot_server_start(&options, error);
    return daemon->boot_server != NULL;
}

static bool
start(Daemon *daemon, GError **error)
{
    if (!config_check_api(config_current(), error) || !make_state_path(config_current(), error) ||
        !database_open(&daemon->db, error))
        return false;
    daemon->events = events_new();
    daemon->notifier = notifier_new(config_current(), error);
    if (daemon->notifier == NULL)
        return false;
    daemon->progress = progress_board_new();
    daemon->bmc.ipmi = ipmi_client_new(error);
    daemon->bmc.http = daemon->bmc.ipmi != NULL ? http_engine_new(NULL, error) : NULL;
    if (daemon->bmc.http == NULL)
        return false;
    daemon->guard = login_guard_new(0, 0);
    daemon->bmc.redfish = redfish_client_new(daemon->bmc.http, daemon->guard);
    daemon->bmc.ilo = ilo_client_new(daemon->bmc.http, daemon->guard, daemon->bmc.redfish);
    daemon->openstack = openstack_new(config_current());
    const ConductorServices services = {.db = daemon->db,
                                        .bmc = daemon->bmc,
                                        .events = daemon->events,
                                        .notifier = daemon->notifier,
                                        .boot_url =
                                            config_string(config_current(), OPT_DEPLOY_HTTP_URL),
                                        .progress = daemon->progress,
                                        .openstack = daemon->openstack};
    daemon->conductor = conductor_new(&services, error);
    if (daemon->conductor == NULL || !start_boot_server(daemon, error))
        return false;
    daemon->rpc = rpc_new(&conductor_transport, daemon->conductor);
    const ApiServices api_services = {daemon->db, daemon->rpc, daemon->events, daemon->progress};
    daemon->api = api_start(&api_services, error);
    return daemon->api != NULL;
}

/* BMCs have few sessions: none is left open on those that answer. */
static void
close_redfish(Daemon *daemon)
{
    enum { LIMIT_MS = 5000 };
    if (daemon->bmc.redfish == NULL)
        return;
    unsigned left = redfish_client_close(daemon->bmc.redfish, LIMIT_MS);
    if (left > 0)
        log_warning("bmc.redfish",
                    "%u BMCs have not answered when their sessions were deleted; they end by "
                    "themselves",
                    left);
}

/* How long RabbitMQ may take for the last notifications. */
enum { NOTIFIER_LIMIT_MS = 4000 };

static void
stop(Daemon *daemon)
{
    bool answered = api_stop(daemon->api);
    boot_server_stop(daemon->boot_server);
    if (!conductor_stop(daemon->conductor) || !answered)
        _exit(0); /* running work still uses all of this; the next start continues the work */
    ipmi_client_free(daemon->bmc.ipmi);
    ilo_client_free(daemon->bmc.ilo);
    close_redfish(daemon);
    http_engine_free(daemon->bmc.http);
    redfish_client_free(daemon->bmc.redfish);
    login_guard_free(daemon->guard);
    conductor_free(daemon->conductor);
    openstack_free(daemon->openstack);
    rpc_free(daemon->rpc);
    events_free(daemon->events);
    progress_board_free(daemon->progress);
    db_close(daemon->db);
    if (!notifier_stop(daemon->notifier, NOTIFIER_LIMIT_MS))
        _exit(0);
}

/* The file of the log, or NULL for standard error. */
static char *
log_path(const Config *config)
{
    const char *file = config_string(config, OPT_LOG_FILE);
    const char *folder = config_string(config, OPT_LOG_DIR);
    if (file == NULL && folder == NULL)
        return NULL;
    if (file != NULL && g_path_is_absolute(file))
        return g_strdup(file);
    return g_build_filename(folder != NULL ? folder : config_string(config, OPT_STATE_PATH),
                            file != NULL ? file : "steeld.log", NULL);
}

/* Opens the configured log; called again after a file was rotated. */
static bool
open_log(GError **error)
{
    const Config *config = config_current();
    g_autofree char *path = log_path(config);
    log_set_json(config_boolean(config, OPT_USE_JSON));
    log_set_level(config_boolean(config, OPT_DEBUG) ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    return path == NULL || (make_state_path(config, error) && log_open(path, error));
}

/* Logs a line for each mistake. */
static void
log_mistakes(const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        log_error("steeld", "the configuration was not reloaded: %s", *line);
}

/* SIGHUP: each part is read again by itself. A part with a mistake keeps its old state. */
static void
reload(Daemon *daemon)
{
    g_autoptr(GError) config = NULL, log = NULL, certificate = NULL;
    if (!config_reload(&config))
        log_mistakes(config);
    if (!open_log(&log))
        log_error("steeld", "%s", log->message);
    if (!api_reload(daemon->api, &certificate))
        log_error("steeld", "the certificate was not reloaded: %s", certificate->message);
    if (config == NULL && log == NULL && certificate == NULL)
        log_info("steeld", "the configuration was reloaded");
}

/* Every thread blocks the signals, and one reads them here, so that no work is done in a
 * handler. */
static int
block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The memory holds passwords of BMCs, volumes and users: no core dumps, and no access by other
 * processes of the same user. A sanitizer needs such access to find leaks, so it is exempt. */
static void
keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    if (config_boolean(config_current(), OPT_CORE_DUMPS))
        return;
    setrlimit(RLIMIT_CORE, &none);
#ifndef STEEL_SANITIZED
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* How often in a row the reading of a signal may fail. */
#define READ_TRIES 100
#define TRIM_INTERVAL_MS (60 * 1000)

/* Waits for a signal. Meanwhile, returns the allocator's free memory to the system. */
static void
wait_for_signal(int signals)
{
    struct pollfd ready = {.fd = signals, .events = POLLIN};
    while (poll(&ready, 1, TRIM_INTERVAL_MS) == 0)
        malloc_trim(0);
}

static void
wait_for_end(Daemon *daemon, int signals)
{
    struct signalfd_siginfo info;
    for (unsigned failures = 0; failures < READ_TRIES; failures++) {
        wait_for_signal(signals);
        /* a debugger that attaches or detaches interrupts the call, with EINTR or another error */
        if (read(signals, &info, sizeof info) != sizeof info)
            continue;
        failures = 0;
        if (info.ssi_signo != SIGHUP) {
            log_info("steeld", "stopping: %s", strsignal((int)info.ssi_signo));
            return;
        }
        reload(daemon);
    }
    log_error("steeld", "stopping: signals cannot be read: %s", strerror(errno));
}

static int
run(void)
{
    g_autoptr(GError) error = NULL;
    Daemon daemon = {0};
    int signals = block_signals();
    keep_memory_private();
    bool started =
        open_log(&error) && loader_files_place(config_current(), &error) && start(&daemon, &error);
    if (started) {
        log_info("steeld", "Steel %s serves the API on port %u", STEEL_VERSION,
                 api_port(daemon.api));
        wait_for_end(&daemon, signals);
    }
    stop(&daemon);
    close(signals);
    return started ? 0 : fail_config(error);
}

static int
run_database_command(int count, char **words)
{
    g_autoptr(GError) error = NULL;
    bool good = make_state_path(config_current(), &error) && database_command(count, words, &error);
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
    if (strcmp(first, "db") == 0 && (strcmp(second, "upgrade") == 0 || strcmp(second, "copy") == 0))
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
