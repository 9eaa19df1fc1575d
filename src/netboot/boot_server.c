/* The boot file server on libmicrohttpd; the contract is in boot_server.h.
 *
 * Every answer is made within the request's callback: scripts are a few rows of the database and
 * some kilobytes of text, and one small write for each boot; files go out by sendfile. A slow
 * reader costs no thread (epoll).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_server.h"

#include "common/log.h"
#include "http/socket.h"
#include "netboot/boot_server_internal.h"
#include "netboot/ipxe.h"
#include "netboot/static_files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define THREADS 2u
#define CONNECTION_LIMIT 4096u
/* How long a stop waits for answers under way. */
#define DRAIN_LIMIT_MS 10000

static HttpStep
answer(BootRequest *request)
{
    switch (boot_route(request->path, request->mac)) {
    case BOOT_ROUTE_GENERIC:
        return boot_request_send_script(request, g_strdup(ipxe_generic_script()));
    case BOOT_ROUTE_SCRIPT:
        return boot_request_answer_script(request);
    case BOOT_ROUTE_PROGRESS:
        return boot_request_answer_progress(request);
    case BOOT_ROUTE_FILE:
        return boot_request_answer_file(request);
    case BOOT_ROUTE_NONE:
        break;
    }
    return boot_request_send_text(request, MHD_HTTP_NOT_FOUND,
                                  "expected /boot.ipxe, /boot/<mac>.ipxe or /boot/<mac>/progress");
}

static HttpStep
boot_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    BootRequest *request = g_new0(BootRequest, 1);
    request->server = user;
    request->connection = connection;
    request->path = g_strdup(path);
    request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->wrong_method = !request->head && strcmp(method, MHD_HTTP_METHOD_GET) != 0;
    request->too_many_arguments = !http_query_parse(connection->query, request->arguments,
                                                    BOOT_ARGUMENT_LIMIT, &request->argument_count);
    connection->request = request;
    return HTTP_NOT_ANSWERED;
}

static HttpStep
boot_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    BootRequest *request = connection->request;
    if (request->wrong_method)
        return boot_request_send_text(request, MHD_HTTP_METHOD_NOT_ALLOWED,
                                      "only GET and HEAD are served");
    if (request->too_many_arguments)
        return boot_request_send_text(request, MHD_HTTP_BAD_REQUEST,
                                      "the query has too many arguments");
    return answer(request);
}

static void
boot_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    BootRequest *request = connection->request;
    g_free(request->path);
    g_free(request);
}

static struct MHD_Response *
boot_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    (void)status;
    return boot_text_response(text);
}

static const HttpServer boot_http_server = {
    .begin = boot_on_begin,
    .complete = boot_on_complete,
    .end = boot_on_end,
    .refusal = boot_refusal,
};

static bool
listen_on(BootServer *server, const BootServerOptions *options, GError **error)
{
    int socket_fd = http_socket_open(options->host, options->port, error);
    if (socket_fd < 0) {
        g_prefix_error(error, "boot server: ");
        return false;
    }
    server->port = http_socket_port(socket_fd);
    const ListenerOptions listener = {
        .area = BOOT_SERVER_AREA,
        .socket_fd = socket_fd,
        .threads = THREADS,
        .descriptor_share = 4,
        .connection_limit = CONNECTION_LIMIT,
        .per_address = options->connections_per_address,
        .trusted = server->trusted,
        .server = boot_http_server,
        .user = server,
    };
    server->listener = listener_start(&listener, error);
    if (server->listener == NULL)
        close(socket_fd);
    return server->listener != NULL;
}

static bool
open_root(BootServer *server, const char *path, GError **error)
{
    if (path == NULL)
        return true;
    if (g_mkdir_with_parents(path, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "boot server: cannot make the directory %s: %s",
                          path, g_strerror(errno));
    server->root = static_root_open(path, error);
    if (server->root < 0)
        g_prefix_error(error, "boot server: ");
    return server->root >= 0;
}

BootServer *
boot_server_start(const BootServerOptions *options, GError **error)
{
    g_autoptr(BootServer) server = g_new0(BootServer, 1);
    server->root = -1;
    server->hooks = options->hooks;
    server->user = options->user;
    server->limits = boot_limits_new(options->requests_per_second);
    server->trusted = http_networks_new(options->trusted_proxies, error);
    if (server->trusted == NULL) {
        g_prefix_error(error, "[boot_server]trusted_proxies: ");
        return NULL;
    }
    if (!open_root(server, options->root, error) || !listen_on(server, options, error))
        return NULL;
    log_info(BOOT_SERVER_AREA, "listening on %s port %u", options->host, boot_server_port(server));
    return g_steal_pointer(&server);
}

void
boot_server_stop(BootServer *server)
{
    if (server == NULL)
        return;
    if (server->listener != NULL) {
        listener_quiesce(server->listener);
        (void)listener_drain(server->listener, DRAIN_LIMIT_MS); /* no request is suspended here */
    }
    listener_free(server->listener);
    http_networks_free(server->trusted);
    boot_limits_free(server->limits);
    if (server->root >= 0)
        close(server->root);
    g_free(server);
}

unsigned
boot_server_port(const BootServer *server)
{
    return server->port;
}
