/* The engine's thread, and what other threads call; the contract is in engine.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http_engine/engine.h"

#include "http_engine/engine_internal.h"

enum { LONGEST_WAIT_MS = 60 * 1000 };

static const HttpEngineOptions engine_defaults = {.per_host = 2, .total = 256, .host_queue = 64};

/* ---- the thread ---- */

static void
end_task(EngineTask *task, bool stopping)
{
    task->run(task->user_data, stopping);
    g_free(task);
}

static void
admit_order(HttpEngine *engine, Order *order)
{
    EngineTask *task = (EngineTask *)order;
    if (order->kind == ORDER_CALL)
        engine_call_admit((EngineCall *)order);
    else if (task->delay_ms == 0)
        end_task(task, false);
    else
        due_heap_set(&engine->due, &order->due, due_now_ms() + task->delay_ms);
}

static Order *
next_incoming(HttpEngine *engine, bool *stopping)
{
    lock_acquire(&engine->lock);
    *stopping = engine->stopping;
    Order *order = g_queue_pop_head(&engine->incoming);
    lock_release(&engine->lock);
    return order;
}

/* False: stop; what is queued then is cancelled. */
static bool
take_orders(HttpEngine *engine)
{
    bool stopping = false;
    for (Order *order; (order = next_incoming(engine, &stopping)) != NULL;) {
        if (stopping) {
            lock_acquire(&engine->lock);
            g_queue_push_head(&engine->incoming, order);
            lock_release(&engine->lock);
            return false;
        }
        admit_order(engine, order);
    }
    return !stopping;
}

static void
expire_order(Order *order)
{
    switch (order->kind) {
    case ORDER_CALL:
        engine_call_expire((EngineCall *)order);
        return;
    case ORDER_TASK:
        end_task((EngineTask *)order, false);
        return;
    case ORDER_TIMER:
        engine_shard_expire((EngineShard *)order);
        return;
    }
}

/* No more than there are at the beginning: libcurl may want to be called again at once, and what is
 * ready on the network gets its turn before that. */
static void
expire_due(HttpEngine *engine)
{
    for (size_t left = engine->due.count; left > 0; left--) {
        DueEntry *first = due_heap_first(&engine->due);
        if (first == NULL || first->due_ms > due_now_ms())
            return;
        due_heap_remove(&engine->due, first);
        expire_order((Order *)first);
    }
}

static void
cancel_order(Order *order)
{
    g_autoptr(GError) error = g_error_new_literal(steel_error_quark(), STEEL_ERROR_CANCELLED,
                                                  "the HTTP engine was stopped");
    if (order->kind == ORDER_CALL)
        engine_call_end((EngineCall *)order, error);
    else if (order->kind == ORDER_TASK)
        end_task((EngineTask *)order, true);
}

/* Callbacks may submit more, until nothing is left. */
static void
cancel_all(HttpEngine *engine)
{
    bool stopping;
    engine_hosts_cancel(engine);
    for (DueEntry *first; (first = due_heap_first(&engine->due)) != NULL;) {
        due_heap_remove(&engine->due, first);
        cancel_order((Order *)first);
    }
    for (Order *order; (order = next_incoming(engine, &stopping)) != NULL;)
        cancel_order(order);
}

static void
take_ended(HttpEngine *engine)
{
    CURLcode code;
    for (EngineCall *call; (call = engine_shards_next_ended(engine, &code)) != NULL;)
        engine_call_finished(call, code);
}

static int
wait_ms(HttpEngine *engine)
{
    int due_ms = due_heap_wait_ms(&engine->due, due_now_ms());
    return due_ms < 0 ? LONGEST_WAIT_MS : MIN(due_ms, LONGEST_WAIT_MS);
}

static void *
http_engine_loop(void *data)
{
    HttpEngine *engine = data;
    while (take_orders(engine)) {
        expire_due(engine);
        take_ended(engine);
        engine_start_calls(engine);
        engine_shards_wait(engine, wait_ms(engine));
        take_ended(engine);
    }
    cancel_all(engine);
    return NULL;
}

/* ---- public ---- */

static unsigned
or_default(unsigned value, unsigned fallback)
{
    return value > 0 ? value : fallback;
}

static HttpEngineOptions
complete(const HttpEngineOptions *given)
{
    const HttpEngineOptions none = {0}, *options = given != NULL ? given : &none;
    const HttpEngineOptions *fallback = &engine_defaults;
    return (HttpEngineOptions){
        .per_host = or_default(options->per_host, fallback->per_host),
        .total = or_default(options->total, fallback->total),
        .host_queue = or_default(options->host_queue, fallback->host_queue),
        .rests = options->rests,
        .rests_self = options->rests_self,
    };
}

static void
engine_destroy(HttpEngine *engine)
{
    engine_shards_clear(engine);
    g_hash_table_unref(engine->hosts);
    g_ptr_array_unref(engine->running);
    due_heap_clear(&engine->due);
    lock_destroy(&engine->lock);
    g_free(engine);
}

HttpEngine *
http_engine_new(const HttpEngineOptions *options, GError **error)
{
    HttpEngine *engine = g_new0(HttpEngine, 1);
    lock_init(&engine->lock, LOCK_RANK_HTTP_ENGINE);
    engine->options = complete(options);
    engine->hosts = engine_hosts_new();
    engine->running = g_ptr_array_new();
    if (engine_shards_init(engine, error)) {
        if (pthread_create(&engine->thread, NULL, http_engine_loop, engine) == 0)
            return engine;
        steel_fail(error, STEEL_ERROR_INTERNAL, "starting the HTTP engine: no thread is left");
    }
    engine_destroy(engine);
    return NULL;
}

void
http_engine_free(HttpEngine *engine)
{
    if (engine == NULL)
        return;
    lock_acquire(&engine->lock);
    engine->stopping = true;
    lock_release(&engine->lock);
    engine_wake(engine);
    pthread_join(engine->thread, NULL);
    engine_destroy(engine);
}

static void
order_engine(HttpEngine *engine, Order *order)
{
    lock_acquire(&engine->lock);
    bool first = engine->incoming.length == 0;
    g_queue_push_tail(&engine->incoming, order);
    lock_release(&engine->lock);
    if (first)
        engine_wake(engine);
}

void
http_engine_submit(HttpEngine *engine, const HttpRequest *request, HttpEngineDone done,
                   void *user_data)
{
    EngineCall *call = engine_call_new(engine, request, done, user_data);
    atomic_fetch_add_explicit(&engine->calls, 1, memory_order_relaxed);
    order_engine(engine, &call->order);
}

void
http_engine_run(HttpEngine *engine, unsigned delay_ms, HttpEngineTask run, void *user_data)
{
    EngineTask *task = g_new0(EngineTask, 1);
    task->order.kind = ORDER_TASK;
    task->delay_ms = delay_ms;
    task->run = run;
    task->user_data = user_data;
    order_engine(engine, &task->order);
}

bool
http_engine_on_thread(const HttpEngine *engine)
{
    return pthread_equal(pthread_self(), engine->thread) != 0;
}

static uint64_t
count_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void
http_engine_stats(HttpEngine *engine, HttpEngineStats *stats)
{
    *stats = (HttpEngineStats){
        .calls = count_of(&engine->calls),
        .failures = count_of(&engine->failures),
        .connections = count_of(&engine->connections),
        .refused = count_of(&engine->refused),
        .running = count_of(&engine->running_seen),
    };
}
