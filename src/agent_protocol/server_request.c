/* Requests to an agent's API; the contract is in server_request.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/server_request.h"

#include "agent_protocol/agent_error.h"
#include "agent_protocol/server_answers.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "model/agent_protocol.h"

#include <string.h>

void
server_request_begin(ServerRequest *request, HttpConnection *connection, const char *method,
                     const char *path, size_t body_limit)
{
    request->connection = connection;
    request->path = g_strdup(path);
    request->route = server_route(method, request->path, &request->id);
    request->body = g_string_new(NULL);
    request->body_limit = body_limit;
    request->too_many_arguments = !http_query_parse(
        connection->query, request->arguments, SERVER_ARGUMENT_LIMIT, &request->argument_count);
}

void
server_request_take(ServerRequest *request, const char *data, size_t size)
{
    request->too_large = request->too_large || size > request->body_limit - request->body->len;
    if (!request->too_large)
        g_string_append_len(request->body, data, (gssize)size);
}

bool
server_request_command(const ServerRequest *request, json_t **name, json_t **params, GError **error)
{
    json_t *body = json_text_parse(request->body->str, request->body->len, 0, error);
    if (body == NULL) {
        agent_error_classify(error, AGENT_ERROR_INVALID_CONTENT);
        return false;
    }
    json_t *given_name = json_object_get(body, "name"), *given = json_object_get(body, "params");
    bool good = json_is_string(given_name) && json_is_object(given);
    if (good) {
        *name = json_incref(given_name);
        *params = json_incref(given);
    } else {
        agent_fail(error, AGENT_ERROR_INVALID_CONTENT, "Missing or invalid name or params");
    }
    json_decref(body);
    return good;
}

void
server_request_clear(ServerRequest *request)
{
    secret_wipe(request->body->str, request->body->len);
    g_string_free(request->body, TRUE);
    g_free(request->path);
}

const char *
server_request_argument(const ServerRequest *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

bool
server_request_waits(const ServerRequest *request)
{
    const char *wait = server_request_argument(request, "wait");
    return wait != NULL && g_ascii_strcasecmp(wait, "true") == 0;
}

uint64_t
server_request_offset(const ServerRequest *request)
{
    const char *text = server_request_argument(request, "offset");
    return text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
}

bool
server_command_runs(const json_t *result)
{
    return g_strcmp0(json_string_member(result, "command_status"), AGENT_STATUS_RUNNING) == 0;
}

HttpStep
server_send_json(const ServerRequest *request, json_t *value)
{
    return http_connection_answer(request->connection, MHD_HTTP_OK, answer_json(value));
}

HttpStep
server_send_fault(const ServerRequest *request, unsigned status, const char *text)
{
    return http_connection_answer(request->connection, status, answer_fault(status, text));
}

HttpStep
server_send_error(const ServerRequest *request, const GError *error)
{
    g_autofree char *text = agent_error_text(error);
    return server_send_fault(request, (unsigned)agent_error_info(error)->http_status, text);
}

HttpStep
server_send_open(const ServerRequest *request, const char *base)
{
    if (request->route == SERVER_ROUTE_ROOT)
        return server_send_json(request, answer_root(base));
    if (request->route == SERVER_ROUTE_V1)
        return server_send_json(request, answer_v1(base));
    if (request->route == SERVER_ROUTE_WRONG_METHOD)
        return server_send_fault(request, MHD_HTTP_METHOD_NOT_ALLOWED, "405 Method Not Allowed");
    return server_send_fault(request, MHD_HTTP_NOT_FOUND, "404 Not Found: there is no such URL");
}

HttpStep
server_send_status(const ServerRequest *request, int64_t started_ms)
{
    return server_send_json(request,
                            json_pack("{s:f, s:s}", "started_at", (double)started_ms / 1000.0,
                                      "version", STEEL_VERSION));
}

struct MHD_Response *
server_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    return answer_fault(status, text);
}
