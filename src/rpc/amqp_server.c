/* Calls over RabbitMQ, the conductor's side; the contract is in amqp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/link.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "rpc/amqp.h"
#include "rpc/amqp_names.h"

#include <string.h>

#define AREA "rpc.amqp"
enum {
    ANSWER_EXPIRES_MS = 10 * 60 * 1000,
    EVENT_EXPIRES_MS = 60 * 1000,
    EVENTS_AT_ONCE = 256, /* then the link does its other work */
    STOP_LIMIT_MS = 3000,
};

struct AmqpServer {
    BusLink *link;
    RpcServer *server; /* borrowed */
    Lock lock;
    EventOutlet *outlet GUARDED; /* NULL: nothing is told, or no more */
};

/* A call that was delivered. */
typedef struct Delivered {
    AmqpServer *owner;
    char *correlation_id, *reply_to;
    unsigned life;
    uint64_t tag;
} Delivered;

static BusLetter *
letter_new(const char *exchange, const char *key, const char *type, char *body, size_t size)
{
    BusLetter *letter = g_new0(BusLetter, 1);
    letter->exchange = g_strdup(exchange);
    letter->routing_key = g_strdup(key);
    letter->type = type;
    letter->body = body;
    letter->size = size;
    return letter;
}

/* Receives the answer of a call, on any thread. */
static void
answer(void *user_data, const char *text, size_t size)
{
    Delivered *delivered = user_data;
    AmqpServer *server = delivered->owner;
    BusLetter *letter =
        letter_new("", delivered->reply_to, AMQP_TYPE_ANSWER, g_strndup(text, size), size);
    letter->correlation_id = g_steal_pointer(&delivered->correlation_id);
    letter->until_ms = time_monotonic_ms() + ANSWER_EXPIRES_MS;
    if (!bus_link_send(server->link, letter))
        log_warning(AREA, "an answer is lost: too much waits for RabbitMQ");
    bus_link_ack(server->link, delivered->life, delivered->tag);
    g_free(delivered->correlation_id);
    g_free(delivered->reply_to);
    g_free(delivered);
}

/* ---- the link's hooks ---- */

static void
server_connected(void *user)
{
    (void)user;
}

static void
server_delivered(void *user, BusDelivery *delivery)
{
    AmqpServer *server = user;
    Delivered *delivered = g_new0(Delivered, 1);
    *delivered =
        (Delivered){server, g_strdup(delivery->correlation_id), g_strdup(delivery->reply_to),
                    bus_link_life(server->link), delivery->tag};
    bool again = delivery->is_again || strcmp(delivery->type, AMQP_TYPE_AGAIN) == 0;
    rpc_server_take(server->server, delivery->body, delivery->size, again, answer, delivered);
    bus_delivery_free(delivery);
}

/* An API that is back asks again for what it has not got. */
static void
server_returned(void *user, const BusLetter *letter)
{
    (void)user;
    log_info(AREA, "an answer was not wanted any more: queue %s is gone", letter->routing_key);
}

static void
send_event(AmqpServer *server, char *text)
{
    BusLetter *letter = letter_new(AMQP_EVENTS, "", AMQP_TYPE_EVENT, text, strlen(text));
    letter->is_optional = true;
    letter->until_ms = time_monotonic_ms() + EVENT_EXPIRES_MS;
    if (!bus_link_send(server->link, letter))
        log_warning(AREA, "an event is lost: too much waits for RabbitMQ");
}

/* The next event; NULL: none waits, or the server stops. */
static char *
next_event(AmqpServer *server, int64_t *lost)
{
    lock_acquire(&server->lock);
    char *text = server->outlet != NULL ? event_outlet_next(server->outlet, lost) : NULL;
    lock_release(&server->lock);
    return text;
}

static int64_t
server_tick(void *user)
{
    AmqpServer *server = user;
    int64_t lost = 0;
    char *text = NULL;
    if (bus_link_down_ms(server->link) > 0 || bus_link_blocked_ms(server->link) > 0)
        return INT64_MAX; /* they wait in their bounded queue */
    for (unsigned i = 0; i < EVENTS_AT_ONCE; i++) {
        text = next_event(server, &lost);
        if (text == NULL)
            break;
        send_event(server, text);
    }
    if (lost > 0)
        log_warning(AREA, "%" G_GINT64_FORMAT " events were not sent to other processes", lost);
    return text != NULL ? 0 : INT64_MAX;
}

static void
server_wake(void *user)
{
    const AmqpServer *server = user;
    bus_link_wake(server->link);
}

/* ---- start and stop ---- */

static void
write_metrics(GString *out, void *user)
{
    const AmqpServer *server = user;
    bus_link_metrics_write(server->link, "steel_conductor_bus", out);
}

UNSHARED AmqpServer *
amqp_server_new(const Config *config, const char *host, RpcServer *rpc_server, EventRelay *relay,
                GError **error)
{
    BusSettings *settings = bus_settings_load(config, OPT_TRANSPORT_URL, error);
    int64_t prefetch = config_integer(config, OPT_OSLO_MESSAGING_RABBIT_RABBIT_QOS_PREFETCH_COUNT);
    if (settings == NULL)
        return NULL;
    AmqpServer *server = g_new0(AmqpServer, 1);
    server->server = rpc_server;
    lock_init(&server->lock, LOCK_RANK_RPC_EVENTS);
    const BusLinkOptions options = {
        .settings = settings,
        .queue = amqp_conductor_queue(host),
        .prefetch = prefetch > 0 ? (unsigned)prefetch : AMQP_PREFETCH,
        .fanout = AMQP_EVENTS,
        .hooks = {server_connected, server_delivered, server_returned, server_tick},
        .user = server,
    };
    server->link = bus_link_new(&options);
    if (relay != NULL)
        server->outlet = event_outlet_open(relay, server_wake, server);
    bus_link_start(server->link);
    metrics_register(write_metrics, server);
    return server;
}

bool
amqp_server_free(AmqpServer *server)
{
    if (server == NULL)
        return true;
    metrics_unregister(write_metrics, server);
    lock_acquire(&server->lock);
    EventOutlet *outlet = g_steal_pointer(&server->outlet);
    lock_release(&server->lock);
    event_outlet_close(outlet);
    if (!bus_link_stop(server->link, STOP_LIMIT_MS))
        return false;
    lock_destroy(&server->lock);
    g_free(server);
    return true;
}
