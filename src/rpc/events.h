/* Notifications inside the process: the conductor publishes what happens to a node, the event
 * stream of the API listens. Names and payloads are those of Ironic's versioned notifications.
 *
 * An event is written as text once and shared by all listeners. Waiting events are bounded in
 * number and in bytes, for each listener and for all together. A listener that does not keep up
 * loses the oldest events and learns how many. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* A member that is longer, or does not fit into the event any more, becomes null. */
    EVENT_MEMBER_LIMIT = 32 * 1024,
    EVENT_TEXT_LIMIT = 64 * 1024,
    /* The queue of one listener, and all queues together. */
    EVENTS_QUEUE_LENGTH = 1000,
    EVENTS_QUEUE_SIZE = 1024 * 1024,
    EVENTS_TOTAL_SIZE = 16 * 1024 * 1024,
};

typedef struct Events Events;
typedef struct EventListener EventListener;

/* The node and owners of an event: they decide who may see it. */
typedef struct EventAbout {
    const char *node_uuid;      /* the node itself, or the node of the item; NULL if none */
    const char *owner, *lessee; /* of that node, or of the allocation; NULL: nobody */
} EventAbout;

/* One event. It is immutable and is freed by the last event_release. */
typedef struct Event {
    int64_t id;       /* greater than that of the event before */
    const char *type; /* "baremetal.node.provision_set.success" */
    EventAbout about;
    const char *text; /* the payload, a JSON object; ends in NUL too */
    size_t size;      /* of text, in bytes */
} Event;

Events *events_new(void);

/* Frees. All listeners and events must be gone. NULL is fine. */
void events_free(Events *events);

/* False without listeners: no event need be made then. */
bool events_wanted(Events *events);

/* The bytes of all events that wait or are being sent. */
size_t events_size(Events *events);

/* Publishes one event. Members that are too long become null, and the payload gets a member
 * "left_out" with their names.
 *
 * about    borrowed for the call
 * payload  an object; this call takes the reference */
void events_publish(Events *events, const char *type, const EventAbout *about, json_t *payload);

/* The functions of a listener. The publisher's thread calls them; they must not block. */
typedef struct EventReader {
    /* False: the listener does not get this event. Never called twice at the same time. NULL: it
     * gets all.
     * view  out, 0 before: a word that comes back with the event */
    bool (*wants)(const Event *event, unsigned *view, void *user_data);
    void (*wake)(void *user_data); /* an event waits; may be NULL */
    void *user_data;
} EventReader;

/* Starts listening. */
EventListener *events_listen(Events *events, const EventReader *reader);

/* Stops. The reader's functions are not called any more when this returns. NULL is fine. */
void events_unlisten(EventListener *listener);

/* Takes the next event; NULL when none waits. Give it back with event_release.
 *
 * view  out, what `wants` has said
 * lost  out, how many events this listener has lost since the last call */
const Event *events_next(EventListener *listener, unsigned *view, int64_t *lost);

/* Gives an event back; NULL is fine. */
void event_release(const Event *event);

/* The place of a member's value in the payload's text; false if it has no such member. */
bool event_member(const Event *event, const char *name, size_t *begin, size_t *size);
