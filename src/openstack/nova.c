/* Calls to Nova; the contract is in nova.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/nova.h"

#include "common/json_text.h"

#include <string.h>

#define VERSION "/v2.1"

enum {
    DEPTH = 8,
    VALUES = 2000,
    CODE_OK = 399, /* of one event; Nova has HTTP's codes for them */
};

/* Most catalogs name the version, and some the project after it. */
static char *
path_of(OpenstackSession *session, GError **error)
{
    g_autofree char *endpoint = openstack_endpoint(session, error);
    if (endpoint == NULL)
        return NULL;
    bool versioned = g_str_has_suffix(endpoint, VERSION) || strstr(endpoint, VERSION "/") != NULL;
    return g_strconcat(versioned ? "" : VERSION, "/os-server-external-events", NULL);
}

static char *
body_of(const NovaPowerUpdate *updates, size_t count)
{
    json_t *events = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(events, json_pack("{s:s, s:s, s:s}", "name", "power-update",
                                                "server_uuid", updates[i].server_uuid, "tag",
                                                updates[i].on ? "POWER_ON" : "POWER_OFF"));
    json_t *document = json_pack("{s:o}", "events", events);
    char *body = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return body;
}

/* Each event has a code of its own. */
static bool
check_answer(const HttpResponse *response, GError **error)
{
    const JsonLimits limits = {.depth = DEPTH, .values = VALUES};
    g_autoptr(GError) cause = NULL;
    json_t *document =
        json_text_parse_limited(response->body, response->body_size, &limits, &cause);
    if (document == NULL)
        return steel_fail(error, STEEL_ERROR_HTTP, "Nova's answer to power updates is no JSON: %s",
                          cause->message);
    g_autoptr(GString) refused = g_string_new(NULL);
    json_t *event;
    size_t i;
    json_array_foreach(json_object_get(document, "events"), i, event)
    {
        json_int_t code = json_integer_value(json_object_get(event, "code"));
        const char *server = json_string_member(event, "server_uuid");
        if (code > CODE_OK && i < NOVA_EVENTS_MOST)
            g_string_append_printf(refused, " %.36s (%" JSON_INTEGER_FORMAT ")",
                                   server != NULL ? server : "?", code);
    }
    json_decref(document);
    return refused->len == 0 || steel_fail(error, STEEL_ERROR_CONFLICT,
                                           "Nova refuses the power update of%s", refused->str);
}

bool
nova_power_update(OpenstackSession *session, const NovaPowerUpdate *updates, size_t count,
                  int64_t deadline_ms, GError **error)
{
    static const char *const headers[] = {"OpenStack-API-Version: compute 2.76",
                                          "X-OpenStack-Nova-API-Version: 2.76", NULL};
    g_autofree char *path = path_of(session, error);
    if (path == NULL)
        return false;
    char *body = body_of(updates, count);
    const OpenstackCall call = {.what = "the power update of servers",
                                .method = "POST",
                                .path = path,
                                .headers = headers,
                                .body = body,
                                .repeatable = true, /* it tells a state */
                                .deadline_ms = deadline_ms};
    g_auto(HttpResponse) response = {0};
    bool good = openstack_ask(session, &call, &response, error) && check_answer(&response, error);
    free(body);
    return good;
}
