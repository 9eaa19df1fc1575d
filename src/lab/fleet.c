/* Simulated BMCs by the thousand; the contract is in fleet.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet.h"

#include "bmc/ipmi/bmc/server.h"
#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "lab/control.h"
#include "lab/fleet/machines.h"
#include "lab/fleet/teletype.h"
#include "lab/fleet/waves.h"
#include "lab/fleet_request.h"
#include "lab/folder.h"
#include "lab/lab.h"
#include "lab/quirks.h"
#include "lab/redfish_fleet.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPARE_DESCRIPTORS 100
#define AGENT_SPARE_DESCRIPTORS 2000 /* connections to agents */
#define REDFISH_DESCRIPTORS 8        /* the server takes a half of them for connections */
#define ASK_TIMEOUT_MS 10000

typedef struct Fleet {
    const LabOptions *options; /* borrowed */
    IpmiServer *server;        /* owned */
    Machines *machines;        /* owned; NULL: BMCs alone */
    Waves *waves;              /* owned; NULL: others deploy */
    IpmiBmc **bmcs;            /* owned array; BMCs belong to the server */
    Teletype *teletypes;       /* owned array: at the serial ports of BMCs alone */
    IpmiBmcFaults *faults;     /* owned array: the faults that each BMC was set to */
    unsigned count;
} Fleet;

/* One descriptor per BMC, and one for its agent, or those of its clients. */
static rlim_t
needed_descriptors(const LabOptions *options)
{
    if (options->agent_count > 0)
        return 2 * (rlim_t)options->agent_count + AGENT_SPARE_DESCRIPTORS + SPARE_DESCRIPTORS;
    return (rlim_t)options->fleet_count + REDFISH_DESCRIPTORS * (rlim_t)options->redfish_count +
           SPARE_DESCRIPTORS;
}

/* The soft limit is 1024 as a rule. */
static bool
raise_descriptor_limit(const LabOptions *options, GError **error)
{
    struct rlimit limit;
    rlim_t wanted = needed_descriptors(options);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "getrlimit: %s", g_strerror(errno));
    if (limit.rlim_cur >= wanted)
        return true;
    limit.rlim_cur = wanted;
    limit.rlim_max = MAX(limit.rlim_max, wanted);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return steel_fail(error, STEEL_ERROR_IO,
                          "the fleet needs %lu file descriptors; raise `ulimit -n` (%s)",
                          (unsigned long)wanted, g_strerror(errno));
    return true;
}

/* The faults of a BMC by --quirk. */
static bool
add_quirks(const LabOptions *options, unsigned index, IpmiBmcFaults *faults, GError **error)
{
    if (options->quirks == NULL)
        return true;
    if (strcmp(options->quirks, "each") != 0)
        return quirks_apply_list(options->quirks, faults, error);
    size_t turn = index % (quirk_count() + 1);
    if (turn > 0)
        quirk_apply(turn - 1, faults);
    return true;
}

static void
set_teletype(Fleet *fleet, unsigned index)
{
    g_autofree char *name = g_strdup_printf("%s-%u", fleet->options->name_prefix, index);
    teletype_init(&fleet->teletypes[index], name, fleet->bmcs[index]);
}

static bool
add_bmcs(Fleet *fleet, GError **error)
{
    const LabOptions *options = fleet->options;
    IpmiBmcUser user = {options->username, options->password, IPMI_PRIVILEGE_ADMINISTRATOR};
    for (unsigned i = 0; i < fleet->count; i++) {
        uint16_t port = (uint16_t)((unsigned)options->port_base + i);
        bool alone = fleet->machines == NULL;
        const IpmiBmcOps *ops = alone ? &teletype_bmc_ops : &machines_bmc_ops;
        void *machine = alone ? (void *)&fleet->teletypes[i] : machines_user(fleet->machines, i);
        fleet->bmcs[i] =
            ipmi_server_add(fleet->server, options->address, port, &user, 1, ops, machine, error);
        if (fleet->bmcs[i] == NULL) {
            g_prefix_error(error, "BMC %u at %s port %u: ", i, options->address, port);
            return false;
        }
        if (alone)
            set_teletype(fleet, i);
        else
            machines_set_bmc(fleet->machines, i, fleet->bmcs[i]);
        IpmiBmcFaults *faults = &fleet->faults[i];
        faults->latency_ms = (unsigned)MAX(options->latency_ms, 0);
        faults->loss_per_mille = (unsigned)MAX(options->loss_per_mille, 0);
        faults->dead = i + (unsigned)options->dead_count >= fleet->count;
        if (!add_quirks(options, i, faults, error))
            return false;
        ipmi_bmc_set_faults(fleet->bmcs[i], faults);
    }
    return true;
}

/* The members of a request that change a BMC; absent ones change nothing. */
static bool
apply(void *user_data, unsigned index, const json_t *request, GError **error)
{
    Fleet *fleet = user_data;
    IpmiBmcFaults *faults = &fleet->faults[index];
    int64_t number;
    if (json_integer_member(request, "latency_ms", &number)) {
        if (number < 0 || number > 60000)
            return steel_fail(error, STEEL_ERROR_INVALID, "latency_ms is a number from 0 to 60000");
        faults->latency_ms = (unsigned)number;
    }
    if (json_integer_member(request, "loss_per_mille", &number)) {
        if (number < 0 || number > 1000)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "loss_per_mille is a number from 0 to 1000");
        faults->loss_per_mille = (unsigned)number;
    }
    const json_t *dead = json_object_get(request, "dead");
    if (json_is_boolean(dead))
        faults->dead = json_is_true(dead);
    const char *quirks = json_string_member(request, "quirk");
    if (quirks != NULL) {
        IpmiBmcFaults quirky = *faults;
        quirks_clear(&quirky);
        if (!quirks_apply_list(quirks, &quirky, error))
            return false;
        *faults = quirky;
    }
    ipmi_bmc_set_faults(fleet->bmcs[index], faults);
    const char *power = json_string_member(request, "power");
    if (power != NULL)
        ipmi_bmc_set_power(fleet->bmcs[index], strcmp(power, "on") == 0);
    return true;
}

static json_t *
sum_stats(const void *user_data)
{
    const Fleet *fleet = user_data;
    IpmiBmcStats sum = {0};
    unsigned dead = 0;
    for (unsigned i = 0; i < fleet->count; i++) {
        IpmiBmcStats stats;
        ipmi_bmc_stats(fleet->bmcs[i], &stats);
        sum.datagrams_received += stats.datagrams_received;
        sum.datagrams_dropped += stats.datagrams_dropped;
        sum.sessions_opened += stats.sessions_opened;
        sum.commands += stats.commands;
        sum.sessions += stats.sessions;
        dead += fleet->faults[i].dead;
    }
    json_t *status = json_pack(
        "{s:i, s:i, s:I, s:I, s:I, s:I, s:i}", "bmcs", (int)fleet->count, "dead", (int)dead,
        "datagrams_received", (json_int_t)sum.datagrams_received, "datagrams_dropped",
        (json_int_t)sum.datagrams_dropped, "sessions_opened", (json_int_t)sum.sessions_opened,
        "commands", (json_int_t)sum.commands, "sessions", (int)sum.sessions);
    if (fleet->machines != NULL)
        json_object_set_new(status, "machines", machines_sum(fleet->machines));
    return status;
}

static json_t *
on_request(void *user_data, const json_t *request, GError **error)
{
    Fleet *fleet = user_data;
    const FleetRequests requests = {fleet, fleet->count, apply, sum_stats};
    return fleet_answer(&requests, request, error);
}

/* {"bmcs", "address", ..., "nodes": [...]} */
static void
announce_json(const Fleet *fleet)
{
    const LabOptions *options = fleet->options;
    json_auto_t *document = json_pack("{s:i, s:s, s:i, s:s, s:i}", "bmcs", (int)fleet->count,
                                      "address", options->address, "port_base", options->port_base,
                                      "username", options->username, "pid", (int)getpid());
    json_t *nodes = json_array();
    for (unsigned i = 0; fleet->machines != NULL && i < fleet->count; i++)
        json_array_append_new(nodes, machines_node(fleet->machines, i));
    json_object_set_new(document, "nodes", nodes);
    g_autofree char *text = json_text_dump(document);
    printf("%s\n", text);
}

static void
announce_words(const Fleet *fleet)
{
    const LabOptions *options = fleet->options;
    bool agents = fleet->machines != NULL;
    printf("%u BMCs answer at %s, UDP ports %d to %d, user %s\n", fleet->count, options->address,
           options->port_base, options->port_base + (int)fleet->count - 1, options->username);
    if (agents && options->deploy_url == NULL)
        printf("their machines boot what %s says; an agent has the TCP port of its BMC's number\n"
               "\nTo enrol them (`steel` takes the same words):\n\n",
               machines_boot_url(fleet->machines));
    for (unsigned i = 0; agents && options->deploy_url == NULL && i < fleet->count; i++) {
        g_autofree char *commands = machines_commands(fleet->machines, i);
        printf("%s", commands);
    }
}

static void
announce(const Fleet *fleet)
{
    if (fleet->options->json)
        announce_json(fleet);
    else
        announce_words(fleet);
    fflush(stdout);
}

/* What the machines saw: all of it to the file of --report, or their sums. */
static bool
report(const Fleet *fleet, GError **error)
{
    if (fleet->machines == NULL)
        return true;
    const char *path = fleet->options->report;
    json_auto_t *document =
        path != NULL ? machines_report(fleet->machines) : machines_sum(fleet->machines);
    if (fleet->waves != NULL)
        json_object_set_new(document, "deploys", waves_report(fleet->waves));
    if (fleet->waves != NULL && !fleet->options->json)
        waves_tell(fleet->waves);
    char *text = json_dumps(document, JSON_INDENT(1));
    g_autoptr(GError) cause = NULL;
    bool good = path == NULL || g_file_set_contents(path, text, -1, &cause);
    if (path == NULL)
        printf("%s\n", text);
    free(text);
    return good || steel_fail(error, STEEL_ERROR_IO, "the report: %s", cause->message);
}

static bool
start_and_serve(Fleet *fleet, const char *folder, int signal_fd, GError **error)
{
    bool agents = fleet->options->agent_count > 0;
    fleet->machines = agents ? machines_new(fleet->options, error) : NULL;
    if (agents && fleet->machines == NULL)
        return false;
    fleet->server = ipmi_server_new(error);
    if (fleet->server == NULL || !add_bmcs(fleet, error))
        return false;
    g_autoptr(ControlServer) control = control_server_new(folder, on_request, fleet, error);
    if (control == NULL)
        return false;
    announce(fleet);
    if (fleet->options->deploy_url != NULL) {
        fleet->waves = waves_start(fleet->options, fleet->machines, error);
        if (fleet->waves == NULL)
            return false;
    }
    control_server_run(control, signal_fd);
    waves_stop(fleet->waves);
    return report(fleet, error) && (fleet->waves == NULL || waves_good(fleet->waves, error));
}

static bool
ipmi_fleet_run(const LabOptions *options, const char *folder, int signal_fd, GError **error)
{
    Fleet fleet = {.options = options,
                   .count = (unsigned)MAX(options->fleet_count, options->agent_count)};
    fleet.bmcs = g_new0(IpmiBmc *, fleet.count);
    fleet.faults = g_new0(IpmiBmcFaults, fleet.count);
    fleet.teletypes = g_new0(Teletype, fleet.count);
    bool good = start_and_serve(&fleet, folder, signal_fd, error);
    waves_free(fleet.waves);
    machines_stop(fleet.machines); /* before the BMCs that they ask are gone */
    ipmi_server_free(fleet.server);
    machines_free(fleet.machines);
    g_free(fleet.bmcs);
    g_free(fleet.faults);
    g_free(fleet.teletypes);
    return good;
}

bool
fleet_run(const LabOptions *options, const char *folder, GError **error)
{
    umask(077);
    if (!folder_make(folder, error) || !raise_descriptor_limit(options, error))
        return false;
    int lock = folder_lock(folder, LAB_LOCK_FILE, false, error);
    if (lock < 0 && steel_error_is(*error, STEEL_ERROR_LOCKED))
        g_prefix_error(error, "a lab or fleet runs in %s already; choose another --dir: ", folder);
    if (lock < 0)
        return false;
    int signal_fd = control_open_signals();
    bool good = options->redfish_count > 0 ? redfish_fleet_run(options, folder, signal_fd, error)
                                           : ipmi_fleet_run(options, folder, signal_fd, error);
    close(signal_fd);
    folder_remove_lock(folder, LAB_LOCK_FILE);
    close(lock);
    return good;
}

bool
fleet_set(const LabOptions *options, const char *folder, GError **error)
{
    json_auto_t *request = json_pack("{s:s, s:b}", "command", "fleet-set", "all", options->all);
    if (options->index >= 0)
        json_object_set_new(request, "index", json_integer(options->index));
    if (options->latency_ms >= 0)
        json_object_set_new(request, "latency_ms", json_integer(options->latency_ms));
    if (options->loss_per_mille >= 0)
        json_object_set_new(request, "loss_per_mille", json_integer(options->loss_per_mille));
    if (options->dead || options->alive)
        json_object_set_new(request, "dead", json_boolean(options->dead));
    if (options->quirks != NULL)
        json_object_set_new(request, "quirk", json_string(options->quirks));
    if (options->set != NULL)
        json_object_set_new(request, "set", json_string(options->set));
    if (options->power != NULL)
        json_object_set_new(request, "power", json_string(options->power));
    json_auto_t *answer = control_ask(folder, request, ASK_TIMEOUT_MS, error);
    return answer != NULL;
}
