/* News of nodes from the service's event stream, or from asking again and again where there is no stream.
 *
 * A listener only says when it is worth looking; the state of things is read from the API. So what gets lost with a
 * connection that broke is found all the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cli/session.h"

typedef struct Listener Listener;

/* What listener_next has to say. */
typedef enum News {
    NEWS_EVENT, /* something happened: the event tells what */
    NEWS_LOOK,  /* look: the stream has just begun, has lost events, has ended, or there is none */
    NEWS_NOTHING, /* the time has passed and nothing happened */
} News;

/* Nothing is sent yet.
 *
 * session  borrowed; its thread is the listener's
 * node     UUID or name of the node to hear of; NULL: all */
Listener *listener_new(Session *session, const char *node);
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)

/* Waits for news. A stream that ended is opened anew, with two seconds between tries; a service that has no stream
 * (Ironic) is not asked for it again.
 *
 * timeout_ms  how long to wait; without a stream never longer than LISTENER_POLL_MS, so that the caller looks that often
 * type        out, with NEWS_EVENT: the event's type; the caller frees
 * payload     out, with NEWS_EVENT: a new reference */
News listener_next(Listener *listener, int timeout_ms, char **type, json_t **payload);

/* Where there is no stream: how often to look. */
enum { LISTENER_POLL_MS = 250 };
