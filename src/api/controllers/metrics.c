/* Metrics in Prometheus' text format: the document, and the metrics of the API itself.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics.h"

#include "api/controllers/controllers.h"
#include "api/internal.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "db/conductors.h"
#include "db/nodes.h"
#include "db/work_queue.h"

#include <string.h>

/* How long counts from the database are kept, so that several scrapers cost no more than one. */
#define CACHE_MS 2000

typedef struct NodeCounts {
    GString *out;
    int64_t locks;
} NodeCounts;

static void
write_nodes(const DbNodeCount *count, void *user_data)
{
    NodeCounts *counts = user_data;
    const char *const labels[] = {"provision_state",
                                  count->provision_state,
                                  "power_state",
                                  count->power_state != NULL ? count->power_state : "unknown",
                                  "maintenance",
                                  count->maintenance ? "true" : "false",
                                  NULL};
    metrics_write_value(counts->out, "steel_nodes", labels, (double)count->count);
    counts->locks += count->locked;
}

static void
write_conductor(const DbConductor *conductor, void *user_data)
{
    GString *out = user_data;
    const char *const labels[] = {"hostname", conductor->hostname, NULL};
    metrics_write_value(out, "steel_conductor_alive", labels,
                        conductor->lease_expires_ms > steady_now_ms());
}

static bool
write_queue(Db *db, GString *out, GError **error)
{
    metrics_write_family(out, "steel_work_queued", "gauge", "Nodes that wait for their turn.");
    for (int i = 0; i < DB_QUEUE_KINDS; i++) {
        const char *const labels[] = {"operation", db_queue_kinds[i].name, NULL};
        int64_t waiting = 0;
        if (!db_queue_waiting(db, &db_queue_kinds[i], &waiting, error))
            return false;
        metrics_write_value(out, "steel_work_queued", labels, (double)waiting);
    }
    return true;
}

static bool
write_database(Db *db, GString *out, GError **error)
{
    NodeCounts counts = {.out = out};
    int64_t size = 0;
    metrics_write_family(out, "steel_nodes", "gauge",
                         "Nodes by provision state, power state and maintenance.");
    if (!db_nodes_count(db, write_nodes, &counts, error))
        return false;
    metrics_write_single(out, "steel_node_locks", "gauge", "Nodes locked at this moment.",
                         (double)counts.locks);
    if (!write_queue(db, out, error))
        return false;
    metrics_write_family(out, "steel_conductor_alive", "gauge",
                         "1 while a conductor renews its lease.");
    if (!db_conductors(db, 0, write_conductor, out, error) || !db_size(db, &size, error))
        return false;
    metrics_write_single(out, "steel_database_size_bytes", "gauge",
                         "Size of the database without what waits to be written into it.",
                         (double)size);
    return true;
}

/* Scrapes run one at a time, so the cache needs no lock of its own. */
static void
write_database_cached(Api *api, GString *out)
{
    static GString *cached;
    static int64_t cached_at_ms;
    static const Api *cached_for;
    int64_t now = time_monotonic_ms();
    if (cached == NULL || cached_for != api || now - cached_at_ms >= CACHE_MS) {
        g_autoptr(GError) error = NULL;
        GString *fresh = g_string_new(NULL);
        if (!write_database(api->services.db, fresh, &error)) {
            log_warning("api.metrics", "%s", error->message);
            g_string_free(fresh, TRUE);
            return;
        }
        if (cached != NULL)
            g_string_free(cached, TRUE);
        cached = fresh;
        cached_at_ms = now;
        cached_for = api;
    }
    g_string_append_len(out, cached->str, (gssize)cached->len);
}

void
api_metrics_write(GString *out, void *data)
{
    Api *api = data;
    request_metrics_write(out, api->metrics);
    metrics_write_single(out, "steel_api_requests_in_progress", "gauge",
                         "Requests under way, this one among them.",
                         api->listener != NULL ? listener_busy_count(api->listener) : 0);
    metrics_write_single(out, "steel_api_body_bytes", "gauge",
                         "Memory that the bodies of requests take; [api]max_body_memory bounds it.",
                         (double)__atomic_load_n(&api->body_bytes, __ATOMIC_RELAXED));
    metrics_write_single(out, "steel_api_event_stream_listeners", "gauge",
                         "Listeners of the event stream.", http_streams_count(api->streams));
    if (api->services.events != NULL)
        metrics_write_single(out, "steel_api_event_stream_bytes", "gauge",
                             "Memory of the events that listeners have not got yet.",
                             (double)events_size(api->services.events));
    write_database_cached(api, out);
}

/* Runs on the pool: counting many nodes must not hold up an HTTP thread. */
static void
answer_with_metrics(void *data)
{
    Request *request = data;
    metrics_write(request_out(request, 200, 64 * 1024));
    request->content_type = "text/plain; version=0.0.4; charset=utf-8";
    request->transport->resume(request->carrier);
}

Answer
metrics_get(Request *request, GError **error)
{
    static const char *const arguments[] = {NULL};
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    if (!request_is_local(request) && !config_boolean(config_current(), OPT_METRICS_ALLOW_REMOTE)) {
        steel_fail(error, STEEL_ERROR_FORBIDDEN,
                   "Metrics are for clients on the machine of the service; [metrics]allow_remote "
                   "opens them to others.");
        return ANSWER_FAILED;
    }
    return pool_submit(request->api->pool, answer_with_metrics, request, error) ? ANSWER_LATER
                                                                                : ANSWER_FAILED;
}
