/* A connection to RabbitMQ for calls: one thread that sends letters and consumes one queue, and
 * connects again by itself.
 *
 * A letter is kept until the broker has confirmed it; one that was under way when the connection
 * broke is sent again, so that the receiver may get it twice. What no queue takes comes back. What
 * cannot be sent in its time, since the broker is away or short of memory or disk, is dropped. The
 * queue is made at each connection, and when it was deleted. The hooks are called on the link's
 * thread, one at a time; they must not block, and may call all functions but bus_link_stop.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/session.h"

enum {
    BUS_LETTERS_MOST = 8192,              /* that wait or are under way */
    BUS_LETTERS_SIZE = 256 * 1024 * 1024, /* their bodies */
};

typedef struct BusLink BusLink;

/* A letter: a message and what it needs. The texts are owned. */
typedef struct BusLetter {
    char *exchange, *routing_key; /* exchange "": to the queue of that name */
    char *correlation_id, *reply_to;
    const char *type; /* static, or NULL */
    int64_t until_ms; /* monotonic; the broker drops it then, too; 0: whenever */
    bool is_optional;
    char *body; /* JSON, wiped afterwards */
    size_t size;
    uint64_t number; /* the link's */
    bool is_returned;
} BusLetter;

/* Frees; NULL is fine. */
void bus_letter_free(BusLetter *letter);

typedef struct BusLinkHooks {
    /* The queue is consumed from now on: the first time, and after each loss of the connection. */
    void (*connected)(void *user);
    /* A message has come; takes it. */
    void (*delivered)(void *user, BusDelivery *delivery);
    /* No queue takes this letter, or the broker refuses it; borrowed. */
    void (*returned)(void *user, const BusLetter *letter);
    /* Time to look at deadlines, and at what bus_link_wake was called for. Returns when it wants to
     * be called again, monotonic; INT64_MAX: whenever */
    int64_t (*tick)(void *user);
} BusLinkHooks;

typedef struct BusLinkOptions {
    BusSettings *settings;              /* taken */
    char *queue;                        /* to consume; taken */
    unsigned expires_ms, messages_most; /* of the queue, as in bus_session_declare_inbox; a stop
                                         * deletes a queue that would outlive its consumer */
    unsigned prefetch;                  /* 0: messages need no bus_link_ack */
    const char *fanout;                 /* an exchange to make; static, or NULL */
    bool is_bound;                      /* the queue gets what is sent to it */
    BusLinkHooks hooks;
    void *user;
} BusLinkOptions;

BusLink *bus_link_new(const BusLinkOptions *options);

/* Starts the thread, which connects by itself: this never waits for the broker. Once, before
 * bus_link_stop; the hooks may know the link by then. */
void bus_link_start(BusLink *link);

/* Sends a letter, which is taken. False: too many wait. Never blocks. Any thread. */
bool bus_link_send(BusLink *link, BusLetter *letter) G_GNUC_WARN_UNUSED_RESULT;

/* Done with a delivered message. Does nothing when the connection it came by is gone: the broker
 * delivers it again.
 *
 * life  bus_link_life when it came */
void bus_link_ack(BusLink *link, unsigned life, uint64_t tag);

/* Counts the connections. */
unsigned bus_link_life(BusLink *link);

/* Has `tick` called soon. Any thread. */
void bus_link_wake(BusLink *link);

/* For how many milliseconds there has been no connection; 0: there is one. Any thread. */
int64_t bus_link_down_ms(BusLink *link);

/* For how many milliseconds the broker has taken no letters though it is connected: it is short of
 * memory or disk, and tells so after the first letter; 0: it takes them. Any thread. */
int64_t bus_link_blocked_ms(BusLink *link);

/* Two metrics, PREFIX_connected and PREFIX_blocked; for a MetricsCollector. Any thread. */
void bus_link_metrics_write(BusLink *link, const char *prefix, GString *out);

const char *bus_link_queue(const BusLink *link);

/* Sends what waits, at most for limit_ms, ends the thread and frees. False: it hangs in a call to
 * the broker, and the process must end without freeing. NULL is fine. */
bool bus_link_stop(BusLink *link, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;
