/* Simulated BMCs by the thousand; the contract is in fleet.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet.h"

#include "bmc/ipmi/bmc/server.h"
#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "lab/control.h"
#include "lab/folder.h"
#include "lab/lab.h"
#include "lab/quirks.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPARE_DESCRIPTORS 100
#define TICK_MS 1000
#define ASK_TIMEOUT_MS 10000

typedef struct Fleet {
    const LabOptions *options; /* borrowed */
    IpmiServer *server;        /* owned */
    IpmiBmc **bmcs;            /* owned array; BMCs belong to the server */
    IpmiBmcFaults *faults;     /* owned array: the faults that each BMC was set to */
    unsigned count;
} Fleet;

/* One descriptor per BMC: the soft limit is 1024 as a rule. */
static bool
raise_descriptor_limit(unsigned count, GError **error)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)count + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "getrlimit: %s", g_strerror(errno));
    if (limit.rlim_cur >= wanted)
        return true;
    limit.rlim_cur = wanted;
    limit.rlim_max = MAX(limit.rlim_max, wanted);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return steel_fail(error, STEEL_ERROR_IO,
                          "%u BMCs need as many file descriptors; raise `ulimit -n` (%s)", count,
                          g_strerror(errno));
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

static bool
add_bmcs(Fleet *fleet, GError **error)
{
    const LabOptions *options = fleet->options;
    IpmiBmcUser user = {options->username, options->password, IPMI_PRIVILEGE_ADMINISTRATOR};
    for (unsigned i = 0; i < fleet->count; i++) {
        uint16_t port = (uint16_t)((unsigned)options->port_base + i);
        fleet->bmcs[i] =
            ipmi_server_add(fleet->server, options->address, port, &user, 1, NULL, NULL, error);
        if (fleet->bmcs[i] == NULL) {
            g_prefix_error(error, "BMC %u at %s port %u: ", i, options->address, port);
            return false;
        }
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
apply(Fleet *fleet, unsigned index, const json_t *request, GError **error)
{
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
set(Fleet *fleet, const json_t *request, GError **error)
{
    int64_t index = -1;
    bool all = json_is_true(json_object_get(request, "all"));
    if (!all &&
        (!json_integer_member(request, "index", &index) || index < 0 || index >= fleet->count)) {
        steel_fail(error, STEEL_ERROR_INVALID, "index is a number from 0 to %u", fleet->count - 1);
        return NULL;
    }
    unsigned first = all ? 0 : (unsigned)index;
    unsigned end = all ? fleet->count : (unsigned)index + 1;
    for (unsigned i = first; i < end; i++)
        if (!apply(fleet, i, request, error))
            return NULL;
    return json_pack("{s:i}", "changed", (int)(end - first));
}

static json_t *
sum_stats(const Fleet *fleet)
{
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
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:i}", "bmcs", (int)fleet->count, "dead",
                     (int)dead, "datagrams_received", (json_int_t)sum.datagrams_received,
                     "datagrams_dropped", (json_int_t)sum.datagrams_dropped, "sessions_opened",
                     (json_int_t)sum.sessions_opened, "commands", (json_int_t)sum.commands,
                     "sessions", (int)sum.sessions);
}

static json_t *
on_request(void *user_data, const json_t *request, GError **error)
{
    Fleet *fleet = user_data;
    const char *command = json_string_member(request, "command");
    if (g_strcmp0(command, "fleet-set") == 0)
        return set(fleet, request, error);
    if (g_strcmp0(command, "status") == 0)
        return sum_stats(fleet);
    steel_fail(error, STEEL_ERROR_INVALID,
               "a fleet knows only status and fleet-set; SIGTERM ends it");
    return NULL;
}

static void
announce(const Fleet *fleet)
{
    const LabOptions *options = fleet->options;
    int last = options->port_base + (int)fleet->count - 1;
    if (options->json) {
        json_auto_t *document = json_pack(
            "{s:i, s:s, s:i, s:s, s:i}", "bmcs", (int)fleet->count, "address", options->address,
            "port_base", options->port_base, "username", options->username, "pid", (int)getpid());
        g_autofree char *text = json_text_dump(document);
        printf("%s\n", text);
    } else {
        printf("%u BMCs answer at %s, UDP ports %d to %d, user %s\n", fleet->count,
               options->address, options->port_base, last, options->username);
    }
    fflush(stdout);
}

/* Serves until a signal. */
static void
serve(ControlServer *control, int signal_fd)
{
    struct pollfd polled[1 + CONTROL_POLL_COUNT];
    for (;;) {
        polled[0] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
        size_t count = 1 + control_server_poll(control, polled + 1);
        if (poll(polled, count, TICK_MS) > 0 && polled[0].revents != 0)
            return;
        control_server_attend(control);
    }
}

static bool
start_and_serve(Fleet *fleet, const char *folder, int signal_fd, GError **error)
{
    fleet->server = ipmi_server_new(error);
    if (fleet->server == NULL || !add_bmcs(fleet, error))
        return false;
    g_autoptr(ControlServer) control = control_server_new(folder, on_request, fleet, error);
    if (control == NULL)
        return false;
    announce(fleet);
    serve(control, signal_fd);
    return true;
}

bool
fleet_run(const LabOptions *options, const char *folder, GError **error)
{
    umask(077);
    if (!folder_make(folder, error) ||
        !raise_descriptor_limit((unsigned)options->fleet_count, error))
        return false;
    int lock = folder_lock(folder, LAB_LOCK_FILE, false, error);
    if (lock < 0 && steel_error_is(*error, STEEL_ERROR_LOCKED))
        g_prefix_error(error, "a lab or fleet runs in %s already; choose another --dir: ", folder);
    if (lock < 0)
        return false;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals,
                NULL); /* before the server's thread starts: it inherits this */
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    Fleet fleet = {.options = options, .count = (unsigned)options->fleet_count};
    fleet.bmcs = g_new0(IpmiBmc *, fleet.count);
    fleet.faults = g_new0(IpmiBmcFaults, fleet.count);
    bool good = start_and_serve(&fleet, folder, signal_fd, error);
    ipmi_server_free(fleet.server);
    g_free(fleet.bmcs);
    g_free(fleet.faults);
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
    if (options->power != NULL)
        json_object_set_new(request, "power", json_string(options->power));
    json_auto_t *answer = control_ask(folder, request, ASK_TIMEOUT_MS, error);
    return answer != NULL;
}
