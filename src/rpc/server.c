/* The conductor's side of rpc; the contract is in server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/server.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "rpc/message.h"

#include <string.h>

#define AREA "rpc.server"
/* An answer that is larger is not remembered. */
#define ANSWER_SIZE_MOST (1024 * 1024)
/* Clocks of hosts may differ so much without harm. */
#define CLOCK_SLACK_MS 5000
/* A caller that sends a call again and again gets so many answers. */
#define WAITERS_MOST 8

typedef struct Waiter {
    RpcServerReply reply;
    void *user_data;
} Waiter;

/* A call, at work or remembered. */
typedef struct Entry {
    RpcServer *server;
    char id[UUID_TEXT_SIZE];
    char *answer; /* owned; NULL while it is at work, or it was too large to keep */
    size_t size;
    bool is_done;
    int64_t done_ms; /* monotonic */
    unsigned waiter_count;
    Waiter waiters[WAITERS_MOST];
} Entry;

struct RpcServer {
    const RpcTransport *transport;
    void *self;
    char *host;
    unsigned version;
    int64_t started_ms; /* wall clock */
    Lock lock;
    GHashTable *entries GUARDED; /* id of the Entry -> Entry (owned) */
    GQueue remembered GUARDED;   /* Entry, the oldest answer first */
    size_t remembered_size GUARDED;
    unsigned running GUARDED;
};

static void
entry_free(void *data)
{
    Entry *entry = data;
    secret_free(entry->answer);
    g_free(entry);
}

UNSHARED RpcServer *
rpc_server_new(const RpcServerOptions *options)
{
    RpcServer *server = g_new0(RpcServer, 1);
    server->transport = options->transport;
    server->self = options->self;
    server->host = g_strdup(options->host);
    server->version = options->version != 0 ? options->version : RPC_VERSION;
    server->started_ms = options->now_ms != 0 ? options->now_ms : g_get_real_time() / 1000;
    server->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    g_queue_init(&server->remembered);
    lock_init(&server->lock, LOCK_RANK_RPC_SERVER);
    return server;
}

UNSHARED void
rpc_server_free(RpcServer *server)
{
    if (server == NULL)
        return;
    g_queue_clear(&server->remembered);
    g_hash_table_destroy(server->entries);
    lock_destroy(&server->lock);
    g_free(server->host);
    g_free(server);
}

unsigned
rpc_server_busy(RpcServer *server)
{
    lock_acquire(&server->lock);
    unsigned running = server->running;
    lock_release(&server->lock);
    return running;
}

/* ---- what is remembered ---- */

static void
forget_oldest(RpcServer *server) REQUIRES(server->lock)
{
    const Entry *entry = g_queue_pop_head(&server->remembered);
    server->remembered_size -= entry->size;
    g_hash_table_remove(server->entries, entry->id);
}

static void
forget_old(RpcServer *server, int64_t now_ms) REQUIRES(server->lock)
{
    const Entry *oldest;
    while ((oldest = g_queue_peek_head(&server->remembered)) != NULL &&
           (server->remembered.length > RPC_REMEMBERED_MOST ||
            server->remembered_size > RPC_REMEMBERED_SIZE ||
            now_ms - oldest->done_ms > RPC_REMEMBERED_MS))
        forget_oldest(server);
}

/* ---- answers ---- */

static void
reply_error(const RpcServer *server, const char *id, const GError *error, const Waiter *waiter)
{
    char *text = rpc_answer_write(id, server->version, NULL, error);
    waiter->reply(waiter->user_data, text, strlen(text));
    secret_free(text);
}

/* Receives the conductor's answer. */
static void
call_done(json_t *result, const GError *error, void *user_data)
{
    Entry *entry = user_data;
    RpcServer *server = entry->server;
    Waiter waiters[WAITERS_MOST];
    char *text = rpc_answer_write(entry->id, server->version, result, error);
    size_t size = strlen(text);
    lock_acquire(&server->lock);
    unsigned count = entry->waiter_count;
    memcpy(waiters, entry->waiters, count * sizeof *waiters);
    entry->is_done = true;
    entry->done_ms = time_monotonic_ms();
    if (size <= ANSWER_SIZE_MOST) {
        entry->answer = g_strdup(text);
        entry->size = size;
    }
    server->running--;
    server->remembered_size += entry->size;
    g_queue_push_tail(&server->remembered, entry);
    forget_old(server, entry->done_ms);
    lock_release(&server->lock);
    for (unsigned i = 0; i < count; i++)
        waiters[i].reply(waiters[i].user_data, text, size);
    secret_free(text);
}

/* ---- calls ---- */

static bool
check_deadline(const RpcServer *server, const RpcRequest *request, GError **error)
{
    int64_t late_ms = g_get_real_time() / 1000 - request->sent_ms - request->limit_ms;
    if (late_ms <= 0)
        return true;
    log_warning(AREA, "%s came %" G_GINT64_FORMAT " s after its deadline and is dropped",
                rpc_method_name(request->call.method), late_ms / 1000);
    return steel_fail(error, STEEL_ERROR_RPC_TIMEOUT,
                      "The call reached conductor %s %" G_GINT64_FORMAT
                      " s after its deadline and was not executed; if that is always so, the "
                      "clocks of the hosts differ.",
                      server->host, late_ms / 1000);
}

static bool
check_version(const RpcServer *server, const RpcRequest *request, GError **error)
{
    if (request->version <= server->version)
        return true;
    return steel_fail(error, STEEL_ERROR_RPC_VERSION,
                      "Conductor %s is older than this API: it has version %u of rpc, and %s needs "
                      "version %u. Upgrade the conductor.",
                      server->host, server->version, rpc_method_name(request->call.method),
                      request->version);
}

/* A call that may have been executed by an earlier process of the conductor. */
static bool
check_first(const RpcServer *server, const RpcRequest *request, bool again, GError **error)
{
    if (!again || request->sent_ms >= server->started_ms + CLOCK_SLACK_MS)
        return true;
    return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                      "Conductor %s was restarted while the call was under way; look at what was "
                      "done, and ask again.",
                      server->host);
}

/* Joins a call that is known. Returns false if it is not.
 * answer  out: to be told now, to be freed; NULL: it comes later */
static bool
join(RpcServer *server, const char *id, const Waiter *waiter, char **answer, GError **error)
    REQUIRES(server->lock)
{
    Entry *entry = g_hash_table_lookup(server->entries, id);
    if (entry == NULL)
        return false;
    if (entry->answer != NULL)
        *answer = g_strdup(entry->answer);
    else if (entry->is_done)
        steel_fail(error, STEEL_ERROR_INTERNAL, "the answer was too large to be kept");
    else if (entry->waiter_count == WAITERS_MOST)
        steel_fail(error, STEEL_ERROR_NO_WORKER, "the call was sent too often");
    else
        entry->waiters[entry->waiter_count++] = *waiter;
    return true;
}

/* A new entry at work; NULL when there are too many. */
static Entry *
begin(RpcServer *server, const char *id, const Waiter *waiter, GError **error)
    REQUIRES(server->lock)
{
    if (server->running >= RPC_RUNNING_MOST) {
        steel_fail(error, STEEL_ERROR_NO_WORKER, "Conductor %s has %u calls at work; try again.",
                   server->host, server->running);
        return NULL;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->server = server;
    memcpy(entry->id, id, sizeof entry->id);
    entry->waiters[entry->waiter_count++] = *waiter;
    g_hash_table_insert(server->entries, entry->id, entry);
    server->running++;
    forget_old(server, time_monotonic_ms());
    return entry;
}

static void
run(RpcServer *server, RpcRequest *request, bool again, const Waiter *waiter)
{
    g_autoptr(GError) error = NULL;
    char *answer = NULL;
    Entry *entry = NULL;
    bool fits = check_version(server, request, &error) && check_deadline(server, request, &error);
    lock_acquire(&server->lock);
    if (fits && !join(server, request->id, waiter, &answer, &error) &&
        check_first(server, request, again, &error))
        entry = begin(server, request->id, waiter, &error);
    lock_release(&server->lock);
    if (error != NULL)
        reply_error(server, request->id, error, waiter);
    else if (answer != NULL)
        waiter->reply(waiter->user_data, answer, strlen(answer));
    secret_free(answer);
    if (entry == NULL)
        return;
    /* The conductor's thread may get the arguments before this one has freed the message: nothing
     * of it is shared. */
    request->call.arguments = json_deep_copy(request->call.arguments);
    server->transport->call(server->self, &request->call, call_done, entry);
}

void
rpc_server_take(RpcServer *server, const char *text, size_t size, bool again, RpcServerReply reply,
                void *user_data)
{
    g_auto(RpcRequest) request = {.id = ""};
    g_autoptr(GError) error = NULL;
    const Waiter waiter = {reply, user_data};
    if (rpc_request_read(text, size, &request, &error)) {
        run(server, &request, again || request.again, &waiter);
        return;
    }
    log_warning(AREA, "a call was refused: %s", error->message);
    reply_error(server, request.id, error, &waiter);
}
