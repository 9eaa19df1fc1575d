/* The inside of the bus, for bus.c (what other threads call) and worker.c (the thread).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/backlog.h"
#include "bus/bus.h"
#include "bus/session.h"
#include "common/lock.h"

struct Bus {
    BusSettings *settings;
    int64_t retry;
    pthread_t thread;
    int wake; /* eventfd: something to do for a thread that polls */
    Lock lock;
    pthread_cond_t changed;
    Backlog backlog GUARDED;
    BusStatus status GUARDED;
    int descriptor GUARDED; /* of the session, -1 without one */
    bool stopping GUARDED, has_ended GUARDED;
    int64_t stop_by_ms GUARDED;
    uint64_t lost_told GUARDED;
    int64_t lost_told_ms GUARDED;
    /* the thread's own */
    BusSession *session;
    GQueue unconfirmed; /* Parcel, in the order of their numbers */
    size_t unconfirmed_size;
    GHashTable *declared;    /* owned "exchange\nqueue" that this session has made */
    GHashTable *as_they_are; /* owned names that are there with other properties */
    unsigned host;           /* the next to try */
    unsigned failures;       /* in a row */
    char *trouble;           /* what was logged last of this outage */
    bool is_blocked;
    int64_t opened_ms, heard_ms;
};

/* The losses that are to be logged: at once, or if the last were logged a minute ago; 0: none. */
uint64_t bus_losses_to_tell(Bus *bus, bool now) REQUIRES(bus->lock);

/* Logs such a number. */
void bus_tell_losses(uint64_t lost);

/* The thread; `data` is the Bus. */
void *bus_worker(void *data);
