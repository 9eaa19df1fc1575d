/* The messages that wait for the message bus: bounded in number and bytes; when it is full the
 * oldest go, since what a listener wants to know first is how things stand now. Not locked: the
 * owner's lock guards it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { BACKLOG_SIZE_MOST = 32 * 1024 * 1024 };

/* One message on its way to the broker; the one who takes it owns it. */
typedef struct Parcel {
    char *exchange, *routing_key;
    char *body;
    size_t size;
    uint64_t number;  /* of the session that sent it */
    unsigned tries;   /* how often the broker did not take it */
    unsigned outage;  /* failed connections, counted by the bus, when it was queued */
    bool is_returned; /* no queue took it */
} Parcel;

void parcel_free(Parcel *parcel);

typedef struct Backlog {
    GQueue parcels; /* Parcel, the oldest first */
    size_t size;    /* of their bodies */
    size_t most;    /* parcels */
} Backlog;

void backlog_init(Backlog *backlog, size_t most);
void backlog_clear(Backlog *backlog);

/* Appends a parcel, which is taken; returns how many older ones were freed to make room. One that
 * is larger than all the room is freed itself, and counted. */
unsigned backlog_push(Backlog *backlog, Parcel *parcel);

/* Puts a parcel back in front, which is taken: it was tried and has to be tried again. Never
 * refused: what is under way is bounded by its owner. */
void backlog_return(Backlog *backlog, Parcel *parcel);

/* Takes the oldest, NULL when none waits. */
Parcel *backlog_pop(Backlog *backlog);
