/* The boot file server on libmicrohttpd; the contract is in boot_server.h.
 *
 * Every answer is made within the request's callback: scripts are a few rows of the database and some kilobytes of text,
 * files go out by sendfile. A slow reader costs no thread (epoll).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_server.h"

#include "common/log.h"
#include "common/secret.h"
#include "http/listener.h"
#include "http/socket.h"
#include "netboot/boot_request.h"
#include "netboot/ipxe.h"
#include "netboot/static_files.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AREA "netboot.server"
#define THREADS 2u
#define CONNECTION_LIMIT 4096u
/* Arguments of a query. */
#define ARGUMENT_LIMIT 16
/* How long a stop waits for answers under way. */
#define DRAIN_LIMIT_MS 10000

struct BootServer {
    Listener *listener;    /* owned */
    HttpNetworks *trusted; /* owned */
    unsigned port;
    int root; /* owned; -1: no files */
    BootServerHooks hooks;
    void *user; /* borrowed from the caller of boot_server_start */
};

/* One request, from its headers to its answer. */
typedef struct Request {
    BootServer *server;
    HttpConnection *connection;
    char *path; /* owned */
    bool wrong_method, head;
    bool too_many_arguments;
    HttpArgument arguments[ARGUMENT_LIMIT];
    size_t argument_count;
    char mac[MAC_TEXT_SIZE];
} Request;

static HttpStep
send_response(const Request *request, unsigned status, struct MHD_Response *response)
{
    return http_connection_answer(request->connection, status, response);
}

static struct MHD_Response *
text_response(const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(line), line, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    return response;
}

static HttpStep
send_text(const Request *request, unsigned status, const char *text)
{
    struct MHD_Response *response = text_response(text);
    if (response != NULL && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return send_response(request, status, response);
}

/* The script may hold CHAP secrets: nothing of it stays in memory. */
static void
wipe_script(void *script)
{
    secret_free(script);
}

/* Sends a script and owns it from then on. */
static HttpStep
send_script(const Request *request, char *script)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(strlen(script), script, wipe_script);
    if (response == NULL) {
        wipe_script(script);
        return HTTP_FAILED;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return send_response(request, MHD_HTTP_OK, response);
}

/* The database cannot say. iPXE obeys Retry-After by itself, for as long as it is told so: a machine that waits for its
 * script goes on as soon as there is an answer, but a report must not hold up a boot. */
static HttpStep
send_unavailable(const Request *request, const GError *error, bool ask_again)
{
    static const char text[] = "not now\n";
    log_error(AREA, "%s asks %s and gets no answer: %s", request->mac,
              ask_again ? "how to boot" : "to note a report", error->message);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (response != NULL && ask_again)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    return send_response(request, MHD_HTTP_SERVICE_UNAVAILABLE, response);
}

/* Only what a machine is to boot is worth a report. */
static bool
report_served(const Request *request, const BootInstructions *instructions, GError **error)
{
    BootReport report = {
        .node_uuid = instructions->node_uuid,
        .phase = BOOT_PHASE_SCRIPT_SERVED,
        .detail = instructions->problem,
        .repeated = instructions->told,
    };
    if (instructions->mode == BOOT_MODE_UNUSABLE)
        report.phase = BOOT_PHASE_UNUSABLE;
    else if (instructions->mode != BOOT_MODE_ISCSI)
        return true;
    return request->server->hooks.report(request->server->user, &report, error);
}

static void
log_served(const Request *request, const BootInstructions *instructions)
{
    log_info(AREA, "boot script for %s: node=%s (%s) mode=%s%s%s", request->mac,
             instructions->node_uuid != NULL ? instructions->node_uuid : "-",
             instructions->node_name != NULL ? instructions->node_name : "no name",
             boot_mode_name(instructions->mode), instructions->problem != NULL ? ": " : "",
             instructions->problem != NULL ? instructions->problem : "");
}

static HttpStep
answer_script(const Request *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, request->mac);
    const BootServer *server = request->server;
    if (!server->hooks.instructions(server->user, request->mac, &instructions, &error) ||
        (!request->head && !report_served(request, &instructions, &error)))
        return send_unavailable(request, error, true);
    if (!request->head)
        log_served(request, &instructions);
    return send_script(request, ipxe_script(&instructions));
}

static const char *
argument(const Request *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (strcmp(request->arguments[i].name, name) == 0)
            return request->arguments[i].value;
    return NULL;
}

static HttpStep
answer_progress(const Request *request)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *expected = NULL, *node_uuid = NULL;
    const BootServer *server = request->server;
    if (!server->hooks.token(server->user, request->mac, &expected, &node_uuid, &error))
        return send_unavailable(request, error, false);
    if (!boot_token_equal(expected, argument(request, "token"))) {
        log_warning(AREA, "a report in the name of %s has no valid token", request->mac);
        return send_text(request, MHD_HTTP_FORBIDDEN, "the token is not that of this boot");
    }
    BootProgressQuery query = {
        .phase = argument(request, "phase"),
        .volume = argument(request, "volume"),
        .attempt = argument(request, "try"),
        .number = argument(request, "errno"),
        .unlisted = argument(request, "unlisted"),
        .detail = argument(request, "detail"),
    };
    BootReport report = {.node_uuid = node_uuid};
    g_autofree char *words = boot_progress_words(&query, &report.phase, &error);
    if (words == NULL)
        return send_text(request, MHD_HTTP_BAD_REQUEST, error->message);
    report.detail = words;
    if (request->head)
        return send_text(request, MHD_HTTP_OK, "noted");
    log_info(AREA, "%s reports %s%s%s", request->mac, boot_phase_info(report.phase)->word,
             words[0] != '\0' ? ": " : "", words);
    if (!server->hooks.report(server->user, &report, &error))
        return send_unavailable(request, error, false);
    return send_text(request, MHD_HTTP_OK, "noted");
}

/* A time as HTTP writes it; "" when there is none. */
typedef struct HttpDate {
    char text[64];
} HttpDate;

static HttpDate
http_date(int64_t time_s)
{
    time_t seconds = (time_t)time_s;
    struct tm calendar;
    HttpDate date = {""};
    if (gmtime_r(&seconds, &calendar) == NULL ||
        strftime(date.text, sizeof date.text, "%a, %d %b %Y %H:%M:%S GMT", &calendar) == 0)
        date.text[0] = '\0';
    return date;
}

/* The Range header, unless it is for another version of the file than this (RFC 7233, 3.2). */
static const char *
wanted_range(const Request *request, const HttpDate *modified)
{
    const char *version = http_connection_header(request->connection, MHD_HTTP_HEADER_IF_RANGE);
    if (version != NULL && strcmp(version, modified->text) != 0)
        return NULL;
    return http_connection_header(request->connection, MHD_HTTP_HEADER_RANGE);
}

static HttpStep
send_unsatisfiable(const Request *request, uint64_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    g_autofree char *range = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
    return send_response(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

static HttpStep
send_file(const Request *request, StaticFile *file)
{
    HttpDate modified = http_date(file->modified_s);
    uint64_t first = 0, last = file->size - 1;
    ByteRange range = byte_range_read(wanted_range(request, &modified), file->size, &first, &last);
    if (range == BYTE_RANGE_UNSATISFIABLE) {
        close(file->fd);
        return send_unsatisfiable(request, file->size);
    }
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(last - first + 1, file->fd, first);
    if (response == NULL) {
        close(file->fd);
        return HTTP_FAILED;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            static_file_type(request->path));
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    if (modified.text[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_LAST_MODIFIED, modified.text);
    if (range == BYTE_RANGE_PART) {
        g_autofree char *part =
            g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                            first, last, file->size);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, part);
    }
    return send_response(request, range == BYTE_RANGE_PART ? MHD_HTTP_PARTIAL_CONTENT : MHD_HTTP_OK,
                         response);
}

static HttpStep
answer_file(const Request *request)
{
    g_autoptr(GError) error = NULL;
    StaticFile file;
    if (request->server->root < 0)
        return send_text(request, MHD_HTTP_NOT_FOUND, "there is no such file");
    if (static_file_open(request->server->root, request->path, &file, &error))
        return send_file(request, &file);
    if (steel_error_is(error, STEEL_ERROR_NOT_FOUND))
        return send_text(request, MHD_HTTP_NOT_FOUND, error->message);
    log_error(AREA, "cannot serve a file: %s", error->message);
    return send_text(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "the file cannot be read");
}

static HttpStep
answer(Request *request)
{
    switch (boot_route(request->path, request->mac)) {
    case BOOT_ROUTE_GENERIC:
        return send_script(request, g_strdup(ipxe_generic_script()));
    case BOOT_ROUTE_SCRIPT:
        return answer_script(request);
    case BOOT_ROUTE_PROGRESS:
        return answer_progress(request);
    case BOOT_ROUTE_FILE:
        return answer_file(request);
    case BOOT_ROUTE_NONE:
        break;
    }
    return send_text(request, MHD_HTTP_NOT_FOUND,
                     "expected /boot.ipxe, /boot/<mac>.ipxe or /boot/<mac>/progress");
}

static HttpStep
boot_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Request *request = g_new0(Request, 1);
    request->server = user;
    request->connection = connection;
    request->path = g_strdup(path);
    request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->wrong_method = !request->head && strcmp(method, MHD_HTTP_METHOD_GET) != 0;
    request->too_many_arguments = !http_query_parse(connection->query, request->arguments,
                                                    ARGUMENT_LIMIT, &request->argument_count);
    connection->request = request;
    return HTTP_GO_ON;
}

static HttpStep
boot_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    if (request->wrong_method)
        return send_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served");
    if (request->too_many_arguments)
        return send_text(request, MHD_HTTP_BAD_REQUEST, "the query has too many arguments");
    return answer(request);
}

static void
boot_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Request *request = connection->request;
    g_free(request->path);
    g_free(request);
}

static struct MHD_Response *
boot_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    (void)status;
    return text_response(text);
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
        .area = AREA,
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
    server->trusted = http_networks_new(options->trusted_proxies, error);
    if (server->trusted == NULL) {
        g_prefix_error(error, "[boot_server]trusted_proxies: ");
        return NULL;
    }
    if (!open_root(server, options->root, error) || !listen_on(server, options, error))
        return NULL;
    log_info(AREA, "listening on %s port %u", options->host, boot_server_port(server));
    return g_steal_pointer(&server);
}

void
boot_server_stop(BootServer *server)
{
    if (server == NULL)
        return;
    if (server->listener != NULL) {
        listener_quiesce(server->listener);
        (void)listener_drain(server->listener, DRAIN_LIMIT_MS); /* nothing sleeps here */
    }
    listener_free(server->listener);
    http_networks_free(server->trusted);
    if (server->root >= 0)
        close(server->root);
    g_free(server);
}

unsigned
boot_server_port(const BootServer *server)
{
    return server->port;
}
