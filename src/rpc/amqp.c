/* Calls over RabbitMQ, the API's side; the contract is in amqp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/amqp.h"

#include "bus/link.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "rpc/amqp_names.h"
#include "rpc/message.h"

#include <string.h>

#define AREA "rpc.amqp"
enum {
    REPLY_EXPIRES_MS = 2 * 60 * 1000, /* a process that is away so long asks anew */
    REPLY_MESSAGES_MOST = 20000,      /* events, mostly, for a process that does not read */
    AGAIN_FIRST_MS = 1500, /* until a call is sent again; then twice as long, and so on */
    AGAIN_MOST = 6,        /* how often */
    AGAIN_PAUSE_MS = 1000, /* for one that came back */
    BACK_MOST = 2,         /* so often: its conductor is gone */
    STOP_LIMIT_MS = 2000,
    CLOCK_MS = 60 * 1000, /* the clock's longest rest */
};
#define SHORT_OF_ROOM "RabbitMQ takes no messages: it is short of memory or disk. "

/* A call that waits for its answer. */
typedef struct Call {
    char id[UUID_TEXT_SIZE];
    char *host;
    char *text; /* to send again; NULL: too large for that */
    RpcMethod method;
    int64_t limit_ms, deadline_ms; /* the latter monotonic */
    int64_t again_ms;              /* when to send it again; INT64_MAX: never */
    unsigned again, back;          /* how often it was sent again, and how often that came back */
    bool broker_was_lost;          /* its conductor is about to connect again, too */
    RpcDone done;
    void *user_data;
} Call;

struct AmqpClient {
    BusLink *link;
    EventRelay *relay;
    pthread_t clock; /* ends calls at their deadlines, also while the link's thread connects */
    Lock lock;
    pthread_cond_t changed;
    GHashTable *calls GUARDED; /* id of the Call -> Call (owned) */
    int64_t clock_ms GUARDED;  /* the clock looks then */
    bool stopping GUARDED;
    bool has_been_up; /* the link's thread */
};

static void
call_free(Call *call)
{
    secret_free(call->text);
    g_free(call->host);
    g_free(call);
}

/* Ends a call that is no longer in the table. */
static void
call_end(Call *call, json_t *result, const GError *error)
{
    call->done(result, error, call->user_data);
    call_free(call);
}

static Call *
take_call(AmqpClient *client, const char *id)
{
    void *call = NULL;
    lock_acquire(&client->lock);
    g_hash_table_steal_extended(client->calls, id, NULL, &call);
    lock_release(&client->lock);
    return call;
}

/* ---- sending ---- */

static BusLetter *
letter_of(const AmqpClient *client, const Call *call, const char *text, bool again)
{
    BusLetter *letter = g_new0(BusLetter, 1);
    letter->exchange = g_strdup("");
    letter->routing_key = amqp_conductor_queue(call->host);
    letter->correlation_id = g_strdup(call->id);
    letter->reply_to = g_strdup(bus_link_queue(client->link));
    letter->type = again ? AMQP_TYPE_AGAIN : AMQP_TYPE_CALL;
    letter->until_ms = call->deadline_ms;
    letter->body = g_strdup(text);
    letter->size = strlen(text);
    return letter;
}

/* False with the error: the call was not taken. */
static bool
add_call(AmqpClient *client, Call *call, GError **error)
{
    lock_acquire(&client->lock);
    bool fits = g_hash_table_size(client->calls) < AMQP_CALLS_MOST;
    if (fits)
        g_hash_table_insert(client->calls, call->id, call);
    if (fits && call->deadline_ms < client->clock_ms)
        pthread_cond_signal(&client->changed);
    lock_release(&client->lock);
    return fits || steel_fail(error, STEEL_ERROR_NO_WORKER,
                              "%d calls wait for conductors' answers; try again.", AMQP_CALLS_MOST);
}

static bool
check_broker(AmqpClient *client, GError **error)
{
    int64_t down_ms = bus_link_down_ms(client->link);
    int64_t blocked_ms = bus_link_blocked_ms(client->link);
    if (blocked_ms > AMQP_DOWN_LIMIT_MS)
        return steel_fail(error, STEEL_ERROR_BUS,
                          SHORT_OF_ROOM "The call was not sent. Try again when there is room.");
    if (down_ms <= AMQP_DOWN_LIMIT_MS)
        return true;
    return steel_fail(error, STEEL_ERROR_BUS,
                      "RabbitMQ ([DEFAULT]transport_url) has not been reached for %" G_GINT64_FORMAT
                      " s; the log says why. Try again when it is there.",
                      down_ms / 1000);
}

static void
amqp_send(void *self, const char *host, const RpcCall *rpc_call, RpcDone done, void *user_data)
{
    AmqpClient *client = self;
    g_autoptr(GError) error = NULL;
    /* before the deadline: this thread may stand still in between for longer than the margin */
    int64_t sent_ms = g_get_real_time() / 1000;
    Call *call = g_new0(Call, 1);
    call->host = g_strdup(host);
    call->method = rpc_call->method;
    call->limit_ms = config_integer(config_current(), OPT_RPC_RESPONSE_TIMEOUT) * 1000;
    call->deadline_ms = time_monotonic_ms() + call->limit_ms + RPC_LIMIT_MARGIN_MS;
    call->done = done;
    call->user_data = user_data;
    char *text =
        rpc_request_write(rpc_call, uuid_generate(call->id), sent_ms, call->limit_ms, false);
    json_decref(rpc_call->arguments);
    if (strlen(text) <= AMQP_AGAIN_SIZE)
        call->text = g_strdup(text);
    call->again_ms = call->text != NULL ? time_monotonic_ms() + AGAIN_FIRST_MS : INT64_MAX;
    BusLetter *letter = letter_of(client, call, text, false);
    secret_free(text);
    if (!check_broker(client, &error) || !add_call(client, call, &error)) {
        bus_letter_free(letter);
        call_end(call, NULL, error);
        return;
    }
    char id[UUID_TEXT_SIZE]; /* the call may be answered, and gone, as soon as it is sent */
    memcpy(id, letter->correlation_id, sizeof id);
    if (bus_link_send(client->link, letter))
        return;
    steel_fail(&error, STEEL_ERROR_NO_WORKER, "Too much waits for RabbitMQ; try again.");
    call = take_call(client, id);
    if (call != NULL)
        call_end(call, NULL, error);
}

const RpcCarrier amqp_carrier = {.name = "amqp", .send = amqp_send};

/* ---- the link's hooks ---- */

/* The broker may have lost calls or their answers. */
static void
client_connected(void *user)
{
    AmqpClient *client = user;
    GHashTableIter iterator;
    void *value;
    bool again = client->has_been_up;
    client->has_been_up = true;
    lock_acquire(&client->lock);
    g_hash_table_iter_init(&iterator, client->calls);
    while (again && g_hash_table_iter_next(&iterator, NULL, &value)) {
        Call *call = value;
        call->broker_was_lost = true;
        if (call->text != NULL)
            call->again_ms = time_monotonic_ms();
    }
    lock_release(&client->lock);
}

static void
take_answer(AmqpClient *client, const BusDelivery *delivery)
{
    g_auto(RpcAnswer) answer = {.id = ""};
    g_autoptr(GError) error = NULL;
    Call *call = take_call(client, delivery->correlation_id);
    if (call == NULL)
        return; /* it came twice, or after its deadline */
    if (!rpc_answer_read(delivery->body, delivery->size, &answer, &error)) {
        error->code = STEEL_ERROR_INTERNAL; /* the caller is not at fault */
        g_prefix_error(&error, "The answer of conductor %s cannot be read: ", call->host);
    }
    call_end(call, answer.result, error != NULL ? error : answer.error);
}

static void
client_delivered(void *user, BusDelivery *delivery)
{
    AmqpClient *client = user;
    if (strcmp(delivery->type, AMQP_TYPE_EVENT) != 0)
        take_answer(client, delivery);
    else if (client->relay != NULL &&
             !event_relay_take(client->relay, delivery->body, delivery->size))
        log_warning(AREA, "an event cannot be read");
    bus_delivery_free(delivery);
}

/* True: nobody will take the call. The first try fails at once. */
static bool
is_lost(Call *call, const BusLetter *letter)
{
    if (g_strcmp0(letter->type, AMQP_TYPE_AGAIN) != 0)
        return true;
    if (!call->broker_was_lost && ++call->back >= BACK_MOST)
        return true;
    call->again--;
    call->again_ms = time_monotonic_ms() + AGAIN_PAUSE_MS;
    return false;
}

static void
client_returned(void *user, const BusLetter *letter)
{
    AmqpClient *client = user;
    g_autoptr(GError) error = NULL;
    lock_acquire(&client->lock);
    Call *call = g_hash_table_lookup(client->calls, letter->correlation_id);
    if (call != NULL && is_lost(call, letter))
        g_hash_table_steal(client->calls, call->id);
    else
        call = NULL;
    lock_release(&client->lock);
    if (call == NULL)
        return;
    steel_fail(&error, STEEL_ERROR_NO_CONDUCTOR,
               "Conductor %s is not at RabbitMQ: nobody takes calls from its queue %s%s. Another "
               "one takes its nodes over when its lease has ended; then ask again.",
               call->host, letter->routing_key,
               call->back > 0 ? ", and this one may have been begun before it went" : "");
    call_end(call, NULL, error);
}

static void
end_late(AmqpClient *client, Call *call)
{
    g_autoptr(GError) error = NULL;
    steel_fail(&error, STEEL_ERROR_RPC_TIMEOUT,
               "%sConductor %s has not answered %s within %" G_GINT64_FORMAT
               " s ([DEFAULT]rpc_response_timeout). It may still do it: look at what was done "
               "before you ask again.",
               bus_link_blocked_ms(client->link) > 0 ? SHORT_OF_ROOM : "", call->host,
               rpc_method_name(call->method), call->limit_ms / 1000);
    call_end(call, NULL, error);
}

/* Takes the calls out whose time is over. */
static void
take_late(AmqpClient *client, GQueue *late) REQUIRES(client->lock)
{
    GHashTableIter iterator;
    void *value;
    int64_t now_ms = time_monotonic_ms();
    client->clock_ms = now_ms + CLOCK_MS;
    g_hash_table_iter_init(&iterator, client->calls);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Call *call = value;
        if (call->deadline_ms <= now_ms) {
            g_queue_push_tail(late, call);
            g_hash_table_iter_steal(&iterator);
        } else
            client->clock_ms = MIN(client->clock_ms, call->deadline_ms);
    }
}

static void *
run_clock(void *data)
{
    AmqpClient *client = data;
    GQueue late = G_QUEUE_INIT;
    pthread_setname_np(pthread_self(), "rpc-clock");
    lock_acquire(&client->lock);
    while (!client->stopping) {
        take_late(client, &late);
        if (late.length == 0) {
            lock_wait_until(&client->lock, &client->changed, client->clock_ms);
            continue;
        }
        lock_release(&client->lock);
        Call *call;
        while ((call = g_queue_pop_head(&late)) != NULL)
            end_late(client, call);
        lock_acquire(&client->lock);
    }
    lock_release(&client->lock);
    return NULL;
}

/* A call that waits in the queue of a conductor that is killed is lost with the queue. Sent again,
 * it comes back, or reaches the next process of that conductor, which refuses it; a conductor that
 * is at work on it takes it as the same call. */
static void
plan_again(Call *call, int64_t now_ms, bool was_sent)
{
    if (was_sent)
        call->again++;
    call->again_ms =
        call->again >= AGAIN_MOST ? INT64_MAX : now_ms + ((int64_t)AGAIN_FIRST_MS << call->again);
}

static int64_t
client_tick(void *user)
{
    AmqpClient *client = user;
    bool sends = bus_link_down_ms(client->link) == 0 && bus_link_blocked_ms(client->link) == 0;
    int64_t now_ms = time_monotonic_ms(), next_ms = INT64_MAX;
    GQueue again = G_QUEUE_INIT;
    GHashTableIter iterator;
    void *value;
    lock_acquire(&client->lock);
    g_hash_table_iter_init(&iterator, client->calls);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        Call *call = value;
        if (call->again_ms <= now_ms && sends)
            g_queue_push_tail(&again, letter_of(client, call, call->text, true));
        if (call->again_ms <= now_ms)
            plan_again(call, now_ms, sends);
        next_ms = MIN(next_ms, call->again_ms);
    }
    lock_release(&client->lock);
    BusLetter *letter;
    while ((letter = g_queue_pop_head(&again)) != NULL)
        if (!bus_link_send(client->link, letter))
            log_warning(AREA, "a call is not sent again: too much waits for RabbitMQ");
    return next_ms;
}

/* ---- start and stop ---- */

static void
write_metrics(GString *out, void *user)
{
    const AmqpClient *client = user;
    bus_link_metrics_write(client->link, "steel_rpc_bus", out);
}

UNSHARED AmqpClient *
amqp_client_new(const Config *config, EventRelay *relay, GError **error)
{
    char uuid[UUID_TEXT_SIZE];
    BusSettings *settings = bus_settings_load(config, OPT_TRANSPORT_URL, error);
    if (settings == NULL)
        return NULL;
    AmqpClient *client = g_new0(AmqpClient, 1);
    client->relay = relay;
    client->calls = g_hash_table_new(g_str_hash, g_str_equal);
    lock_init(&client->lock, LOCK_RANK_RPC_CALLS);
    lock_condition_init(&client->changed);
    const BusLinkOptions options = {
        .settings = settings,
        .queue = g_strdup_printf("steel.reply.%s", uuid_generate(uuid)),
        .expires_ms = REPLY_EXPIRES_MS,
        .messages_most = REPLY_MESSAGES_MOST,
        .fanout = AMQP_EVENTS,
        .is_bound = relay != NULL,
        .hooks = {client_connected, client_delivered, client_returned, client_tick},
        .user = client,
    };
    client->link = bus_link_new(&options);
    bus_link_start(client->link);
    pthread_create(&client->clock, NULL, run_clock, client);
    metrics_register(write_metrics, client);
    return client;
}

static void
stop_clock(AmqpClient *client)
{
    lock_acquire(&client->lock);
    client->stopping = true;
    pthread_cond_signal(&client->changed);
    lock_release(&client->lock);
    pthread_join(client->clock, NULL);
}

UNSHARED bool
amqp_client_free(AmqpClient *client)
{
    if (client == NULL)
        return true;
    metrics_unregister(write_metrics, client);
    if (!bus_link_stop(client->link, STOP_LIMIT_MS))
        return false;
    stop_clock(client);
    g_autoptr(GError) error = NULL;
    GHashTableIter iterator;
    void *value;
    steel_fail(&error, STEEL_ERROR_CANCELLED, "The service stops; the call may be done.");
    g_hash_table_iter_init(&iterator, client->calls);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        call_end(value, NULL, error);
    g_hash_table_destroy(client->calls);
    pthread_cond_destroy(&client->changed);
    lock_destroy(&client->lock);
    g_free(client);
    return true;
}
