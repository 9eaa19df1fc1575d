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
#include "agent_protocol/server_request.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/pool.h"
#include "http/listener.h"
#include "http/socket.h"

#include <string.h>
#include <unistd.h>

#define AREA "agent.server"

enum {
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
    ServerRequest base;
    AgentServer *server;
    json_t *name, *params; /* owned; the command to run */
    json_t *answer;        /* owned */
    GError *error;
    char *waits_for; /* owned; id of the command that the request waits for */
} Request;

static const char *
token_of(const Request *request)
{
    return server_request_argument(&request->base, "agent_token");
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
    http_connection_resume(request->base.connection);
}

static void
server_command_done(void *data)
{
    Request *request = data;
    http_connection_resume(request->base.connection);
}

static HttpStep
run_command(Request *request)
{
    g_autoptr(GError) error = NULL;
    if (!agent_token_valid(request->server->agent, token_of(request)))
        return server_send_fault(&request->base, MHD_HTTP_UNAUTHORIZED,
                                 "401 Unauthorized: Token invalid.");
    if (request->base.too_large)
        return server_send_fault(
            &request->base, MHD_HTTP_CONTENT_TOO_LARGE,
            "the command is longer than 16 MiB; give a large config drive as a URL");
    if (!server_request_command(&request->base, &request->name, &request->params, &error))
        return server_send_error(&request->base, error);
    if (pool_submit(request->server->pool, server_run_command, request, &error))
        return HTTP_LATER;
    return server_send_fault(&request->base, MHD_HTTP_SERVICE_UNAVAILABLE, error->message);
}

/* Suspends the request until the command has ended; the end resumes it without an answer. */
static HttpStep
wait_for(Request *request, const char *id)
{
    request->waits_for = g_strdup(id);
    if (!commands_wait(request->server->agent->commands, id, server_command_done, request))
        http_connection_resume(request->base.connection);
    return HTTP_LATER;
}

static HttpStep
send_result(const Request *request, const char *id)
{
    g_autoptr(GError) error = NULL;
    json_t *result = commands_find(request->server->agent->commands, id, &error);
    return result != NULL ? server_send_json(&request->base, result)
                          : server_send_error(&request->base, error);
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
        return server_send_error(&request->base, request->error);
    if (server_command_runs(request->answer) && server_request_waits(&request->base))
        return wait_for(request, json_string_member(request->answer, "id"));
    return server_send_json(&request->base, g_steal_pointer(&request->answer));
}

/* ---- reads ---- */

static HttpStep
get_command(Request *request)
{
    if (server_request_waits(&request->base))
        return wait_for(request, request->base.id);
    return send_result(request, request->base.id);
}

static HttpStep
get_log(const Request *request)
{
    uint64_t offset = server_request_offset(&request->base);
    g_autofree char *part = log_file_read(&offset);
    return http_connection_answer(request->base.connection, MHD_HTTP_OK, answer_log(part, offset));
}

static HttpStep
read_with_token(Request *request)
{
    if (!agent_token_may_read(request->server->agent, token_of(request)))
        return server_send_fault(&request->base, MHD_HTTP_UNAUTHORIZED,
                                 "401 Unauthorized: Token invalid.");
    if (request->base.route == SERVER_ROUTE_LOG)
        return get_log(request);
    if (request->base.route == SERVER_ROUTE_COMMAND)
        return get_command(request);
    return server_send_json(&request->base, commands_list(request->server->agent->commands));
}

/* The base of links: the host that the client named. */
static char *
base_url(const Request *request)
{
    const char *host = http_connection_header(request->base.connection, MHD_HTTP_HEADER_HOST);
    return g_strdup_printf("%s://%s", request->server->tls != NULL ? "https" : "http",
                           host != NULL ? host : "localhost");
}

static HttpStep
server_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    g_autofree char *base = base_url(request);
    if (request->base.too_many_arguments)
        return server_send_fault(&request->base, MHD_HTTP_BAD_REQUEST,
                                 "the query has too many arguments");
    switch ((int)request->base.route) {
    case SERVER_ROUTE_STATUS:
        return server_send_status(&request->base, request->server->agent->started_ms);
    case SERVER_ROUTE_LIST:
    case SERVER_ROUTE_COMMAND:
    case SERVER_ROUTE_LOG:
        return read_with_token(request);
    case SERVER_ROUTE_RUN:
        return run_command(request);
    default:
        return server_send_open(&request->base, base);
    }
}

/* ---- the life of a request ---- */

static HttpStep
server_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Request *request = g_new0(Request, 1);
    request->server = user;
    server_request_begin(&request->base, connection, method, path, BODY_LIMIT);
    connection->request = request;
    return HTTP_NOT_ANSWERED;
}

static void
server_on_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    (void)user;
    Request *request = connection->request;
    server_request_take(&request->base, data, size);
}

static void
server_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    server_request_clear(&request->base);
    json_decref(request->name);
    json_decref(request->params);
    json_decref(request->answer);
    g_clear_error(&request->error);
    g_free(request->waits_for);
    g_free(request);
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
                   server_on_end, server_refusal},
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
