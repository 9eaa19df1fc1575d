/* The agent's API on the listener; the contract is in server.h.
 *
 * Reads are answered on the HTTP thread. A small pool runs commands, since a synchronous one may
 * take seconds. A request that waits for an asynchronous one holds no thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/server.h"

#include "agent/commands.h"
#include "agent/log_file.h"
#include "agent_protocol/server_answers.h"
#include "agent_protocol/server_route.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/pool.h"
#include "common/secret.h"
#include "http/listener.h"
#include "http/socket.h"

#include <string.h>
#include <unistd.h>

#define AREA "agent.server"

enum {
    ARGUMENT_LIMIT = 16,
    BODY_LIMIT = 16 * 1024 * 1024,
    CONNECTION_LIMIT = 256,
    COMMAND_THREADS = 2,
    COMMAND_QUEUE = 16,
    DRAIN_LIMIT_MS = 5000,
};

struct AgentServer {
    Agent *agent; /* borrowed */
    Listener *listener;
    HttpTls *tls; /* NULL: plain */
    char *priorities;
    Pool *pool;
    unsigned port;
};

typedef struct Request {
    AgentServer *server;
    HttpConnection *connection;
    ServerRoute route;
    char *path;     /* owned */
    const char *id; /* in path */
    HttpArgument arguments[ARGUMENT_LIMIT];
    size_t argument_count;
    bool too_many_arguments, too_large;
    GString *body;
    json_t *name, *params; /* owned; the command to run */
    json_t *answer;        /* owned */
    GError *error;
    char *waits_for; /* owned; id of the command that the request waits for */
} Request;

static const char *
argument(const Request *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

static bool
wants_to_wait(const Request *request)
{
    const char *wait = argument(request, "wait");
    return wait != NULL && g_ascii_strcasecmp(wait, "true") == 0;
}

static HttpStep
send_json(const Request *request, unsigned status, json_t *value)
{
    return http_connection_answer(request->connection, status, answer_json(value));
}

static HttpStep
send_error(const Request *request, const GError *error)
{
    unsigned status = (unsigned)agent_error_info(error)->http_status;
    g_autofree char *text = agent_error_text(error);
    return http_connection_answer(request->connection, status, answer_fault(status, text));
}

static HttpStep
send_fault(const Request *request, unsigned status, const char *text)
{
    return http_connection_answer(request->connection, status, answer_fault(status, text));
}

/* ---- commands ---- */

/* Runs in the pool. */
static void
server_run_command(void *data)
{
    Request *request = data;
    Commands *commands = request->server->agent->commands;
    request->answer = commands_execute(commands, json_string_value(request->name), request->params,
                                       &request->error);
    http_connection_resume(request->connection);
}

static void
server_command_done(void *data)
{
    Request *request = data;
    http_connection_resume(request->connection);
}

/* {"name": str, "params": object} */
static bool
read_command(Request *request, GError **error)
{
    json_t *body = json_text_parse(request->body->str, request->body->len, 0, error);
    if (body == NULL) {
        agent_error_classify(error, AGENT_ERROR_INVALID_CONTENT);
        return false;
    }
    request->name = json_incref(json_object_get(body, "name"));
    request->params = json_incref(json_object_get(body, "params"));
    json_decref(body);
    if (json_is_string(request->name) && json_is_object(request->params))
        return true;
    return agent_fail(error, AGENT_ERROR_INVALID_CONTENT, "Missing or invalid name or params");
}

static HttpStep
run_command(Request *request)
{
    g_autoptr(GError) error = NULL;
    if (!agent_token_valid(request->server->agent, argument(request, "agent_token")))
        return send_fault(request, MHD_HTTP_UNAUTHORIZED, "401 Unauthorized: Token invalid.");
    if (request->too_large)
        return send_fault(request, MHD_HTTP_CONTENT_TOO_LARGE,
                          "the command is longer than 16 MiB; give a large config drive as a URL");
    if (!read_command(request, &error))
        return send_error(request, error);
    if (pool_submit(request->server->pool, server_run_command, request, &error))
        return HTTP_LATER;
    return send_fault(request, MHD_HTTP_SERVICE_UNAVAILABLE, error->message);
}

/* Suspends the request until the command has ended; the end resumes it without an answer. */
static HttpStep
wait_for(Request *request, const char *id)
{
    request->waits_for = g_strdup(id);
    if (!commands_wait(request->server->agent->commands, id, server_command_done, request))
        http_connection_resume(request->connection);
    return HTTP_LATER;
}

static HttpStep
send_result(const Request *request, const char *id)
{
    g_autoptr(GError) error = NULL;
    json_t *result = commands_find(request->server->agent->commands, id, &error);
    return result != NULL ? send_json(request, MHD_HTTP_OK, result) : send_error(request, error);
}

static bool
runs(const json_t *result)
{
    return g_strcmp0(json_string_member(result, "command_status"), AGENT_STATUS_RUNNING) == 0;
}

static HttpStep
server_on_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user;
    (void)began;
    Request *request = connection->request;
    if (request->waits_for != NULL)
        return send_result(request, request->waits_for);
    if (request->error != NULL)
        return send_error(request, request->error);
    if (runs(request->answer) && wants_to_wait(request))
        return wait_for(request, json_string_member(request->answer, "id"));
    return send_json(request, MHD_HTTP_OK, g_steal_pointer(&request->answer));
}

/* ---- reads ---- */

static HttpStep
get_command(Request *request)
{
    if (wants_to_wait(request))
        return wait_for(request, request->id);
    return send_result(request, request->id);
}

static HttpStep
get_log(const Request *request)
{
    const char *text = argument(request, "offset");
    uint64_t offset = text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
    g_autofree char *part = log_file_read(&offset);
    return http_connection_answer(request->connection, MHD_HTTP_OK, answer_log(part, offset));
}

static HttpStep
get_status(const Request *request)
{
    const Agent *agent = request->server->agent;
    return send_json(request, MHD_HTTP_OK,
                     json_pack("{s:f, s:s}", "started_at", (double)agent->started_ms / 1000.0,
                               "version", STEEL_VERSION));
}

static HttpStep
read_with_token(Request *request)
{
    if (!agent_token_may_read(request->server->agent, argument(request, "agent_token")))
        return send_fault(request, MHD_HTTP_UNAUTHORIZED, "401 Unauthorized: Token invalid.");
    if (request->route == SERVER_ROUTE_LOG)
        return get_log(request);
    if (request->route == SERVER_ROUTE_COMMAND)
        return get_command(request);
    return send_json(request, MHD_HTTP_OK, commands_list(request->server->agent->commands));
}

/* The base of links: the host that the client named. */
static char *
base_url(const Request *request)
{
    const char *host = http_connection_header(request->connection, MHD_HTTP_HEADER_HOST);
    return g_strdup_printf("%s://%s", request->server->tls != NULL ? "https" : "http",
                           host != NULL ? host : "localhost");
}

static HttpStep
server_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    g_autofree char *base = base_url(request);
    if (request->too_many_arguments)
        return send_fault(request, MHD_HTTP_BAD_REQUEST, "the query has too many arguments");
    switch (request->route) {
    case SERVER_ROUTE_ROOT:
        return send_json(request, MHD_HTTP_OK, answer_root(base));
    case SERVER_ROUTE_V1:
        return send_json(request, MHD_HTTP_OK, answer_v1(base));
    case SERVER_ROUTE_STATUS:
        return get_status(request);
    case SERVER_ROUTE_LIST:
    case SERVER_ROUTE_COMMAND:
    case SERVER_ROUTE_LOG:
        return read_with_token(request);
    case SERVER_ROUTE_RUN:
        return run_command(request);
    case SERVER_ROUTE_WRONG_METHOD:
        return send_fault(request, MHD_HTTP_METHOD_NOT_ALLOWED, "405 Method Not Allowed");
    case SERVER_ROUTE_NONE:
        break;
    }
    return send_fault(request, MHD_HTTP_NOT_FOUND, "404 Not Found: there is no such URL");
}

/* ---- the life of a request ---- */

static HttpStep
server_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Request *request = g_new0(Request, 1);
    request->server = user;
    request->connection = connection;
    request->path = g_strdup(path);
    request->route = server_route(method, request->path, &request->id);
    request->body = g_string_new(NULL);
    request->too_many_arguments = !http_query_parse(connection->query, request->arguments,
                                                    ARGUMENT_LIMIT, &request->argument_count);
    connection->request = request;
    return HTTP_NOT_ANSWERED;
}

static void
server_on_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    (void)user;
    Request *request = connection->request;
    request->too_large = request->too_large || size > BODY_LIMIT - request->body->len;
    if (!request->too_large)
        g_string_append_len(request->body, data, (gssize)size);
}

static void
server_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    secret_wipe(request->body->str, request->body->len);
    g_string_free(request->body, TRUE);
    json_decref(request->name);
    json_decref(request->params);
    json_decref(request->answer);
    g_clear_error(&request->error);
    g_free(request->waits_for);
    g_free(request->path);
    g_free(request);
}

static struct MHD_Response *
server_on_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    return answer_fault(status, text);
}

/* ---- start and stop ---- */

static bool
load_certificate(AgentServer *server, const char *certificate, const char *key, GError **error)
{
    if (certificate == NULL)
        return true;
    server->priorities = http_tls_priorities("1.2", NULL, error);
    server->tls = server->priorities != NULL ? http_tls_new(certificate, key, error) : NULL;
    return server->tls != NULL;
}

static bool
listen_on(AgentServer *server, int socket_fd, GError **error)
{
    const ListenerOptions options = {
        .area = AREA,
        .socket_fd = socket_fd,
        .threads = 1,
        .descriptor_share = 2,
        .connection_limit = CONNECTION_LIMIT,
        .tls = server->tls != NULL,
        .tls_priorities = server->priorities,
        .server = {server_on_begin, server_on_body, server_on_complete, server_on_resumed,
                   server_on_end, server_on_refusal},
        .user = server,
    };
    server->port = http_socket_port(socket_fd);
    server->listener = listener_start(&options, error);
    return server->listener != NULL;
}

AgentServer *
agent_server_start(Agent *agent, const char *certificate, const char *key, GError **error)
{
    AgentServer *server = g_new0(AgentServer, 1);
    server->agent = agent;
    server->pool = pool_new("command", COMMAND_THREADS, COMMAND_QUEUE);
    const char *host = parameters_string(agent->parameters, AGENT_PARAMETER_LISTEN_HOST);
    int64_t port = parameters_integer(agent->parameters, AGENT_PARAMETER_LISTEN_PORT);
    bool good = load_certificate(server, certificate, key, error);
    int socket_fd = good ? http_socket_open(host, (unsigned)port, error) : -1;
    if (socket_fd >= 0 && listen_on(server, socket_fd, error)) {
        log_info(AREA, "listening on %s port %u%s", host, server->port,
                 certificate != NULL ? " with TLS" : "");
        return server;
    }
    if (socket_fd >= 0)
        close(socket_fd);
    agent_server_stop(server);
    return NULL;
}

unsigned
agent_server_port(const AgentServer *server)
{
    return server->port;
}

void
agent_server_stop(AgentServer *server)
{
    if (server == NULL)
        return;
    if (server->listener != NULL) {
        listener_quiesce(server->listener);
        commands_wake_all(server->agent->commands);
        if (!listener_drain(server->listener, DRAIN_LIMIT_MS))
            log_warning(AREA, "some requests have not ended");
    }
    pool_free(server->pool);
    listener_free(server->listener);
    http_tls_free(server->tls);
    g_free(server->priorities);
    g_free(server);
}
