/* The listeners and their queues; the contract is in events.h.
 *
 * Locks: `publishing` before `lock`. A publisher holds `publishing` while it asks and wakes the
 * listeners, which may take their own locks but must not wait. `lock` is held only while pointers
 * are moved, so a listener that takes an event never waits for a publisher.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "rpc/event_priv.h"

struct Events {
    /* one publisher at a time, so that every listener gets the events in the order of their ids */
    Lock publishing;
    int64_t last_id GUARDED; /* by publishing */
    /* EventListener, owned by the caller of events_listen. Changes need both locks, reading needs
     * one. */
    GPtrArray *listeners GUARDED;
    Lock lock;              /* guards the members below and the queues of all listeners */
    GQueue waiting GUARDED; /* SharedEvent, the oldest first: those in a queue */
    size_t waiting_size GUARDED;
    size_t total; /* atomic: bytes that are queued or being sent */
};

typedef struct QueuedEvent {
    SharedEvent *event;
    unsigned view;
} QueuedEvent;

struct EventListener {
    Events *events;
    EventReader reader;
    QueuedEvent *queue; /* owned: a ring of EVENTS_QUEUE_LENGTH places, which the lock guards */
    unsigned first GUARDED, length GUARDED;
    size_t size GUARDED; /* bytes of the events in the queue */
    int64_t lost GUARDED;
};

UNSHARED Events *
events_new(void)
{
    Events *events = g_new0(Events, 1);
    lock_init(&events->publishing, LOCK_RANK_EVENTS_ORDER);
    lock_init(&events->lock, LOCK_RANK_EVENTS);
    events->listeners = g_ptr_array_new();
    g_queue_init(&events->waiting);
    return events;
}

UNSHARED void
events_free(Events *events)
{
    if (events == NULL)
        return;
    g_ptr_array_free(events->listeners, TRUE);
    lock_destroy(&events->lock);
    lock_destroy(&events->publishing);
    g_free(events);
}

bool
events_wanted(Events *events)
{
    lock_acquire(&events->lock);
    bool wanted = events->listeners->len > 0;
    lock_release(&events->lock);
    return wanted;
}

size_t
events_size(Events *events)
{
    return __atomic_load_n(&events->total, __ATOMIC_RELAXED);
}

/* ---- queues ---- */

static void queue_push(Events *events, EventListener *listener, SharedEvent *event, unsigned view)
    REQUIRES(events->lock);
static QueuedEvent queue_pop(Events *events, EventListener *listener) REQUIRES(events->lock);
static void queue_drop_oldest(Events *events, EventListener *listener) REQUIRES(events->lock);
static void drop_oldest_event(Events *events) REQUIRES(events->lock);

static void
queue_push(Events *events, EventListener *listener, SharedEvent *event, unsigned view)
{
    unsigned last = (listener->first + listener->length++) % EVENTS_QUEUE_LENGTH;
    listener->queue[last] = (QueuedEvent){event, view};
    listener->size += event->cost;
    event_use(event);
    if (event->waits_for++ > 0)
        return;
    g_queue_push_tail_link(&events->waiting, &event->link);
    events->waiting_size += event->cost;
}

/* Takes the oldest event; the caller releases it. */
static QueuedEvent
queue_pop(Events *events, EventListener *listener)
{
    QueuedEvent oldest = listener->queue[listener->first];
    listener->first = (listener->first + 1) % EVENTS_QUEUE_LENGTH;
    listener->length--;
    listener->size -= oldest.event->cost;
    if (--oldest.event->waits_for == 0) {
        g_queue_unlink(&events->waiting, &oldest.event->link);
        events->waiting_size -= oldest.event->cost;
    }
    return oldest;
}

static void
queue_drop_oldest(Events *events, EventListener *listener)
{
    event_release(&queue_pop(events, listener).event->event);
    listener->lost++;
}

/* Drops the oldest event from every queue. Queues are in the order of ids, so it is the first of
 * each. */
static void
drop_oldest_event(Events *events)
{
    const SharedEvent *oldest = events->waiting.head->data;
    bool waits = true;
    for (guint i = 0; waits && i < events->listeners->len; i++) {
        EventListener *listener = g_ptr_array_index(events->listeners, i);
        if (listener->length == 0 || listener->queue[listener->first].event != oldest)
            continue;
        waits = oldest->waits_for > 1;
        queue_drop_oldest(events, listener);
    }
}

/* ---- publishers ---- */

static void
deliver(EventListener *listener, SharedEvent *event, unsigned view)
{
    Events *events = listener->events;
    lock_acquire(&events->lock);
    while (listener->length > 0 && (listener->length == EVENTS_QUEUE_LENGTH ||
                                    listener->size + event->cost > EVENTS_QUEUE_SIZE))
        queue_drop_oldest(events, listener);
    queue_push(events, listener, event, view);
    while (events->waiting_size > EVENTS_TOTAL_SIZE)
        drop_oldest_event(events);
    lock_release(&events->lock);
    if (listener->reader.wake != NULL)
        listener->reader.wake(listener->reader.user_data);
}

void
events_publish(Events *events, const char *type, const EventAbout *about, json_t *payload)
{
    if (!events_wanted(events)) {
        json_decref(payload);
        return;
    }
    SharedEvent *event = event_new(type, about, payload, &events->total);
    lock_acquire(&events->publishing);
    event->event.id = ++events->last_id;
    for (guint i = 0; i < events->listeners->len; i++) {
        EventListener *listener = g_ptr_array_index(events->listeners, i);
        const EventReader *reader = &listener->reader;
        unsigned view = 0;
        if (reader->wants == NULL || reader->wants(&event->event, &view, reader->user_data))
            deliver(listener, event, view);
    }
    lock_release(&events->publishing);
    event_release(&event->event);
}

/* ---- listeners ---- */

EventListener *
events_listen(Events *events, const EventReader *reader)
{
    EventListener *listener = g_new0(EventListener, 1);
    listener->events = events;
    listener->reader = *reader;
    listener->queue = g_new(QueuedEvent, EVENTS_QUEUE_LENGTH);
    lock_acquire(&events->publishing);
    lock_acquire(&events->lock);
    g_ptr_array_add(events->listeners, listener);
    lock_release(&events->lock);
    lock_release(&events->publishing);
    return listener;
}

void
events_unlisten(EventListener *listener)
{
    if (listener == NULL)
        return;
    Events *events = listener->events;
    lock_acquire(&events->publishing);
    lock_acquire(&events->lock);
    g_ptr_array_remove_fast(events->listeners, listener);
    while (listener->length > 0)
        event_release(&queue_pop(events, listener).event->event);
    lock_release(&events->lock);
    lock_release(&events->publishing);
    g_free(listener->queue);
    g_free(listener);
}

const Event *
events_next(EventListener *listener, unsigned *view, int64_t *lost)
{
    Events *events = listener->events;
    QueuedEvent next = {0};
    lock_acquire(&events->lock);
    if (listener->length > 0)
        next = queue_pop(events, listener);
    *lost = listener->lost;
    listener->lost = 0;
    lock_release(&events->lock);
    *view = next.view;
    return next.event != NULL ? &next.event->event : NULL;
}
