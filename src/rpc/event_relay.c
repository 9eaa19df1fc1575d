/* Events between processes; the contract is in event_relay.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/event_relay.h"

#include "common/json_text.h"
#include "common/time_text.h"
#include "common/uuid.h"

#include <string.h>

enum { TEXT_MOST = EVENT_TEXT_LIMIT + 4096, TYPE_MOST = 128 };

struct EventRelay {
    Events *events;
    ProgressBoard *progress;
};

struct EventOutlet {
    EventListener *listener;
    void (*wake)(void *user);
    void *user;
};

/* True while this thread publishes what came from another process. */
static __thread bool is_foreign;

EventRelay *
event_relay_new(Events *events, ProgressBoard *progress)
{
    EventRelay *relay = g_new0(EventRelay, 1);
    relay->events = events;
    relay->progress = progress;
    return relay;
}

void
event_relay_free(EventRelay *relay)
{
    g_free(relay);
}

/* ---- from this process ---- */

static bool
outlet_wants(const Event *event, unsigned *view, void *user_data)
{
    (void)event;
    (void)view;
    (void)user_data;
    return !is_foreign;
}

static void
outlet_wake(void *user_data)
{
    const EventOutlet *outlet = user_data;
    outlet->wake(outlet->user);
}

EventOutlet *
event_outlet_open(EventRelay *relay, void (*wake)(void *user), void *user)
{
    EventOutlet *outlet = g_new0(EventOutlet, 1);
    const EventReader reader = {outlet_wants, outlet_wake, outlet};
    outlet->wake = wake;
    outlet->user = user;
    outlet->listener = events_listen(relay->events, &reader);
    return outlet;
}

void
event_outlet_close(EventOutlet *outlet)
{
    if (outlet == NULL)
        return;
    events_unlisten(outlet->listener);
    g_free(outlet);
}

static void
append_member(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, ",\"%s\":", name);
    json_text_append_string(out, text);
}

char *
event_outlet_next(EventOutlet *outlet, int64_t *lost)
{
    unsigned view = 0;
    int64_t dropped = 0;
    const Event *event = events_next(outlet->listener, &view, &dropped);
    *lost += dropped;
    if (event == NULL)
        return NULL;
    GString *out = g_string_sized_new(event->size + 256);
    g_string_append(out, "{\"type\":");
    json_text_append_string(out, event->type);
    append_member(out, "node", event->about.node_uuid);
    append_member(out, "owner", event->about.owner);
    append_member(out, "lessee", event->about.lessee);
    g_string_append_printf(out, ",\"payload\":%s}", event->text);
    event_release(event);
    return g_string_free(out, FALSE);
}

/* ---- from others ---- */

static int64_t
number_of(const json_t *payload, const char *key)
{
    const json_t *value = json_object_get(payload, key);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

/* The board shows what the agent does now: any other news of the node ends it. */
static void
note_progress(ProgressBoard *board, const char *type, const char *node_uuid, const json_t *payload)
{
    ProgressState state;
    const char *phase = json_string_member(payload, "agent_phase");
    if (strcmp(type, "baremetal.node.progress.update") != 0)
        progress_board_take(board, node_uuid, &state);
    else if (phase != NULL)
        progress_board_note(board, node_uuid, phase, MAX(0, number_of(payload, "bytes_done")),
                            number_of(payload, "bytes_total"), time_monotonic_ms());
}

bool
event_relay_publish(EventRelay *relay, const json_t *event)
{
    const char *type = json_string_member(event, "type");
    const char *node_uuid = json_string_member(event, "node");
    const json_t *payload = json_object_get(event, "payload");
    const EventAbout about = {node_uuid, json_string_member(event, "owner"),
                              json_string_member(event, "lessee")};
    if (type == NULL || strlen(type) > TYPE_MOST || !g_str_has_prefix(type, "baremetal.") ||
        !json_is_object(payload) || (node_uuid != NULL && !uuid_valid(node_uuid)))
        return false;
    if (relay->progress != NULL && node_uuid != NULL)
        note_progress(relay->progress, type, node_uuid, payload);
    is_foreign = true;
    events_publish(relay->events, type, &about, json_deep_copy(payload));
    is_foreign = false;
    return true;
}

bool
event_relay_take(EventRelay *relay, const char *text, size_t size)
{
    json_auto_t *event = size <= TEXT_MOST ? json_text_parse(text, size, 64, NULL) : NULL;
    return event_relay_publish(relay, event);
}
