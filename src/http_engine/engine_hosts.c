/* Whose turn it is: calls wait at their server, servers take turns, and one that cannot be reached
 * rests. The contract is in engine_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http_engine/engine_internal.h"
#include "http_engine/redirect.h"

enum {
    HOSTS_KEPT = 65536,
    FREE_SHARE = 4, /* a quarter of the places is not for the background */
};

static void
host_free(void *data)
{
    EngineHost *host = data;
    g_free(host->key);
    g_free(host);
}

GHashTable *
engine_hosts_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, host_free);
}

static gboolean
host_is_idle(void *key, void *value, void *user_data)
{
    (void)key;
    (void)user_data;
    const EngineHost *host = value;
    return host->running == 0 && host->waiting.length == 0 && host->queued == NULL;
}

/* Takes the key. */
static EngineHost *
host_of(HttpEngine *engine, char *key)
{
    EngineHost *host = g_hash_table_lookup(engine->hosts, key);
    if (host != NULL) {
        g_free(key);
        return host;
    }
    if (g_hash_table_size(engine->hosts) >= HOSTS_KEPT)
        g_hash_table_foreach_remove(engine->hosts, host_is_idle, NULL);
    host = g_new0(EngineHost, 1);
    host->key = key;
    host->turn.data = host;
    host->shard = &engine->shards[engine->hosts_made++ % ENGINE_SHARDS];
    g_hash_table_insert(engine->hosts, host->key, host);
    return host;
}

static void end_with(EngineCall *call, SteelErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void
end_with(EngineCall *call, SteelErrorCode code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autoptr(GError) error = g_error_new_valist(steel_error_quark(), (int)code, format, arguments);
    va_end(arguments);
    engine_call_end(call, error);
}

/* ---- rests ---- */

static bool
is_resting(const HttpEngine *engine, const EngineHost *host)
{
    const HttpEngineOptions *options = &engine->options;
    return options->rests != NULL && options->rests->is_resting(options->rests_self, host->key);
}

static bool
is_on_trial(const HttpEngine *engine, const EngineHost *host)
{
    const HttpEngineOptions *options = &engine->options;
    return options->rests != NULL && options->rests->is_on_trial(options->rests_self, host->key);
}

/* error: how the call ended; NULL: with an answer. */
static void
remember_end(const HttpEngine *engine, const EngineHost *host, const GError *error)
{
    const HttpEngineOptions *options = &engine->options;
    if (options->rests == NULL)
        return;
    if (steel_error_is(error, STEEL_ERROR_BMC_UNREACHABLE))
        options->rests->not_reached(options->rests_self, host->key, error->message);
    else
        options->rests->reached(options->rests_self, host->key);
}

static void
end_because_resting(EngineCall *call)
{
    const HttpEngineOptions *options = &call->engine->options;
    g_autoptr(GError) error = options->rests->leave_alone(options->rests_self, call->host->key);
    atomic_fetch_add_explicit(&call->engine->refused, 1, memory_order_relaxed);
    engine_call_end(call, error);
}

static void
end_waiting(EngineHost *host)
{
    for (EngineCall *call; (call = g_queue_pop_head(&host->waiting)) != NULL;) {
        due_heap_remove(&call->engine->due, &call->order.due);
        end_because_resting(call);
    }
}

/* ---- turns ---- */

/* After a rest one call at a time shows whether the server is back. */
static unsigned
room_at(const HttpEngine *engine, const EngineHost *host)
{
    unsigned limit = is_on_trial(engine, host) ? 1 : engine->options.per_host;
    return host->running < limit ? limit - host->running : 0;
}

static bool
is_background(const EngineCall *call)
{
    return call->request.background;
}

static void
unqueue_host(EngineHost *host)
{
    if (host->queued != NULL)
        g_queue_unlink(host->queued, &host->turn);
    host->queued = NULL;
}

/* Into the queue that its first call belongs to. */
static void
offer_host(HttpEngine *engine, EngineHost *host)
{
    const EngineCall *first = g_queue_peek_head(&host->waiting);
    if (first == NULL || room_at(engine, host) == 0)
        return;
    GQueue *queue = &engine->startable[is_background(first) ? ENGINE_LATER : ENGINE_FIRST];
    if (host->queued == queue)
        return;
    unqueue_host(host);
    host->queued = queue;
    g_queue_push_tail_link(queue, &host->turn);
}

static void
wait_at(EngineHost *host, EngineCall *call)
{
    GList *before = is_background(call) ? NULL : host->waiting.head;
    while (before != NULL && !is_background(before->data))
        before = before->next;
    g_queue_insert_before(&host->waiting, before, call);
}

void
engine_call_admit(EngineCall *call)
{
    HttpEngine *engine = call->engine;
    char *key = http_url_authority(call->request.url);
    if (key == NULL) {
        end_with(call, STEEL_ERROR_INVALID, "'%.200s' is not an http or https URL with a host",
                 call->request.url);
        return;
    }
    EngineHost *host = call->host = host_of(engine, key);
    if (is_resting(engine, host)) {
        end_because_resting(call);
        return;
    }
    if (host->waiting.length >= engine->options.host_queue) {
        end_with(call, STEEL_ERROR_BMC_BUSY,
                 "%s: %u calls wait for this BMC already; do several nodes have the same address?",
                 host->key, host->waiting.length);
        return;
    }
    wait_at(host, call);
    due_heap_set(&engine->due, &call->order.due, call->deadline_ms);
    offer_host(engine, host);
}

static void
start_call(EngineCall *call)
{
    g_autoptr(GError) error = NULL;
    HttpEngine *engine = call->engine;
    if (!engine_call_start(call, &error)) {
        engine_call_end(call, error);
        return;
    }
    call->host->running++;
    engine->running_later += is_background(call);
    g_ptr_array_add(engine->running, call);
}

/* NULL: no host has a call that may start. */
static EngineHost *
next_host(HttpEngine *engine)
{
    unsigned total = engine->options.total;
    if (engine->running->len >= total)
        return NULL;
    if (engine->startable[ENGINE_FIRST].length > 0)
        return engine->startable[ENGINE_FIRST].head->data;
    if (engine->running_later >= total - total / FREE_SHARE)
        return NULL;
    return g_queue_peek_head(&engine->startable[ENGINE_LATER]);
}

void
engine_start_calls(HttpEngine *engine)
{
    for (EngineHost *host; (host = next_host(engine)) != NULL;) {
        unqueue_host(host);
        EngineCall *call = room_at(engine, host) > 0 ? g_queue_pop_head(&host->waiting) : NULL;
        if (call == NULL)
            continue;
        due_heap_remove(&engine->due, &call->order.due);
        start_call(call);
        offer_host(engine, host);
    }
    atomic_store_explicit(&engine->running_seen, engine->running->len, memory_order_relaxed);
}

/* ---- ends ---- */

static void
leave_host(EngineCall *call)
{
    g_ptr_array_remove_fast(call->engine->running, call);
    call->engine->running_later -= is_background(call);
    call->host->running--;
}

/* The new URL may be https where the old one was http: that is another host for the engine. */
static void
follow(EngineCall *call)
{
    engine_call_stop(call);
    http_collector_clear(&call->collector);
    engine_call_admit(call);
}

void
engine_call_finished(EngineCall *call, CURLcode code)
{
    g_autoptr(GError) error = NULL;
    HttpEngine *engine = call->engine;
    EngineHost *host = call->host;
    leave_host(call);
    if (code != CURLE_OK)
        engine_call_explain(call, code, &error);
    remember_end(engine, host, error);
    if (code == CURLE_OK && engine_call_redirected(call, &error))
        follow(call);
    else
        engine_call_end(call, error);
    if (is_resting(engine, host))
        end_waiting(host);
    offer_host(engine, host);
}

void
engine_call_expire(EngineCall *call)
{
    EngineHost *host = call->host;
    double waited_s = (double)(call->deadline_ms - call->born_ms) / 1000;
    g_queue_remove(&host->waiting, call);
    if (host->running > 0)
        end_with(call, STEEL_ERROR_BMC_UNREACHABLE,
                 "%s: no turn within %g s: other calls to this BMC take long", host->key, waited_s);
    else
        end_with(call, STEEL_ERROR_NO_WORKER,
                 "%s was not asked: no turn within %g s, since calls to other BMCs take long; try "
                 "again",
                 host->key, waited_s);
}

void
engine_hosts_cancel(HttpEngine *engine)
{
    GHashTableIter iterator;
    void *value;
    static const char text[] = "the HTTP engine was stopped";
    while (engine->running->len > 0) {
        EngineCall *call = engine->running->pdata[0];
        leave_host(call);
        end_with(call, STEEL_ERROR_CANCELLED, text);
    }
    g_hash_table_iter_init(&iterator, engine->hosts);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        EngineHost *host = value;
        for (EngineCall *call; (call = g_queue_pop_head(&host->waiting)) != NULL;) {
            due_heap_remove(&engine->due, &call->order.due);
            end_with(call, STEEL_ERROR_CANCELLED, text);
        }
    }
}
