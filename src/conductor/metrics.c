/* The conductor's metrics: calls, transitions, workers, and those of its IPMI client.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"
#include "bmc/ipmi/client/client.h"
#include "bmc/redfish/client.h"
#include "conductor/internal.h"
#include "http_engine/engine.h"
#include "rpc/rpc.h"

/* One array for the process: the counters change too seldom to contend. */
static _Atomic uint64_t calls[RPC_METHOD_COUNT][2]; /* by method; [1]: those that failed */
static _Atomic uint64_t transitions[EVENT_COUNT][STATE_COUNT];

void
metrics_count_call(RpcMethod method, bool good)
{
    atomic_fetch_add_explicit(&calls[method][good ? 0 : 1], 1, memory_order_relaxed);
}

void
metrics_count_transition(ProvisionEvent event, ProvisionState next)
{
    atomic_fetch_add_explicit(&transitions[event][next], 1, memory_order_relaxed);
}

static void
write_calls(GString *out)
{
    metrics_write_family(out, "steel_conductor_calls_total", "counter",
                         "Calls of the API that the conductor has answered.");
    for (int method = 0; method < RPC_METHOD_COUNT; method++)
        for (int failed = 0; failed < 2; failed++) {
            const char *const labels[] = {"method", rpc_method_name((RpcMethod)method), "result",
                                          failed ? "error" : "ok", NULL};
            uint64_t count = atomic_load_explicit(&calls[method][failed], memory_order_relaxed);
            if (count > 0)
                metrics_write_value(out, "steel_conductor_calls_total", labels, (double)count);
        }
}

static void
write_transitions(GString *out)
{
    metrics_write_family(
        out, "steel_provision_transitions_total", "counter",
        "Changes of provision states, by event and by the state that was reached.");
    for (int event = 0; event < EVENT_COUNT; event++)
        for (int state = 0; state < STATE_COUNT; state++) {
            const char *const labels[] = {"event", event_name((ProvisionEvent)event), "state",
                                          state_info((ProvisionState)state)->wire, NULL};
            uint64_t count = atomic_load_explicit(&transitions[event][state], memory_order_relaxed);
            if (count > 0)
                metrics_write_value(out, "steel_provision_transitions_total", labels,
                                    (double)count);
        }
}

static void
write_pools(GString *out, Conductor *conductor)
{
    unsigned busy = 0, limit = 0;
    conductor_load(conductor, &busy, &limit);
    metrics_write_single(out, "steel_conductor_workers_busy", "gauge",
                         "Workers at work at this moment.", busy);
    metrics_write_single(out, "steel_conductor_workers_limit", "gauge",
                         "Workers there may be ([conductor]workers_pool_size).", limit);
}

static void
write_ipmi(GString *out, IpmiClient *client)
{
    IpmiClientStats stats;
    ipmi_client_stats(client, &stats);
    const struct {
        const char *name, *help;
        uint64_t value;
    } rows[] = {
        {"steel_ipmi_submissions_total", "Sessions opened with BMCs.", stats.submissions},
        {"steel_ipmi_failures_total", "Of these: ended with an error.", stats.failures},
        {"steel_ipmi_datagrams_sent_total", "Datagrams sent to BMCs.", stats.datagrams_sent},
        {"steel_ipmi_datagrams_received_total", "Datagrams received from BMCs.",
         stats.datagrams_received},
        {"steel_ipmi_datagrams_ignored_total", "Of these: garbage, duplicates, late answers.",
         stats.datagrams_ignored},
        {"steel_ipmi_retransmissions_total", "Datagrams sent again for want of an answer.",
         stats.retransmissions},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        metrics_write_single(out, rows[i].name, "counter", rows[i].help, (double)rows[i].value);
    metrics_write_single(out, "steel_ipmi_places", "gauge",
                         "BMCs that the power sync may ask at a time: fewer while datagrams get "
                         "lost.",
                         stats.places);
}

static void
write_http(GString *out, HttpEngine *engine)
{
    HttpEngineStats stats;
    http_engine_stats(engine, &stats);
    metrics_write_single(out, "steel_bmc_http_calls_total", "counter", "HTTP requests to BMCs.",
                         (double)stats.calls);
    metrics_write_single(out, "steel_bmc_http_failures_total", "counter",
                         "Of these: without an answer.", (double)stats.failures);
    metrics_write_single(out, "steel_bmc_http_connections_total", "counter",
                         "Connections opened to BMCs.", (double)stats.connections);
    metrics_write_single(out, "steel_bmc_http_left_alone_total", "counter",
                         "Requests that were not sent, since the BMC could not be reached before.",
                         (double)stats.refused);
}

static void
write_redfish(GString *out, RedfishClient *client)
{
    RedfishStats stats;
    redfish_stats(client, &stats);
    metrics_write_single(out, "steel_redfish_requests_total", "counter",
                         "Redfish requests, without logins.", (double)stats.requests);
    metrics_write_single(out, "steel_redfish_logins_total", "counter",
                         "Redfish sessions that were asked for.", (double)stats.logins);
    metrics_write_single(out, "steel_redfish_sessions_open", "gauge",
                         "Redfish sessions that are open.", (double)stats.sessions_open);
}

static void
write_guard(GString *out, BmcGuard *guard)
{
    BmcGuardStats stats;
    bmc_guard_stats(guard, &stats);
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } rows[] = {
        {"steel_bmc_left_alone_total", "counter",
         "Questions to BMCs that were not asked, since these could not be reached before.",
         stats.left_alone},
        {"steel_bmc_resting", "gauge", "BMCs that are left alone at this moment.", stats.resting},
        {"steel_bmc_logins_refused_total", "counter", "Logins that BMCs have refused.",
         stats.refused},
        {"steel_bmc_logins_held_total", "counter",
         "Logins that were not tried, since the same had been refused before.", stats.held},
        {"steel_bmc_logins_waiting", "gauge", "Refused logins that are not tried at this moment.",
         stats.waiting},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        metrics_write_single(out, rows[i].name, rows[i].type, rows[i].help, (double)rows[i].value);
}

void
conductor_metrics_write(GString *out, void *data)
{
    Conductor *conductor = data;
    write_pools(out, conductor);
    write_calls(out);
    write_transitions(out);
    sensors_write(out, conductor->sensors);
    if (conductor->services.bmc.guard != NULL)
        write_guard(out, conductor->services.bmc.guard);
    if (conductor->services.bmc.ipmi != NULL)
        write_ipmi(out, conductor->services.bmc.ipmi);
    if (conductor->services.bmc.http != NULL)
        write_http(out, conductor->services.bmc.http);
    if (conductor->services.bmc.redfish != NULL)
        write_redfish(out, conductor->services.bmc.redfish);
}
