/* In-process notifications; the contract is in events.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/events.h"

#include "common/time_text.h"

#include <glib.h>
#include <pthread.h>

#define QUEUE_LIMIT 1000

struct Events {
    pthread_mutex_t lock; /* guards everything below and the queues of all listeners */
    GPtrArray *listeners; /* EventListener, owned by who listens */
    int64_t last_id;
};

struct EventListener {
    Events *events;
    GQueue queue; /* json_t, owned */
    int64_t lost;
    void (*wake)(void *user_data);
    void *user_data;
};

Events *
events_new(void)
{
    Events *events = g_new0(Events, 1);
    pthread_mutex_init(&events->lock, NULL);
    events->listeners = g_ptr_array_new();
    return events;
}

void
events_free(Events *events)
{
    if (events == NULL)
        return;
    g_ptr_array_free(events->listeners, TRUE);
    pthread_mutex_destroy(&events->lock);
    g_free(events);
}

void
events_publish(Events *events, const char *type, json_t *payload)
{
    char now[TIME_TEXT_SIZE];
    time_text_ms(time_now_ms(), now);
    pthread_mutex_lock(&events->lock);
    int64_t id = ++events->last_id;
    /* Each listener has a copy of its own: jansson counts references without the ordering that would let threads share
     * an object and free it by turns. */
    for (guint i = 0; i < events->listeners->len; i++) {
        EventListener *listener = g_ptr_array_index(events->listeners, i);
        if (g_queue_get_length(&listener->queue) >= QUEUE_LIMIT) {
            json_decref(g_queue_pop_head(&listener->queue));
            listener->lost++;
        }
        g_queue_push_tail(&listener->queue,
                          json_pack("{s:I,s:s,s:s,s:o}", "id", (json_int_t)id, "type", type, "time",
                                    now, "payload", json_deep_copy(payload)));
        if (listener->wake != NULL)
            listener->wake(listener->user_data);
    }
    pthread_mutex_unlock(&events->lock);
    json_decref(payload);
}

EventListener *
events_listen(Events *events, void (*wake)(void *user_data), void *user_data)
{
    EventListener *listener = g_new0(EventListener, 1);
    *listener = (EventListener){.events = events, .wake = wake, .user_data = user_data};
    g_queue_init(&listener->queue);
    pthread_mutex_lock(&events->lock);
    g_ptr_array_add(events->listeners, listener);
    pthread_mutex_unlock(&events->lock);
    return listener;
}

void
events_unlisten(EventListener *listener)
{
    if (listener == NULL)
        return;
    pthread_mutex_lock(&listener->events->lock);
    g_ptr_array_remove_fast(listener->events->listeners, listener);
    pthread_mutex_unlock(&listener->events->lock);
    g_queue_clear_full(&listener->queue, (GDestroyNotify)json_decref);
    g_free(listener);
}

json_t *
events_next(EventListener *listener)
{
    pthread_mutex_lock(&listener->events->lock);
    json_t *event = g_queue_pop_head(&listener->queue);
    int64_t lost = event != NULL ? listener->lost : 0;
    if (event != NULL)
        listener->lost = 0;
    pthread_mutex_unlock(&listener->events->lock);
    if (event != NULL)
        json_object_set_new(event, "lost", json_integer(lost));
    return event;
}
