/* Simulated BMCs that speak Redfish, by the thousand; the contract is in redfish_fleet.h.
 *
 * They share the constant tree of their resources; each has a small state of its own.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish_fleet.h"

#include "common/error.h"
#include "common/json_text.h"
#include "lab/bmc_run.h"
#include "lab/control.h"
#include "lab/fleet_request.h"
#include "lab/lab.h"
#include "lab/redfish/certificate.h"
#include "lab/redfish/server.h"
#include "lab/redfish_bmcs.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_BYTES ((int64_t)64 * 1024 * 1024 * 1024)
#define MEMORY_MIB 4096
#define PER_MILLE_PER_PERCENT 10

typedef struct Fleet {
    const LabOptions *options; /* borrowed */
    unsigned count;
    RedfishBmc **bmcs;       /* owned, and the array */
    bool *dead;              /* owned array */
    RedfishServer *server;   /* owned */
    char *certificate, *key; /* owned, files */
} Fleet;

/* ---- what changes ---- */

static bool
set_knob(RedfishBmc *bmc, const char *name, const json_t *request, const char *member,
         GError **error)
{
    int64_t number;
    return !json_integer_member(request, member, &number) ||
           redfish_bmc_set_knob(bmc, name, (int)CLAMP(number, G_MININT, G_MAXINT), error);
}

/* The members of a request that change a BMC; absent ones change nothing. */
static bool
apply(void *user_data, unsigned index, const json_t *request, GError **error)
{
    Fleet *fleet = user_data;
    RedfishBmc *bmc = fleet->bmcs[index];
    json_auto_t *settings = bmc_take_settings(bmc, request, error);
    const json_t *dead = json_object_get(request, "dead");
    const char *power = json_string_member(request, "power");
    if (settings == NULL || !set_knob(bmc, "latency-ms", request, "latency_ms", error))
        return false;
    if (json_is_boolean(dead)) {
        fleet->dead[index] = json_is_true(dead);
        redfish_server_set_dead(fleet->server, bmc, fleet->dead[index]);
    }
    if (power != NULL)
        redfish_bmc_set_power(bmc, strcmp(power, "on") == 0);
    return true;
}

static json_t *
sum_stats(const void *user_data)
{
    const Fleet *fleet = user_data;
    RedfishStats sum = {0};
    unsigned dead = 0;
    for (unsigned i = 0; i < fleet->count; i++) {
        RedfishStats stats;
        redfish_bmc_stats(fleet->bmcs[i], &stats);
        sum.requests += stats.requests;
        sum.sessions_opened += stats.sessions_opened;
        sum.sessions_closed += stats.sessions_closed;
        sum.sessions += stats.sessions;
        sum.posts += stats.posts;
        dead += fleet->dead[i];
    }
    return json_pack("{s:i, s:i, s:I, s:I, s:I, s:i, s:i}", "bmcs", (int)fleet->count, "dead",
                     (int)dead, "requests", (json_int_t)sum.requests, "sessions_opened",
                     (json_int_t)sum.sessions_opened, "sessions_closed",
                     (json_int_t)sum.sessions_closed, "sessions", (int)sum.sessions, "posts",
                     (int)sum.posts);
}

static json_t *
on_request(void *user_data, const json_t *request, GError **error)
{
    Fleet *fleet = user_data;
    const FleetRequests requests = {fleet, fleet->count, apply, sum_stats};
    return fleet_answer(&requests, request, error);
}

/* ---- start and end ---- */

static RedfishBmc *
make_bmc(const LabOptions *options, unsigned index)
{
    g_autofree char *name = g_strdup_printf("%s-%u", options->name_prefix, index);
    g_autofree char *uuid = g_strdup_printf("5739a4d8-0000-4000-8000-%012x", index + 1);
    g_autofree char *mac = g_strdup_printf("52:54:%02x:%02x:%02x:%02x", index >> 24 & 0xff,
                                           index >> 16 & 0xff, index >> 8 & 0xff, index & 0xff);
    RedfishIdentity identity = {.name = name,
                                .uuid = uuid,
                                .mac = mac,
                                .username = options->username,
                                .password = options->password,
                                .memory_mib = MEMORY_MIB,
                                .processors = 2,
                                .disk_bytes = DISK_BYTES,
                                .uefi = options->uefi};
    (void)redfish_kind_parse(options->bmc, &identity.kind); /* "ipmi" is the default, not a wish */
    return redfish_bmc_new(&identity, NULL, NULL);
}

static bool
add_bmc(Fleet *fleet, unsigned index, GError **error)
{
    const LabOptions *options = fleet->options;
    unsigned port = (unsigned)options->port_base + index;
    RedfishBmc *bmc = fleet->bmcs[index] = make_bmc(options, index);
    if (redfish_server_add(fleet->server, bmc, options->address, port, error) == 0) {
        g_prefix_error(error, "BMC %u at %s port %u: ", index, options->address, port);
        return false;
    }
    return redfish_bmc_set_knob(bmc, "latency-ms", MAX(options->latency_ms, 0), error) &&
           redfish_bmc_set_knob(bmc, "fail-percent",
                                options->fail_per_mille / PER_MILLE_PER_PERCENT, error);
}

static bool
start(Fleet *fleet, GError **error)
{
    const LabOptions *options = fleet->options;
    const char *const addresses[] = {options->address, NULL};
    if (!redfish_certificate_write(fleet->certificate, fleet->key, addresses,
                                   REDFISH_CERTIFICATE_GOOD, error))
        return false;
    fleet->server = redfish_server_new(fleet->certificate, fleet->key, error);
    if (fleet->server == NULL)
        return false;
    for (unsigned i = 0; i < fleet->count; i++)
        if (!add_bmc(fleet, i, error))
            return false;
    if (!redfish_server_start(fleet->server, error))
        return false;
    for (unsigned i = 0; i < fleet->count; i++)
        if (i + (unsigned)options->dead_count >= fleet->count) {
            fleet->dead[i] = true;
            redfish_server_set_dead(fleet->server, fleet->bmcs[i], true);
        }
    return true;
}

static void
announce(const Fleet *fleet)
{
    const LabOptions *options = fleet->options;
    json_auto_t *document =
        json_pack("{s:i, s:s, s:i, s:s, s:s, s:i}", "bmcs", (int)fleet->count, "address",
                  options->address, "port_base", options->port_base, "username", options->username,
                  "redfish_verify_ca", fleet->certificate, "pid", (int)getpid());
    g_autofree char *text = json_text_dump(document);
    if (options->json)
        printf("%s\n", text);
    else
        printf("%u BMCs answer at https://%s, ports %d to %d, user %s, certificate %s\n",
               fleet->count, options->address, options->port_base,
               options->port_base + (int)fleet->count - 1, options->username, fleet->certificate);
    fflush(stdout);
}

static bool
start_and_serve(Fleet *fleet, const char *folder, int signal_fd, GError **error)
{
    if (!start(fleet, error))
        return false;
    g_autoptr(ControlServer) control = control_server_new(folder, on_request, fleet, error);
    if (control == NULL)
        return false;
    announce(fleet);
    control_server_run(control, signal_fd);
    return true;
}

bool
redfish_fleet_run(const LabOptions *options, const char *folder, int signal_fd, GError **error)
{
    Fleet fleet = {.options = options,
                   .count = (unsigned)options->redfish_count,
                   .certificate = g_build_filename(folder, REDFISH_CERTIFICATE_FILE, NULL),
                   .key = g_build_filename(folder, REDFISH_KEY_FILE, NULL)};
    fleet.bmcs = g_new0(RedfishBmc *, fleet.count);
    fleet.dead = g_new0(bool, fleet.count);
    bool good = start_and_serve(&fleet, folder, signal_fd, error);
    redfish_server_free(fleet.server);
    for (unsigned i = 0; i < fleet.count; i++)
        redfish_bmc_free(fleet.bmcs[i]);
    unlink(fleet.certificate);
    unlink(fleet.key);
    g_free(fleet.bmcs);
    g_free(fleet.dead);
    g_free(fleet.certificate);
    g_free(fleet.key);
    return good;
}
