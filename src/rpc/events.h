/* Notifications inside the process: the conductor publishes what befell a node, the event stream of the API and the log
 * listen. Names and payloads are those of Ironic's versioned notifications.
 *
 * Publishing never blocks on a listener: each has a bounded queue, and one that does not keep up loses the oldest and is
 * told how many. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Events Events;
typedef struct EventListener EventListener;

Events *events_new(void);
void events_free(Events *events);

/* Publishes one event.
 *
 * type     "baremetal.node.provision_set.success"
 * payload  an object with at least "uuid"; this call takes the reference, and the object must not change afterwards */
void events_publish(Events *events, const char *type, json_t *payload);

/* Starts listening. `wake` (may be NULL) is called, from the publisher's thread, when something came; it must not block. */
EventListener *events_listen(Events *events, void (*wake)(void *user_data), void *user_data);
void events_unlisten(EventListener *listener);

/* The next event as {"id": int, "type": str, "time": str, "lost": int, "payload": {..}}, a new reference, or NULL. */
json_t *events_next(EventListener *listener);
