/* Calls to conductors over RabbitMQ ([DEFAULT]rpc_transport = oslo). What travels is in message.h.
 *
 *   steel.conductor.HOST  the queue of a conductor; it is gone with the conductor, so that a call
 *                         to one that is away comes back at once (mandatory)
 *   steel.reply.UUID      the queue of a process with an API: answers, by correlation id, and
 *                         events
 *   steel.events          a fanout exchange: each conductor sends what happens, each API gets it
 *
 * The API keeps a call until it is answered or its deadline is over, and sends it again when the
 * answer takes long, since a queue that is gone takes its messages with it, and after the
 * connection was lost; the conductor executes it once (server.h). The conductor acknowledges a call
 * when it is answered, so that the broker holds back what is more than it can do
 * ([oslo_messaging_rabbit]rabbit_qos_prefetch_count). A message that nobody fetches is dropped at
 * its deadline.
 *
 * One connection and one thread for each process; an API has a second one, which keeps the
 * deadlines. Any thread may call.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "rpc/event_relay.h"
#include "rpc/router.h"
#include "rpc/server.h"

#include <stdint.h>

enum {
    AMQP_CALLS_MOST = 2048,       /* of an API at a time */
    AMQP_PREFETCH = 1024,         /* of a conductor, unless configured */
    AMQP_DOWN_LIMIT_MS = 5000,    /* a call waits so long for a broker that is away or full */
    AMQP_AGAIN_SIZE = 256 * 1024, /* a larger call is not sent again */
};

/* ---- the API's side ---- */

typedef struct AmqpClient AmqpClient;

/* Starts to connect.
 *
 * relay   takes the events of conductors; borrowed; NULL: they are not wanted
 * Errors  CONFIG: no or a bad [DEFAULT]transport_url */
AmqpClient *amqp_client_new(const Config *config, EventRelay *relay,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends calls under way with CANCELLED and frees. False: the process must end (bus_link_stop). NULL
 * is fine. */
bool amqp_client_free(AmqpClient *client) G_GNUC_WARN_UNUSED_RESULT;

extern const RpcCarrier amqp_carrier; /* its `self` is the AmqpClient */

/* ---- the conductor's side ---- */

typedef struct AmqpServer AmqpServer;

/* Starts to take calls for the conductor of a host.
 *
 * server  executes them; borrowed
 * relay   gives the events of this process; borrowed; NULL: none are sent
 * Errors  CONFIG */
AmqpServer *amqp_server_new(const Config *config, const char *host, RpcServer *server,
                            EventRelay *relay, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends the last answers and frees; no call may be at work. False: as amqp_client_free. NULL is
 * fine. */
bool amqp_server_free(AmqpServer *server) G_GNUC_WARN_UNUSED_RESULT;
