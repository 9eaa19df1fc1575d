/* The message bus: publishes to RabbitMQ from one thread of its own, so that no other thread ever
 * waits for the broker.
 *
 * What is published waits in a bounded backlog until the broker has confirmed it; a full one loses
 * its oldest messages, which is counted and logged. Without a connection the thread tries the hosts
 * of the URL in turn, with pauses that grow. A message that was sent when the connection broke is
 * sent again, so that a listener may get it twice, with the same message_id; none is lost while the
 * process lives and the backlog has room. While the broker says that it is blocked (its disk or
 * memory is short) nothing is sent. A queue that was deleted is made again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/settings.h"
#include <stdint.h>

enum {
    BUS_UNCONFIRMED_MOST = 256,       /* messages on their way */
    BUS_UNCONFIRMED_SIZE = 1 << 20,   /* their bytes; one message may be larger */
    BUS_TRIES_MOST = 3,               /* of a message that the broker refuses or no queue takes */
    BUS_CONFIRM_LIMIT_MS = 120 * 1000 /* without one confirm the connection counts as broken */
};

typedef struct Bus Bus;

/* Starts the thread, which connects by itself: this never waits for the broker.
 *
 * settings  taken
 * retry     connections that may fail until a message that waits is given up; negative: any
 *           number */
Bus *bus_new(BusSettings *settings, int64_t retry);

/* Queues a message; never blocks. Any thread.
 *
 * body  JSON, taken */
void bus_publish(Bus *bus, const char *exchange, const char *routing_key, char *body, size_t size);

/* How the bus fares. */
typedef struct BusStatus {
    bool is_connected, is_blocked;
    uint64_t waiting;   /* messages, those under way too */
    uint64_t confirmed; /* since the start, as the next three */
    uint64_t lost;
    uint64_t connections, failures; /* made; tries that failed and connections that broke */
} BusStatus;

void bus_status(Bus *bus, BusStatus *status);

/* Sends what waits if the broker is there, at most for limit_ms, and stops the thread. Then frees
 * the bus. False: the thread hangs in a call to the broker, and the process must end without
 * freeing. NULL is fine. */
bool bus_stop(Bus *bus, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;
