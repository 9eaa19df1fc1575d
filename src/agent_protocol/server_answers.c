/* Documents of the agent's API; the contract is in server_answers.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/server_answers.h"

#include "common/json_text.h"

#include <string.h>

#define DOCUMENTATION "https://docs.openstack.org/ironic-python-agent"

static json_t *
version(const char *base)
{
    return json_pack("{s:s, s:[{s:o, s:s}, {s:s, s:s, s:s}]}", "id", "v1", "links", "href",
                     json_sprintf("%s/v1", base), "rel", "self", "href", DOCUMENTATION, "rel",
                     "describedby", "type", "text/html");
}

json_t *
answer_root(const char *base)
{
    return json_pack("{s:s, s:s, s:[o], s:o}", "name", "OpenStack Ironic Python Agent API",
                     "description", "Steel's agent, with the API of the Ironic Python Agent",
                     "versions", version(base), "default_version", version(base));
}

static json_t *
links(const char *base, const char *resource)
{
    return json_pack("[{s:o, s:s}, {s:o, s:s}]", "href", json_sprintf("%s/v1/%s/", base, resource),
                     "rel", "self", "href", json_sprintf("%s/%s/", base, resource), "rel",
                     "bookmark");
}

json_t *
answer_v1(const char *base)
{
    json_t *answer = version(base);
    json_object_set_new(answer, "commands", links(base, "commands"));
    json_object_set_new(answer, "status", links(base, "status"));
    json_object_set_new(answer, "media_types",
                        json_pack("[{s:s, s:s}]", "base", "application/json", "type",
                                  "application/vnd.openstack.ironic-python-agent.v1+json"));
    return answer;
}

static struct MHD_Response *
answer_text(char *text, const char *type)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    return response;
}

struct MHD_Response *
answer_json(json_t *value)
{
    char *text = json_text_dump(value);
    json_decref(value);
    return answer_text(text, "application/json");
}

struct MHD_Response *
answer_fault(unsigned status, const char *text)
{
    return answer_json(json_pack("{s:s, s:s}", "faultcode", status >= 500 ? "Server" : "Client",
                                 "faultstring", text));
}

struct MHD_Response *
answer_log(const char *text, uint64_t end)
{
    struct MHD_Response *response = answer_text(g_strdup(text), "text/plain; charset=utf-8");
    g_autofree char *offset = g_strdup_printf("%" G_GUINT64_FORMAT, end);
    if (response != NULL)
        MHD_add_response_header(response, "X-Log-Offset", offset);
    return response;
}
