/* The inside of a connection for calls, for link.c (what other threads call) and link_thread.c (the
 * thread).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/link.h"
#include "common/lock.h"

/* A delivered message that is done with. */
typedef struct Ack {
    unsigned life;
    uint64_t tag;
} Ack;

struct BusLink {
    BusLinkOptions options;
    pthread_t thread;
    int wake; /* eventfd */
    Lock lock;
    pthread_cond_t changed;
    GQueue letters GUARDED; /* BusLetter, that wait */
    size_t size GUARDED;    /* of all bodies, those under way too */
    unsigned count GUARDED; /* of all letters */
    GArray *acks GUARDED;   /* Ack */
    bool stopping GUARDED, has_ended GUARDED;
    int64_t stop_by_ms GUARDED;
    int64_t down_since_ms GUARDED, blocked_since_ms GUARDED; /* 0: it is not */
    int descriptor GUARDED;                                  /* of the session, -1 without one */
    unsigned life;                                           /* atomic */
    /* the thread's own */
    BusSession *session;
    GQueue under_way; /* BusLetter, by number */
    unsigned host, failures;
    bool is_blocked, is_cancelled;
    char *trouble; /* what was logged last */
    int64_t tick_ms, opened_ms;
};

/* The thread; `data` is the BusLink. It ends when bus_link_stop has asked for it and nothing waits,
 * or the time is up. */
void *bus_link_thread(void *data);
