/* API calls that deploy a fleet; the contract is in wave_api.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/wave_api.h"

#include "common/http_client.h"
#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

#define AREA "lab.waves"
#define PAGE 1000

enum {
    HTTP_OK = 200,
    HTTP_CREATED = 201,
    HTTP_CONFLICT = 409,
    HTTP_REFUSED = 400, /* and above */
    WORDS_LONGEST = 300,
    TIMEOUT_MS = 60000,
};

/* The status; 0: no answer. body: NULL: none */
static int
ask(const char *method, const char *api, const char *path, const json_t *body,
    HttpResponse *response)
{
    static const char *const headers[] = {"Accept: application/json",
                                          "X-OpenStack-Ironic-API-Version: 1.50", NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *url = g_strdup_printf("%s%s", api, path);
    g_autofree char *text = body != NULL ? json_text_dump(body) : NULL;
    const HttpRequest request = {
        .method = method,
        .url = url,
        .headers = headers,
        .body = text,
        .body_size = text != NULL ? strlen(text) : 0,
        .timeout_ms = TIMEOUT_MS,
    };
    if (http_request(&request, response, &error))
        return response->status;
    log_debug(AREA, "%s", error->message);
    return 0;
}

/* The words of an answer, without what a terminal would obey. */
static char *
words_of(const HttpResponse *response)
{
    g_autofree char *words = g_strdup_printf("%d %.*s", response->status, WORDS_LONGEST,
                                             response->body != NULL ? response->body : "");
    for (char *c = words; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_utf8_make_valid(words, -1);
}

/* The same, where only the status counts, and what a refusal says. */
static int
order(const char *method, const char *api, const char *path, const json_t *body, char **refusal)
{
    g_auto(HttpResponse) response = {0};
    int status = ask(method, api, path, body, &response);
    if (status >= HTTP_REFUSED && *refusal == NULL)
        *refusal = words_of(&response);
    return status;
}

int
wave_api_provision(const char *api, const char *uuid, const char *verb, char **refusal)
{
    g_autofree char *path = g_strdup_printf("/v1/nodes/%s/states/provision", uuid);
    json_auto_t *body = json_pack("{s:s}", "target", verb);
    return order("PUT", api, path, body, refusal);
}

int
wave_api_enrol(const char *api, const json_t *node, const char *mac, char **refusal)
{
    json_auto_t *port =
        json_pack("{s:s, s:s}", "node_uuid", json_string_member(node, "uuid"), "address", mac);
    int status = order("POST", api, "/v1/nodes", node, refusal);
    if (status == HTTP_CREATED || status == HTTP_CONFLICT)
        status = order("POST", api, "/v1/ports", port, refusal);
    return status == HTTP_CONFLICT ? HTTP_CREATED : status;
}

/* Adds a page. *last: the UUID of its last node, borrowed from all; NULL: it was the last page.
 * False: it could not be read. */
static bool
read_page(const char *api, const char *marker, json_t *all, const char **last)
{
    g_auto(HttpResponse) response = {0};
    g_autofree char *path =
        g_strdup_printf("/v1/nodes?fields=uuid,provision_state,last_error&limit=%d%s%s", PAGE,
                        marker != NULL ? "&marker=" : "", marker != NULL ? marker : "");
    if (ask("GET", api, path, NULL, &response) != HTTP_OK)
        return false;
    json_auto_t *body = json_text_parse(response.body, response.body_size, 0, NULL);
    const json_t *nodes = json_object_get(body, "nodes");
    if (!json_is_array(nodes))
        return false;
    *last = NULL;
    bool more = json_object_get(body, "next") != NULL;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        json_t *node = json_array_get(nodes, i);
        const char *uuid = json_string_member(node, "uuid");
        if (uuid == NULL || json_object_set(all, uuid, node) != 0)
            return false;
        *last = more ? uuid : NULL;
    }
    return true;
}

json_t *
wave_api_nodes(const char *api)
{
    json_t *all = json_object();
    const char *marker = NULL;
    bool good;
    do
        good = read_page(api, marker, all, &marker);
    while (good && marker != NULL);
    if (good)
        return all;
    json_decref(all);
    return NULL;
}
