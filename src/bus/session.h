/* One connection to one RabbitMQ host, with one channel that confirms what is published. The only
 * file that knows librabbitmq.
 *
 * A session belongs to one thread, which may block in these functions: opening at most
 * BUS_CALL_LIMIT_MS for each step of the handshake, publishing until the broker has read nothing
 * for so long. Only bus_session_break may come from another thread. After the first error a
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

/* Makes a queue for one consumer.
 *
 * expires_ms    the broker drops it when nobody has consumed from it for so long; 0: as soon as its
 *               consumer has gone
 * messages_most that wait in it; then the oldest are dropped; 0: no limit */
bool bus_session_declare_inbox(BusSession *session, const char *name, unsigned expires_ms,
                               unsigned messages_most, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Deletes a queue with what waits in it. No error if there is none. */
bool bus_session_delete_queue(BusSession *session, const char *name,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes an exchange that gives each message to all queues bound to it.
 * queue  bound to it; NULL: none */
bool bus_session_declare_fanout(BusSession *session, const char *name, const char *queue,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts to consume: messages come as BUS_EVENT_DELIVERED.
 * prefetch  messages that may wait for bus_session_ack; 0: none needs one */
bool bus_session_consume(BusSession *session, const char *queue, unsigned prefetch,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells the broker that a delivered message is done with. */
bool bus_session_ack(BusSession *session, uint64_t tag, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One message to send; all borrowed for the call. The body is JSON. Absent: NULL, 0, false. */
typedef struct BusOutput {
    const char *exchange, *routing_key;
    const char *body;
    size_t size;
    const char *correlation_id, *reply_to;
    const char *type;
    unsigned expires_ms; /* the broker drops it after so long in a queue */
    bool is_transient;   /* it need not outlive the broker */
    bool is_optional;    /* no queue need take it: it does not come back */
} BusOutput;

enum { BUS_NAME_SIZE = 256 };

/* A message that was delivered. */
typedef struct BusDelivery {
    char *body; /* owned; with a NUL after `size` bytes */
    size_t size;
    char correlation_id[BUS_NAME_SIZE], reply_to[BUS_NAME_SIZE], type[BUS_NAME_SIZE]; /* or "" */
    bool is_again; /* it was delivered before, perhaps to another consumer */
    uint64_t tag;  /* for bus_session_ack, of the session it came by */
} BusDelivery;

/* Wipes and frees; NULL is fine. */
void bus_delivery_free(BusDelivery *delivery);

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
    BUS_EVENT_DELIVERED, /* `delivery` is set, and belongs to who takes the event */
    BUS_EVENT_CANCELLED, /* the queue that was consumed is gone */
    BUS_EVENT_OTHER,     /* of no interest */
} BusEventKind;

typedef struct BusEvent {
    BusEventKind kind;
    uint64_t number;
    bool all;
    char text[128]; /* in the broker's words */
    BusDelivery *delivery;
} BusEvent;

/* Takes what has come, without waiting, and sends heartbeats that are due: call it at least twice
 * in each heartbeat interval. Errors: the connection is over. */
bool bus_session_next(BusSession *session, BusEvent *event,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Shuts a descriptor of bus_session_descriptor down, so that the thread that publishes returns. The
 * caller makes sure that the session is not freed meanwhile. */
void bus_session_break(int descriptor);
