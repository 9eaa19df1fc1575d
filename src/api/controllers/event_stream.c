/* The event stream: sends what happens to nodes as server-sent events (HTML Living Standard, 9.2)
 * until the client leaves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/internal.h"
#include "common/metrics.h"
#include "common/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Listeners at a time; each holds a connection, and the text of at most one event. */
#define LISTENER_LIMIT 256
/* The largest buffer that is kept between two events. */
#define READY_SIZE 8192
/* After this long without an event the client gets a comment, so that each side notices when the
 * other is gone. */
#define KEEP_ALIVE_MS 15000
/* A token is checked when the stream begins, so a stream ends after this time and the client opens
 * a new one. */
#define LIFE_LIMIT_MS (60 * 60 * 1000)

typedef struct Stream {
    RequestStream base;
    Request *request; /* borrowed; outlives the stream */
    EventListener *listener;
    void (*wake)(void *carrier);
    void *carrier;
    char *node_uuid;  /* owned; NULL: all nodes */
    const char *type; /* prefix, borrowed from the request; NULL: all types */
    bool sees_all;    /* of every owner */
    GString *ready;   /* text to send, from `sent` on */
    size_t sent;
    int64_t ends_at_ms; /* monotonic; 0: never */
} Stream;

/* The members that a listener may not see. The bits are those of the view that events_next
 * returns. */
static const struct {
    unsigned bit;
    const char *member;
} hidings[] = {
    {POLICY_HIDE_DRIVER_INFO,          "driver_info"},
    {POLICY_HIDE_DRIVER_INTERNAL_INFO, "driver_internal_info"},
    {POLICY_HIDE_LAST_ERROR,           "last_error"},
    {POLICY_HIDE_TARGET_PROPERTIES,    "properties"},
};

/* ---- which events a listener gets; on the publisher's thread ---- */

static bool
is_asked_for(const Stream *stream, const Event *event)
{
    return (stream->type == NULL || g_str_has_prefix(event->type, stream->type)) &&
           (stream->node_uuid == NULL || g_strcmp0(event->about.node_uuid, stream->node_uuid) == 0);
}

static bool
may_see(const Stream *stream, const Event *event, const PolicyTarget *target)
{
    if (stream->sees_all)
        return true;
    if (g_str_has_prefix(event->type, "baremetal.allocation."))
        return policy_allows(stream->request, "baremetal:allocation:get", target);
    return event->about.node_uuid != NULL &&
           policy_allows(stream->request, "baremetal:node:get", target);
}

static bool
stream_wants(const Event *event, unsigned *view, void *user_data)
{
    const Stream *stream = user_data;
    const PolicyTarget target = {event->about.owner, event->about.lessee};
    if (!is_asked_for(stream, event) || !may_see(stream, event, &target))
        return false;
    *view = policy_visibility(stream->request, &target, NULL);
    if (!g_str_has_prefix(event->type, "baremetal.volumetarget."))
        *view &= ~(unsigned)POLICY_HIDE_TARGET_PROPERTIES;
    return true;
}

static void
stream_woken(void *user_data)
{
    const Stream *stream = user_data;
    stream->wake(stream->carrier);
}

/* ---- open and free ---- */

static void
stream_open(RequestStream *base, void (*wake)(void *carrier), void *carrier)
{
    Stream *stream = (Stream *)base;
    const EventReader reader = {stream_wants, stream_woken, stream};
    stream->wake = wake;
    stream->carrier = carrier;
    stream->listener = events_listen(stream->request->api->services.events, &reader);
}

static void
stream_free(RequestStream *base)
{
    Stream *stream = (Stream *)base;
    events_unlisten(stream->listener);
    g_free(stream->node_uuid);
    g_string_free(stream->ready, TRUE);
    g_free(stream);
}

/* ---- the text ---- */

/* A value in the text of an event, and the text that this listener gets for it. */
typedef struct Hidden {
    size_t begin, size;
    const char *instead;
} Hidden;

static int
by_place(const void *a, const void *b)
{
    const Hidden *one = a, *other = b;
    return one->begin < other->begin ? -1 : one->begin > other->begin;
}

/* Finds the hidden values, in their order in the text. Returns how many. */
static size_t
find_hidden(const Event *event, unsigned view, Hidden *hidden)
{
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(hidings); i++) {
        Hidden *next = &hidden[count];
        if (!(view & hidings[i].bit) ||
            !event_member(event, hidings[i].member, &next->begin, &next->size))
            continue;
        next->instead = policy_hidden_json(hidings[i].bit);
        count++;
    }
    qsort(hidden, count, sizeof *hidden, by_place);
    return count;
}

static void
write_payload(GString *out, const Event *event, unsigned view)
{
    Hidden hidden[G_N_ELEMENTS(hidings)];
    size_t count = find_hidden(event, view, hidden), written = 0;
    for (size_t i = 0; i < count; i++) {
        g_string_append_len(out, event->text + written, (gssize)(hidden[i].begin - written));
        g_string_append(out, hidden[i].instead);
        written = hidden[i].begin + hidden[i].size;
    }
    g_string_append_len(out, event->text + written, (gssize)(event->size - written));
}

static void
write_event(Stream *stream, const Event *event, unsigned view)
{
    g_string_append_printf(stream->ready, "id: %" PRId64 "\nevent: %s\ndata: ", event->id,
                           event->type);
    write_payload(stream->ready, event, view);
    g_string_append(stream->ready, "\n\n");
    metrics_add(METRIC_API_STREAM_EVENTS, 1);
}

static void
write_lost(Stream *stream, int64_t lost)
{
    g_string_append_printf(stream->ready, "event: lost\ndata: {\"lost\": %" PRId64 "}\n\n", lost);
    metrics_add(METRIC_API_STREAM_LOST, (uint64_t)lost);
}

/* Writes the number of lost events and the next event; false if there is neither. */
static bool
take_event(Stream *stream)
{
    unsigned view;
    int64_t lost;
    const Event *event = events_next(stream->listener, &view, &lost);
    if (lost > 0)
        write_lost(stream, lost);
    if (event != NULL)
        write_event(stream, event, view);
    event_release(event);
    return stream->ready->len > 0;
}

/* Frees a buffer that one large event has grown. */
static void
forget_sent(Stream *stream)
{
    if (stream->ready->allocated_len > READY_SIZE) {
        g_string_free(stream->ready, TRUE);
        stream->ready = g_string_new(NULL);
    }
    g_string_truncate(stream->ready, 0);
    stream->sent = 0;
}

static bool
stream_read(RequestStream *base, char *buffer, size_t size, bool silent, size_t *filled)
{
    Stream *stream = (Stream *)base;
    if (stream->sent == stream->ready->len) {
        forget_sent(stream);
        if (stream->ends_at_ms > 0 && time_monotonic_ms() >= stream->ends_at_ms)
            return false;
        if (!take_event(stream) && silent)
            g_string_assign(stream->ready, ": still here\n\n");
    }
    *filled = MIN(size, stream->ready->len - stream->sent);
    memcpy(buffer, stream->ready->str + stream->sent, *filled);
    stream->sent += *filled;
    return true;
}

Answer
event_stream(Request *request, GError **error)
{
    static const char *const arguments[] = {"node", "type", NULL};
    const char *ident = request_argument(request, "node");
    g_auto(NodeBrief) node = {0};
    if (!request_only_arguments(request, arguments, error) ||
        !policy_check(request, "baremetal:node:list_all", NULL, error) ||
        (ident != NULL && !node_find(request, ident, &node, error)))
        return ANSWER_FAILED;
    if (request->api->services.events == NULL) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "This service publishes no events.");
        return ANSWER_FAILED;
    }
    if (http_streams_count(request->api->streams) >= LISTENER_LIMIT) {
        steel_fail(error, STEEL_ERROR_LIMIT,
                   "There are %d listeners already; try again when one has gone.", LISTENER_LIMIT);
        return ANSWER_FAILED;
    }
    bool open = g_strcmp0(config_string(config_current(), OPT_AUTH_STRATEGY), "noauth") == 0;
    Stream *stream = g_new0(Stream, 1);
    stream->base = (RequestStream){
        .open = stream_open, .read = stream_read, .free = stream_free, .silence_ms = KEEP_ALIVE_MS};
    stream->request = request;
    stream->node_uuid = g_strdup(node.uuid);
    stream->type = request_argument(request, "type");
    stream->sees_all = policy_allows(request, "baremetal:node:get", NULL);
    stream->ready = g_string_new(": events of nodes\n\n");
    stream->ends_at_ms = open ? 0 : time_monotonic_ms() + LIFE_LIMIT_MS;
    return request_answer_stream(request, "text/event-stream", &stream->base);
}
