/* Waits for changes of nodes: by the service's event stream, or by polling if it has none.
 *
 * A listener only says when to read the API again; it is not the source of the state. So a broken
 * connection loses no change.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/session.h"

typedef struct Listener Listener;

/* The results of listener_next. */
typedef enum News {
    NEWS_EVENT, /* an event came */
    /* read the API: the stream has just begun, has lost events, has ended, or there is none */
    NEWS_LOOK,
    NEWS_NOTHING, /* the time is up without an event */
} News;

/* Nothing is sent yet.
 *
 * session  borrowed; its thread is the listener's
 * node     UUID or name of the node; NULL: all nodes */
Listener *listener_new(Session *session, const char *node);
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)

/* Waits for an event. Opens an ended stream again, with two seconds between tries; asks a service
 * without a stream (Ironic) only once.
 *
 * timeout_ms  how long to wait; without a stream at most LISTENER_POLL_MS, so that the caller polls
 *             that often
 * type        out, with NEWS_EVENT: the event's type; the caller frees
 * payload     out, with NEWS_EVENT: a new reference */
News listener_next(Listener *listener, int timeout_ms, char **type, json_t **payload);

/* How often to poll without a stream. */
enum { LISTENER_POLL_MS = 250 };
