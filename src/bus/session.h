/* One connection to one RabbitMQ host, with one channel that confirms what is published. The only
 * file that knows librabbitmq.
 *
 * A session belongs to one thread, which may block in these functions: opening at most
 * BUS_CALL_LIMIT_MS for each step of the handshake, publishing until the broker reads or the
 * heartbeats stop. Only bus_session_break may come from another thread. After the first error a
 * session is over: free it.
 *
 * Errors: BUS with the broker's words; UNAUTHORIZED: it refuses the login; CONFLICT: something of
 * that name is there with other properties.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/settings.h"
#include <stdint.h>

enum { BUS_CALL_LIMIT_MS = 10000 };

typedef struct BusSession BusSession;

/* Connects and logs in. */
BusSession *bus_session_open(const BusSettings *settings, const BusHost *host, GError **error);

/* Says goodbye if the broker listens, and frees. NULL is fine. */
void bus_session_free(BusSession *session);

/* The descriptor to poll for input. */
int bus_session_descriptor(const BusSession *session);

/* Makes an exchange of type topic, and a queue bound to it by its own name, as oslo.messaging does
 * for notifications: what is published before the first consumer comes is kept.
 *
 * as_it_is  do not make it, only check that it exists: after CONFLICT */
bool bus_session_declare_exchange(BusSession *session, const char *name, bool as_it_is,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool bus_session_declare_queue(BusSession *session, const char *name, const char *exchange,
                               bool as_it_is, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One message to send; all borrowed for the call. The body is JSON. */
typedef struct BusOutput {
    const char *exchange, *routing_key;
    const char *body;
    size_t size;
} BusOutput;

/* Sends a message; the broker will confirm it by the number, which counts from 1 in each
 * session. */
bool bus_session_publish(BusSession *session, const BusOutput *output, uint64_t *number,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum BusEventKind {
    BUS_EVENT_NONE,      /* nothing has come */
    BUS_EVENT_CONFIRMED, /* the broker has this message, and all before it if `all` */
    BUS_EVENT_REFUSED,   /* it does not take it; `all` likewise */
    BUS_EVENT_RETURNED,  /* no queue takes this message; CONFIRMED follows */
    BUS_EVENT_BLOCKED, /* it takes nothing for now: its disk or memory is short; `text` says why */
    BUS_EVENT_UNBLOCKED,
    BUS_EVENT_OTHER, /* of no interest */
} BusEventKind;

typedef struct BusEvent {
    BusEventKind kind;
    uint64_t number;
    bool all;
    char text[128]; /* in the broker's words */
} BusEvent;

/* Takes what has come, without waiting, and sends heartbeats that are due: call it at least twice
 * in each heartbeat interval. Errors: the connection is over. */
bool bus_session_next(BusSession *session, BusEvent *event,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Shuts a descriptor of bus_session_descriptor down, so that the thread that publishes returns. The
 * caller makes sure that the session is not freed meanwhile. */
void bus_session_break(int descriptor);
