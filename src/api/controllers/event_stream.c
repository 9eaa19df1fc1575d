/* The event stream: what happens to nodes, as server-sent events (HTML Living Standard, 9.2), for as long as the client
 * listens.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/internal.h"
#include "common/metrics.h"
#include "common/time_text.h"

#include <inttypes.h>
#include <string.h>

/* Listeners at a time; each holds a connection and at most a thousand events that it has not taken yet. */
#define LISTENER_LIMIT 256
/* After this long without an event the client gets a comment: that is how both sides notice when the other has gone. */
#define KEEP_ALIVE_MS 15000
/* A token is checked when the stream begins: it must begin again some day. */
#define LIFE_LIMIT_MS (60 * 60 * 1000)

typedef struct Stream {
    RequestStream base;
    Request *request; /* borrowed: it outlives its stream */
    EventListener *listener;
    void (*wake)(void *carrier);
    void *carrier;
    char *node_uuid;  /* owned; NULL: all nodes */
    const char *type; /* prefix, borrowed from the request; NULL: all types */
    bool sees_all;    /* whoever the owner is */
    GString *ready;   /* text that is to be sent, from `sent` on */
    size_t sent;
    int64_t lost;       /* events that a listener too slow has not got, untold yet */
    int64_t ends_at_ms; /* monotonic; 0: never */
} Stream;

static void
woken(void *user_data)
{
    const Stream *stream = user_data;
    stream->wake(stream->carrier);
}

static void
stream_open(RequestStream *base, void (*wake)(void *carrier), void *carrier)
{
    Stream *stream = (Stream *)base;
    stream->wake = wake;
    stream->carrier = carrier;
    stream->listener = events_listen(stream->request->api->services.events, woken, stream);
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

/* ---- who may see what ---- */

typedef struct Owners {
    char *owner, *lessee;
} Owners;

static bool
read_owners(const DbRow *row, void *user_data)
{
    Owners *owners = user_data;
    owners->owner = g_strdup(db_row_text(row, 0, NULL));
    owners->lessee = g_strdup(db_row_text(row, 1, NULL));
    return false;
}

/* What hangs on a node belongs to whom the node does. One that has gone belongs to nobody. */
static bool
sees_node(const Stream *stream, const char *node_uuid)
{
    Owners owners = {0};
    g_autoptr(GError) ignored = NULL; /* what cannot be looked up is not shown */
    const DbValue value = db_text(node_uuid);
    bool seen =
        db_query(request_db(stream->request), "SELECT owner, lessee FROM nodes WHERE uuid = ?1",
                 &value, 1, read_owners, &owners, &ignored);
    const PolicyTarget target = {owners.owner, owners.lessee, node_uuid};
    seen = seen && policy_allows(stream->request, "baremetal:node:get", &target);
    g_free(owners.owner);
    g_free(owners.lessee);
    return seen;
}

static bool
may_see(const Stream *stream, const char *type, const json_t *payload)
{
    if (stream->sees_all)
        return true;
    const char *node_uuid = json_string_member(payload, "node_uuid");
    const PolicyTarget target = {json_string_member(payload, "owner"),
                                 json_string_member(payload, "lessee")};
    if (g_str_has_prefix(type, "baremetal.node."))
        return policy_allows(stream->request, "baremetal:node:get", &target);
    if (g_str_has_prefix(type, "baremetal.allocation."))
        return policy_allows(stream->request, "baremetal:allocation:get", &target);
    return node_uuid != NULL && sees_node(stream, node_uuid);
}

/* The payload without what the policy hides from this client; a new reference. */
static json_t *
visible_part(const Stream *stream, json_t *payload)
{
    static const struct {
        unsigned bit;
        const char *member;
    } rows[] = {
        {POLICY_HIDE_DRIVER_INFO,          "driver_info"         },
        {POLICY_HIDE_DRIVER_INTERNAL_INFO, "driver_internal_info"},
        {POLICY_HIDE_LAST_ERROR,           "last_error"          },
        {POLICY_HIDE_TARGET_PROPERTIES,    "properties"          },
    };
    const PolicyTarget target = {json_string_member(payload, "owner"),
                                 json_string_member(payload, "lessee")};
    bool is_node = json_object_get(payload, "provision_state") != NULL;
    unsigned hidden = policy_visibility(stream->request, &target, NULL);
    if (is_node)
        hidden &= ~(unsigned)POLICY_HIDE_TARGET_PROPERTIES;
    json_t *part = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!(hidden & rows[i].bit) || json_object_get(payload, rows[i].member) == NULL)
            continue;
        if (part == NULL)
            part = json_copy(payload);
        json_object_set_new(part, rows[i].member,
                            json_loads(policy_hidden_json(rows[i].bit), JSON_DECODE_ANY, NULL));
    }
    return part != NULL ? part : json_incref(payload);
}

static bool
is_wanted(const Stream *stream, const char *type, const json_t *payload)
{
    if (stream->type != NULL && !g_str_has_prefix(type, stream->type))
        return false;
    if (stream->node_uuid == NULL)
        return true;
    const char *about = json_string_member(
        payload, g_str_has_prefix(type, "baremetal.node.") ? "uuid" : "node_uuid");
    return g_strcmp0(about, stream->node_uuid) == 0;
}

/* ---- the text ---- */

static void
write_event(Stream *stream, const json_t *event)
{
    const char *type = json_string_member(event, "type");
    json_t *payload = json_object_get(event, "payload");
    json_t *part = visible_part(stream, payload);
    g_autofree char *data = json_text_dump(part);
    json_decref(part);
    g_string_append_printf(stream->ready, "id: %" JSON_INTEGER_FORMAT "\nevent: %s\ndata: ",
                           json_integer_value(json_object_get(event, "id")), type);
    g_string_append(stream->ready, data);
    g_string_append(stream->ready, "\n\n");
    metrics_add(METRIC_API_STREAM_EVENTS, 1);
}

static void
write_lost(Stream *stream)
{
    g_string_append_printf(stream->ready, "event: lost\ndata: {\"lost\": %" PRId64 "}\n\n",
                           stream->lost);
    metrics_add(METRIC_API_STREAM_LOST, (uint64_t)stream->lost);
    stream->lost = 0;
}

/* Takes events until there is something to say; false when there are none any more. */
static bool
take_events(Stream *stream)
{
    for (json_t *event; (event = events_next(stream->listener)) != NULL; json_decref(event)) {
        const char *type = json_string_member(event, "type");
        const json_t *payload = json_object_get(event, "payload");
        stream->lost += json_integer_value(json_object_get(event, "lost"));
        if (stream->lost > 0)
            write_lost(stream);
        if (is_wanted(stream, type, payload) && may_see(stream, type, payload))
            write_event(stream, event);
        if (stream->ready->len > 0) {
            json_decref(event);
            return true;
        }
    }
    return false;
}

static bool
stream_read(RequestStream *base, char *buffer, size_t size, bool silent, size_t *filled)
{
    Stream *stream = (Stream *)base;
    if (stream->sent == stream->ready->len) {
        g_string_truncate(stream->ready, 0);
        stream->sent = 0;
        if (stream->ends_at_ms > 0 && time_monotonic_ms() >= stream->ends_at_ms)
            return false;
        if (!take_events(stream) && silent)
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
    stream->ready = g_string_new(": Steel tells what happens to nodes\n\n");
    stream->ends_at_ms = open ? 0 : time_monotonic_ms() + LIFE_LIMIT_MS;
    return request_answer_stream(request, "text/event-stream", &stream->base);
}
