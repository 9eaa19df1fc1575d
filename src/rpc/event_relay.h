/* Events between processes: what happens in a conductor is published in every API as well, and the
 * progress of agents comes to its progress board. The transports carry the text.
 *
 *     {"type": str, "node": uuid or null, "owner": str or null, "lessee": str or null,
 *      "payload": {...}}
 *
 * What came from another process is not sent on.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "rpc/events.h"
#include "rpc/progress_board.h"

typedef struct EventRelay EventRelay;

/* events, progress  of this process; borrowed; progress may be NULL */
EventRelay *event_relay_new(Events *events, ProgressBoard *progress);

/* Frees; its outlets are closed. NULL is fine. */
void event_relay_free(EventRelay *relay);

/* What happens in this process, for one who carries it to others; each has a queue of its own
 * (events.h), so that nobody waits for a slow one. */
typedef struct EventOutlet EventOutlet;

/* Starts to collect.
 * wake  called on any thread when something waits; must not block */
EventOutlet *event_outlet_open(EventRelay *relay, void (*wake)(void *user), void *user);

/* Ends it; `wake` is not called any more when this returns. NULL is fine. */
void event_outlet_close(EventOutlet *outlet);

/* Takes the text of the next event; the caller frees. NULL: none waits. One thread at a time.
 * lost  grows by how many events before it did not fit into the queue */
char *event_outlet_next(EventOutlet *outlet, int64_t *lost);

/* Publishes an event of another process. False: it is no event; nothing happens. Any thread. */
bool event_relay_take(EventRelay *relay, const char *text, size_t size);
/* The same, of one that was read already; `event` is borrowed. */
bool event_relay_publish(EventRelay *relay, const json_t *event);
