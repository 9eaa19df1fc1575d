/* The inside of an event, for events.c and event.c.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rpc/events.h"

#include <glib.h>

/* The text of one member. */
typedef struct EventMember {
    guint32 name, name_size; /* where its name stands, without quotes */
    guint32 value, value_size;
} EventMember;

typedef struct SharedEvent {
    Event event; /* first: this is what others see */
    char *type, *node_uuid, *owner, *lessee;
    char *text;
    GArray *members;    /* EventMember */
    size_t cost;        /* bytes in memory */
    size_t *total;      /* atomic: the cost of all events, borrowed from Events */
    unsigned users;     /* atomic */
    unsigned waits_for; /* listeners; guarded by Events.lock */
    GList link;         /* in Events.waiting while waits_for > 0; guarded by it too */
} SharedEvent;

/* Makes an event without an id, used by the caller. Takes the payload. */
SharedEvent *event_new(const char *type, const EventAbout *about, json_t *payload, size_t *total);

void event_use(SharedEvent *event);
