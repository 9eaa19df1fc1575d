/* The API of simulated agents; the contract is in agent_server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/agent_server.h"

#include "agent_protocol/agent_error.h"
#include "agent_protocol/server_answers.h"
#include "agent_protocol/server_request.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "http/listener.h"
#include "http/socket.h"
#include "lab/fleet/agent_commands.h"
#include "lab/fleet/results.h"

#include <string.h>

#define AREA "lab.fleet"

enum {
    BODY_LIMIT = 4 * 1024 * 1024,
    CONNECTION_LIMIT = 4096,
    DRAIN_LIMIT_MS = 5000,
    LOOK_AGAIN_MS = 100, /* whether a command that a client waits for has ended */
};

struct FleetServer {
    FleetMachine *machines; /* borrowed */
    unsigned count;
    char *priorities;
    Listener *listener;
};

typedef struct Request {
    ServerRequest base;
    FleetMachine *machine;    /* borrowed */
    MachineResult *waits_for; /* owned reference: the answer waits for its end; NULL: for none */
} Request;

static bool
token_valid(const Request *request)
{
    const char *given = server_request_argument(&request->base, "agent_token");
    FleetMachine *machine = request->machine;
    lock_acquire(&machine->lock);
    bool valid = machine->token != NULL && secret_equal(machine->token, given != NULL ? given : "");
    if (!valid)
        machine_count(machine, COUNT_COMMAND_REFUSED);
    lock_release(&machine->lock);
    return valid;
}

/* ---- waits ---- */

static HttpStep
send_no_result(const Request *request)
{
    return server_send_fault(&request->base, MHD_HTTP_NOT_FOUND,
                             "404 Not Found: no such Command Result");
}

/* A job that looks every now and then: waits are few, since Steel waits for no command that runs
 * on. */
static void
fleet_look_again(void *data)
{
    Request *request = data;
    FleetMachine *machine = request->machine;
    const MachineResult *result = request->waits_for;
    lock_acquire(&machine->lock);
    bool waits = strcmp(result->status, AGENT_STATUS_RUNNING) == 0 && !result->gone &&
                 !atomic_load(&machine->shared->stopping);
    lock_release(&machine->lock);
    if (waits)
        pool_submit_later(machine->shared->pool, LOOK_AGAIN_MS, fleet_look_again, request);
    else
        http_connection_resume(request->base.connection);
}

static HttpStep
wait_for(Request *request, const char *id)
{
    FleetMachine *machine = request->machine;
    lock_acquire(&machine->lock);
    MachineResult *result = results_find(machine, id);
    request->waits_for = result != NULL ? result_ref(result) : NULL;
    lock_release(&machine->lock);
    if (request->waits_for == NULL)
        return send_no_result(request);
    pool_submit_later(machine->shared->pool, 0, fleet_look_again, request);
    return HTTP_LATER;
}

static HttpStep
fleet_on_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user, (void)began;
    const Request *request = connection->request;
    lock_acquire(&request->machine->lock);
    json_t *shown = result_json(request->machine, request->waits_for);
    lock_release(&request->machine->lock);
    return server_send_json(&request->base, shown);
}

/* ---- answers ---- */

/* The result of a command that was given, or a wait for it. Takes it. */
static HttpStep
send_given(Request *request, json_t *result)
{
    if (!server_command_runs(result) || !server_request_waits(&request->base))
        return server_send_json(&request->base, result);
    HttpStep step = wait_for(request, json_string_member(result, "id"));
    json_decref(result);
    return step;
}

static HttpStep
run_command(Request *request)
{
    g_autoptr(GError) error = NULL;
    if (request->base.too_large)
        return server_send_fault(&request->base, MHD_HTTP_CONTENT_TOO_LARGE,
                                 "the command is longer than 4 MiB");
    json_t *name = NULL, *params = NULL, *result = NULL;
    if (server_request_command(&request->base, &name, &params, &error))
        result = agent_commands_take(request->machine, json_string_value(name), params, &error);
    json_decref(name);
    json_decref(params);
    return result != NULL ? send_given(request, result) : server_send_error(&request->base, error);
}

static HttpStep
send_result(const Request *request)
{
    FleetMachine *machine = request->machine;
    lock_acquire(&machine->lock);
    const MachineResult *result = results_find(machine, request->base.id);
    json_t *shown = result != NULL ? result_json(machine, result) : NULL;
    lock_release(&machine->lock);
    return shown != NULL ? server_send_json(&request->base, shown) : send_no_result(request);
}

static HttpStep
get_result(Request *request)
{
    return server_request_waits(&request->base) ? wait_for(request, request->base.id)
                                                : send_result(request);
}

static HttpStep
send_results(Request *request)
{
    lock_acquire(&request->machine->lock);
    json_t *shown = results_json(request->machine);
    lock_release(&request->machine->lock);
    return server_send_json(&request->base, shown);
}

static HttpStep
send_status(const Request *request)
{
    lock_acquire(&request->machine->lock);
    int64_t started_ms = request->machine->started_ms;
    lock_release(&request->machine->lock);
    return server_send_status(&request->base, started_ms);
}

static HttpStep
send_log(Request *request)
{
    uint64_t offset = server_request_offset(&request->base);
    g_autofree char *log = g_strdup_printf("the simulated agent of %s\n", request->machine->name);
    size_t length = strlen(log);
    return http_connection_answer(request->base.connection, MHD_HTTP_OK,
                                  answer_log(log + MIN(offset, length), length));
}

/* What needs no token. */
static HttpStep
answer_open(const Request *request)
{
    g_autofree char *base = g_strdup_printf(
        "https://%s:%u", request->machine->shared->options->address, request->machine->port);
    return request->base.route == SERVER_ROUTE_STATUS ? send_status(request)
                                                      : server_send_open(&request->base, base);
}

typedef HttpStep (*Answer)(Request *request);

static HttpStep
fleet_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    static const Answer answers[] = {
        [SERVER_ROUTE_LIST] = send_results,
        [SERVER_ROUTE_COMMAND] = get_result,
        [SERVER_ROUTE_RUN] = run_command,
        [SERVER_ROUTE_LOG] = send_log,
    };
    if (request->base.too_many_arguments)
        return server_send_fault(&request->base, MHD_HTTP_BAD_REQUEST,
                                 "the query has too many arguments");
    if (request->base.route >= G_N_ELEMENTS(answers) || answers[request->base.route] == NULL)
        return answer_open(request);
    if (!token_valid(request))
        return server_send_fault(&request->base, MHD_HTTP_UNAUTHORIZED,
                                 "401 Unauthorized: Token invalid.");
    return answers[request->base.route](request);
}

/* ---- the life of a request ---- */

static bool
is_up(FleetMachine *machine)
{
    lock_acquire(&machine->lock);
    bool up = machine->phase == MACHINE_AGENT;
    lock_release(&machine->lock);
    return up;
}

/* A machine without an agent takes no requests, also not on connections that it still has. */
static HttpStep
fleet_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    const FleetServer *server = user;
    unsigned index = http_socket_port(connection->fd) - server->machines[0].port;
    if (index >= server->count || !is_up(&server->machines[index]))
        return HTTP_FAILED;
    Request *request = g_new0(Request, 1);
    request->machine = &server->machines[index];
    server_request_begin(&request->base, connection, method, path, BODY_LIMIT);
    connection->request = request;
    return HTTP_NOT_ANSWERED;
}

static void
fleet_on_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    (void)user;
    Request *request = connection->request;
    server_request_take(&request->base, data, size);
}

static void
fleet_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    if (request == NULL)
        return;
    server_request_clear(&request->base);
    result_unref(request->waits_for);
    g_free(request);
}

/* ---- start and stop ---- */

static void
fleet_take(void *user, int connection_fd, const struct sockaddr *peer, socklen_t size)
{
    const FleetServer *server = user;
    if (!listener_adopt(server->listener, connection_fd, peer, size))
        log_debug(AREA, "no room for one more connection to an agent");
}

static bool
listen_to(FleetServer *server, GError **error)
{
    server->priorities = http_tls_priorities("1.2", NULL, error);
    const ListenerOptions options = {
        .area = AREA,
        .socket_fd = -1,
        .threads = 1,
        .descriptor_share = 2,
        .connection_limit = CONNECTION_LIMIT,
        .tls = true,
        .tls_certificates = certificates_callback(),
        .tls_priorities = server->priorities,
        .server = {fleet_on_begin, fleet_on_body, fleet_on_complete, fleet_on_resumed, fleet_on_end,
                   server_refusal},
        .user = server,
    };
    server->listener = server->priorities != NULL ? listener_start(&options, error) : NULL;
    return server->listener != NULL;
}

FleetServer *
fleet_server_start(Doors *doors, FleetMachine *machines, unsigned count, GError **error)
{
    FleetServer *server = g_new0(FleetServer, 1);
    server->machines = machines;
    server->count = count;
    if (listen_to(server, error) && doors_start(doors, fleet_take, server, error))
        return server;
    fleet_server_free(server);
    return NULL;
}

void
fleet_server_free(FleetServer *server)
{
    if (server == NULL)
        return;
    if (server->listener != NULL) {
        listener_quiesce(server->listener);
        (void)!listener_drain(server->listener, DRAIN_LIMIT_MS);
    }
    listener_free(server->listener);
    g_free(server->priorities);
    g_free(server);
}
