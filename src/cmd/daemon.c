/* The parts of the daemon; the contract is in daemon.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cmd/daemon.h"

#include "api/api.h"
#include "bmc/http_rests.h"
#include "bmc/ilo/ilo.h"
#include "bmc/ipmi/client/client.h"
#include "bmc/redfish/client.h"
#include "bus/notifier.h"
#include "cmd/database.h"
#include "cmd/rpc_parts.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/conductor.h"
#include "db/db.h"
#include "drivers/boot/loader_files.h"
#include "http/metrics_server.h"
#include "http_engine/engine.h"
#include "netboot/boot_server.h"
#include "netboot/instructions.h"
#include "openstack/session.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The running parts. Members are started in this order and stopped in the reverse one. */
typedef struct Daemon {
    Db *db;
    Events *events;
    Notifier *notifier;
    ProgressBoard *progress;
    BmcClients bmc;
    Openstack *openstack;
    Conductor *conductor;
    BootServer *boot_server;
    RpcParts *rpc;
    Api *api;
    MetricsServer *metrics; /* NULL unless a conductor alone is to be scraped */
} Daemon;

static Role role; /* set before any thread starts */

bool
daemon_make_state_path(const Config *config, GError **error)
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

/* The clients of BMCs and other services, the conductor, and what machines ask. */
static bool
start_conductor(Daemon *daemon, GError **error)
{
    daemon->bmc.guard = bmc_guard_new(NULL);
    const HttpEngineOptions http = {.rests = &bmc_http_rests, .rests_self = daemon->bmc.guard};
    daemon->bmc.ipmi = ipmi_client_new(daemon->bmc.guard, error);
    daemon->bmc.http = daemon->bmc.ipmi != NULL ? http_engine_new(&http, error) : NULL;
    if (daemon->bmc.http == NULL)
        return false;
    daemon->bmc.redfish = redfish_client_new(daemon->bmc.http, daemon->bmc.guard);
    daemon->bmc.ilo = ilo_client_new(daemon->bmc.http, daemon->bmc.guard, daemon->bmc.redfish);
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
    return daemon->conductor != NULL && start_boot_server(daemon, error);
}

static bool
start_api(Daemon *daemon, GError **error)
{
    const ApiServices services = {daemon->db, rpc_parts_caller(daemon->rpc), daemon->events,
                                  daemon->progress};
    daemon->api = api_start(&services, error);
    return daemon->api != NULL;
}

/* Of a process that has no API, which serves them otherwise. */
static bool
start_metrics(Daemon *daemon, GError **error)
{
    const Config *config = config_current();
    if (!config_is_set(config, OPT_METRICS_PORT))
        return true;
    daemon->metrics =
        metrics_server_start(config_string(config, OPT_METRICS_HOST_IP),
                             (unsigned)config_integer(config, OPT_METRICS_PORT), error);
    return daemon->metrics != NULL;
}

static bool
start(Daemon *daemon, GError **error)
{
    if (!config_check_api(config_current(), error) ||
        !daemon_make_state_path(config_current(), error) || !database_open(&daemon->db, error))
        return false;
    daemon->events = events_new();
    daemon->notifier = notifier_new(config_current(), error);
    if (daemon->notifier == NULL)
        return false;
    daemon->progress = progress_board_new();
    if (role != ROLE_API && !start_conductor(daemon, error))
        return false;
    const RpcPartsOptions rpc = {.role = role,
                                 .db = daemon->db,
                                 .conductor = daemon->conductor,
                                 .events = daemon->events,
                                 .progress = daemon->progress};
    daemon->rpc = rpc_parts_start(&rpc, error);
    return daemon->rpc != NULL &&
           (role == ROLE_CONDUCTOR ? start_metrics(daemon, error) : start_api(daemon, error));
}

/* BMCs have few sessions: none is left open on those that answer. */
static void
close_redfish(Daemon *daemon)
{
    enum { SILENCE_MS = 5000 };
    if (daemon->bmc.redfish == NULL)
        return;
    unsigned left = redfish_client_close(daemon->bmc.redfish, SILENCE_MS);
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
    bool answered = metrics_server_stop(daemon->metrics) && api_stop(daemon->api);
    boot_server_stop(daemon->boot_server);
    rpc_parts_quiesce(daemon->rpc);
    if (!conductor_stop(daemon->conductor) || !answered || !rpc_parts_stop(daemon->rpc))
        _exit(0); /* running work still uses all of this; the next start continues the work */
    ipmi_client_free(daemon->bmc.ipmi);
    ilo_client_free(daemon->bmc.ilo);
    close_redfish(daemon);
    http_engine_free(daemon->bmc.http);
    redfish_client_free(daemon->bmc.redfish);
    bmc_guard_free(daemon->bmc.guard);
    conductor_free(daemon->conductor);
    openstack_free(daemon->openstack);
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
    return path == NULL || (daemon_make_state_path(config, error) && log_open(path, error));
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
    if (daemon->api != NULL && !api_reload(daemon->api, &certificate))
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
    sigaddset(&set, SIGUSR2);
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

#define DRAIN_LOOK_MS 200

/* SIGUSR2: ends when no work is left, at [DEFAULT]drain_shutdown_timeout, or with a second
 * signal. */
static void
drain(Daemon *daemon, int signals)
{
    int64_t limit_s = config_integer(config_current(), OPT_DRAIN_SHUTDOWN_TIMEOUT);
    int64_t until_ms = limit_s > 0 ? time_monotonic_ms() + limit_s * 1000 : INT64_MAX;
    struct pollfd ready = {.fd = signals, .events = POLLIN};
    conductor_drain(daemon->conductor);
    while (!conductor_is_drained(daemon->conductor) && time_monotonic_ms() < until_ms &&
           poll(&ready, 1, DRAIN_LOOK_MS) <= 0)
        continue;
    log_info("steeld", "stopping: %s",
             conductor_is_drained(daemon->conductor) ? "no work is left"
                                                     : "the work that is left is handed over");
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
        if (info.ssi_signo == SIGUSR2) {
            drain(daemon, signals);
            return;
        }
        if (info.ssi_signo != SIGHUP) {
            log_info("steeld", "stopping: %s", strsignal((int)info.ssi_signo));
            return;
        }
        reload(daemon);
    }
    log_error("steeld", "stopping: signals cannot be read: %s", strerror(errno));
}

static void
tell_start(const Daemon *daemon)
{
    if (daemon->api != NULL)
        log_info("steeld", "Steel %s serves the API on port %u", STEEL_VERSION,
                 api_port(daemon->api));
    else
        log_info("steeld", "Steel %s works as conductor %s", STEEL_VERSION,
                 config_string(config_current(), OPT_HOST));
}

bool
daemon_run(Role with_role, GError **error)
{
    Daemon daemon = {0};
    role = with_role;
    int signals = block_signals();
    keep_memory_private();
    bool started = open_log(error) &&
                   (role == ROLE_API || loader_files_place(config_current(), error)) &&
                   start(&daemon, error);
    if (started) {
        tell_start(&daemon);
        wait_for_end(&daemon, signals);
    }
    stop(&daemon);
    close(signals);
    return started;
}
