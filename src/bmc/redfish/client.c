/* What other threads call of the Redfish client; the contract is in client.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/client.h"

#include "bmc/redfish/client_internal.h"
#include "common/due_heap.h"
#include "common/time_text.h"

enum {
    DEFAULT_TIMEOUT_MS = 60 * 1000,
    IDLE_LIMIT_MS = 15 * 60 * 1000,
    SWEEP_MS = 60 * 1000,
    DELETE_TIMEOUT_MS = 10 * 1000,
    CLOSE_TIMEOUT_MS = 60 * 1000, /* thousands of sessions end one after the other */
};

RedfishClient *
redfish_client_new(HttpEngine *engine, BmcGuard *guard)
{
    RedfishClient *client = g_new0(RedfishClient, 1);
    client->engine = engine;
    client->guard = guard;
    client->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, redfish_session_free);
    lock_init(&client->lock, LOCK_RANK_REDFISH_CLIENT);
    lock_condition_init(&client->changed);
    return client;
}

void
redfish_client_free(RedfishClient *client)
{
    if (client == NULL)
        return;
    g_hash_table_unref(client->sessions);
    pthread_cond_destroy(&client->changed);
    lock_destroy(&client->lock);
    g_free(client);
}

/* ---- idle sessions ---- */

static gboolean
is_idle(void *key, void *value, void *user_data)
{
    (void)key;
    RedfishSession *session = value;
    const uint64_t *now_ms = user_data;
    if (session->running > 0 || session->state == REDFISH_SESSION_LOGIN ||
        session->used_ms + IDLE_LIMIT_MS > *now_ms)
        return FALSE;
    redfish_session_delete(session, DELETE_TIMEOUT_MS);
    return TRUE;
}

static void
redfish_sweep(void *user_data, bool stopping)
{
    RedfishClient *client = user_data;
    uint64_t now_ms = due_now_ms();
    client->sweeping = false;
    if (stopping || client->closing)
        return;
    g_hash_table_foreach_remove(client->sessions, is_idle, &now_ms);
    if (g_hash_table_size(client->sessions) == 0)
        return;
    client->sweeping = true;
    http_engine_run(client->engine, SWEEP_MS, redfish_sweep, client);
}

/* ---- requests ---- */

static void
redfish_begin(void *user_data, bool stopping)
{
    RedfishExchange *exchange = user_data;
    RedfishClient *client = exchange->client;
    if (stopping)
        client->closing = true;
    redfish_exchange_begin(exchange);
    if (client->sweeping || client->closing)
        return;
    client->sweeping = true;
    http_engine_run(client->engine, SWEEP_MS, redfish_sweep, client);
}

void
redfish_submit(RedfishClient *client, const RedfishTarget *target, const RedfishRequest *request,
               RedfishDone done, void *user_data)
{
    RedfishExchange *exchange = g_new0(RedfishExchange, 1);
    exchange->client = client;
    redfish_target_copy(&exchange->target, target);
    if (target->timeout_ms == 0)
        exchange->target.timeout_ms = DEFAULT_TIMEOUT_MS;
    exchange->method = g_strdup(request->method != NULL ? request->method : "GET");
    exchange->path = g_strdup(request->path);
    exchange->body = g_strdup(request->body);
    exchange->if_match = g_strdup(request->if_match);
    exchange->done = done;
    exchange->user_data = user_data;
    atomic_fetch_add_explicit(&client->requests, 1, memory_order_relaxed);
    http_engine_run(client->engine, 0, redfish_begin, exchange);
}

/* ---- waiting for an answer ---- */

typedef struct Waiter {
    Lock lock;
    pthread_cond_t changed;
    bool done GUARDED;
    RedfishAnswer answer GUARDED;
    GError *error GUARDED;
} Waiter;

static void
redfish_call_done(void *user_data, RedfishAnswer *answer, const GError *error)
{
    Waiter *waiter = user_data;
    lock_acquire(&waiter->lock);
    waiter->answer = *answer;
    *answer = (RedfishAnswer){0};
    waiter->error = error != NULL ? g_error_copy(error) : NULL;
    waiter->done = true;
    pthread_cond_signal(&waiter->changed);
    lock_release(&waiter->lock);
}

bool
redfish_call(RedfishClient *client, const RedfishTarget *target, const RedfishRequest *request,
             RedfishAnswer *answer, GError **error)
{
    redfish_answer_clear(answer);
    if (http_engine_on_thread(client->engine))
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "a blocking Redfish call on the engine's own thread");
    Waiter waiter = {.done = false};
    lock_init(&waiter.lock, LOCK_RANK_HTTP_CALL);
    pthread_cond_init(&waiter.changed, NULL);
    lock_check_io("ask a BMC");
    redfish_submit(client, target, request, redfish_call_done, &waiter);
    lock_acquire(&waiter.lock);
    while (!waiter.done)
        lock_wait(&waiter.lock, &waiter.changed);
    *answer = waiter.answer;
    GError *failure = waiter.error;
    lock_release(&waiter.lock);
    pthread_cond_destroy(&waiter.changed);
    lock_destroy(&waiter.lock);
    if (failure == NULL)
        return true;
    g_propagate_error(error, failure);
    return false;
}

/* ---- a target that is not needed any more ---- */

typedef struct Farewell {
    RedfishClient *client;
    RedfishTarget target; /* owned */
} Farewell;

static void
redfish_farewell(void *user_data, bool stopping)
{
    Farewell *farewell = user_data;
    RedfishSession *session = redfish_session_find(farewell->client, &farewell->target);
    if (session != NULL && !stopping)
        redfish_session_leave(session, DELETE_TIMEOUT_MS);
    redfish_target_clear(&farewell->target);
    g_free(farewell);
}

void
redfish_client_forget(RedfishClient *client, const RedfishTarget *target)
{
    Farewell *farewell = g_new0(Farewell, 1);
    farewell->client = client;
    redfish_target_copy(&farewell->target, target);
    http_engine_run(client->engine, 0, redfish_farewell, farewell);
}

void
redfish_client_absolve(RedfishClient *client, const RedfishTarget *target)
{
    g_autofree char *place = redfish_place_of(target->address);
    g_autofree char *key = bmc_guard_key(client->guard, place, target->username, target->password);
    bmc_guard_reached(client->guard, place);
    bmc_guard_accepted(client->guard, key);
}

/* ---- the end ---- */

static void
redfish_delete_all(void *user_data, bool stopping)
{
    RedfishClient *client = user_data;
    GHashTableIter iterator;
    void *session;
    client->closing = true;
    g_hash_table_iter_init(&iterator, client->sessions);
    while (!stopping && g_hash_table_iter_next(&iterator, NULL, &session))
        redfish_session_delete(session, CLOSE_TIMEOUT_MS);
    redfish_busy(client, -1);
}

unsigned
redfish_client_close(RedfishClient *client, unsigned silence_ms)
{
    redfish_busy(client, 1);
    http_engine_run(client->engine, 0, redfish_delete_all, client);
    lock_acquire(&client->lock);
    while (client->busy > 0 && lock_wait_until(&client->lock, &client->changed,
                                               time_monotonic_ms() + (int64_t)silence_ms))
        continue;
    unsigned left = client->busy;
    lock_release(&client->lock);
    return left;
}

void
redfish_stats(RedfishClient *client, RedfishStats *stats)
{
    *stats = (RedfishStats){
        .requests = atomic_load_explicit(&client->requests, memory_order_relaxed),
        .logins = atomic_load_explicit(&client->logins, memory_order_relaxed),
        .sessions_open = atomic_load_explicit(&client->open, memory_order_relaxed),
    };
}
