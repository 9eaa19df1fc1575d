/* The boot file server on libmicrohttpd; the contract is in boot_server.h.
 *
 * Every answer is made within the request's callback: scripts are a few rows of the database and some kilobytes of text,
 * files go out by sendfile. A slow reader costs no thread (epoll).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_server.h"

#include "common/log.h"
#include "common/secret.h"
#include "netboot/boot_request.h"
#include "netboot/ipxe.h"
#include "netboot/static_files.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AREA "netboot.server"
#define THREADS 2u
#define CONNECTION_LIMIT 4096u
#define IDLE_TIMEOUT_S 60u
#define REQUEST_MEMORY ((size_t)16 * 1024)

struct BootServer {
    struct MHD_Daemon *daemon; /* owned */
    int root;                  /* owned; -1: no files */
    BootServerHooks hooks;
    void *user; /* borrowed from the caller of boot_server_start */
};

/* What one request needs again and again. Lives on the callback's stack. */
typedef struct Request {
    BootServer *server;
    struct MHD_Connection *connection;
    const char *path;
    bool head;
    char mac[MAC_TEXT_SIZE];
} Request;

/* Queues a response and gives it up. */
static enum MHD_Result
send_response(const Request *request, unsigned status, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
send_text(const Request *request, unsigned status, const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(line), line, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    return send_response(request, status, response);
}

/* The script may hold CHAP secrets: nothing of it stays in memory. */
static void
wipe_script(void *script)
{
    secret_free(script);
}

/* Sends a script and owns it from then on. */
static enum MHD_Result
send_script(const Request *request, char *script)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(strlen(script), script, wipe_script);
    if (response == NULL) {
        wipe_script(script);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return send_response(request, MHD_HTTP_OK, response);
}

/* The database cannot say. iPXE obeys Retry-After by itself, for as long as it is told so: a machine that waits for its
 * script goes on as soon as there is an answer, but a report must not hold up a boot. */
static enum MHD_Result
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

static void
note_served(const Request *request, const BootInstructions *instructions)
{
    const char *mode = boot_mode_name(instructions->mode);
    log_info(AREA, "boot script for %s: node=%s (%s) mode=%s%s%s", request->mac,
             instructions->node_uuid != NULL ? instructions->node_uuid : "-",
             instructions->node_name != NULL ? instructions->node_name : "no name", mode,
             instructions->problem != NULL ? ": " : "",
             instructions->problem != NULL ? instructions->problem : "");
    if (instructions->mode == BOOT_MODE_UNKNOWN_MAC)
        return;
    g_autofree char *detail = instructions->problem != NULL
                                  ? g_strdup_printf("%s: %s", mode, instructions->problem)
                                  : g_strdup(mode);
    request->server->hooks.progress(request->server->user, request->mac, "script_served", detail);
}

static enum MHD_Result
answer_script(const Request *request)
{
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    boot_instructions_init(&instructions, request->mac);
    const BootServer *server = request->server;
    if (!server->hooks.instructions(server->user, request->mac, &instructions, &error))
        return send_unavailable(request, error, true);
    char *script = ipxe_script(&instructions);
    if (!request->head)
        note_served(request, &instructions);
    return send_script(request, script);
}

static const char *
argument(const Request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result
answer_progress(const Request *request)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *expected = NULL;
    const BootServer *server = request->server;
    if (!server->hooks.token(server->user, request->mac, &expected, &error))
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
    const char *phase = NULL;
    g_autofree char *words = boot_progress_words(&query, &phase, &error);
    if (words == NULL)
        return send_text(request, MHD_HTTP_BAD_REQUEST, error->message);
    if (!request->head) {
        log_info(AREA, "%s reports %s%s%s", request->mac, phase, words[0] != '\0' ? ": " : "",
                 words);
        server->hooks.progress(server->user, request->mac, phase, words);
    }
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
    const char *version =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_RANGE);
    if (version != NULL && strcmp(version, modified->text) != 0)
        return NULL;
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_RANGE);
}

static enum MHD_Result
send_unsatisfiable(const Request *request, uint64_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    g_autofree char *range = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, range);
    return send_response(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, response);
}

static enum MHD_Result
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
        return MHD_NO;
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

static enum MHD_Result
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

static enum MHD_Result
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

/* libmicrohttpd's callback: first without a body, to be answered the second time. */
static enum MHD_Result
handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *upload_data, size_t *upload_size, void **state)
{
    (void)version;
    (void)upload_data;
    static char seen;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    Request request = {.server = user, .connection = connection, .path = url};
    if (*upload_size > 0) { /* nothing here takes a body */
        *upload_size = 0;
        return MHD_YES;
    }
    request.head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (!request.head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return send_text(&request, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served");
    return answer(&request);
}

static void G_GNUC_PRINTF(2, 0) log_library(void *user, const char *format, va_list arguments)
{
    (void)user;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    log_write(LOG_LEVEL_DEBUG, AREA, "libmicrohttpd: %s", g_strchomp(text));
}

static unsigned
family_flags(const struct sockaddr *address)
{
    if (address->sa_family != AF_INET6)
        return 0;
    const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;
    bool wildcard = memcmp(&ipv6->sin6_addr, &in6addr_any, sizeof in6addr_any) == 0;
    return wildcard ? MHD_USE_DUAL_STACK : MHD_USE_IPv6;
}

static bool
listen_on(BootServer *server, const char *host, unsigned port, GError **error)
{
    g_autofree char *name = g_strdup(host);
    size_t length = strlen(name);
    if (name[0] == '[' && name[length - 1] == ']') {
        name[length - 1] = '\0';
        memmove(name, name + 1, length - 1);
    }
    char service[8];
    g_snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int fault = getaddrinfo(name, service, &hints, &addresses);
    if (fault != 0)
        return steel_fail(error, STEEL_ERROR_IO, "boot server: cannot resolve %s: %s", host,
                          gai_strerror(fault));
    errno = 0;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | family_flags(addresses->ai_addr), 0,
        NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_SOCK_ADDR, addresses->ai_addr, MHD_OPTION_THREAD_POOL_SIZE, THREADS,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTION_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT,
        IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_MEMORY, MHD_OPTION_END);
    int reason = errno;
    freeaddrinfo(addresses);
    if (server->daemon == NULL)
        return steel_fail(error, STEEL_ERROR_IO, "boot server: cannot listen on %s port %u: %s",
                          host, port, reason != 0 ? g_strerror(reason) : "unknown reason");
    return true;
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
    if (!open_root(server, options->root, error) ||
        !listen_on(server, options->host, options->port, error))
        return NULL;
    log_info(AREA, "listening on %s port %u", options->host, boot_server_port(server));
    return g_steal_pointer(&server);
}

void
boot_server_stop(BootServer *server)
{
    if (server == NULL)
        return;
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    if (server->root >= 0)
        close(server->root);
    g_free(server);
}

unsigned
boot_server_port(const BootServer *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info != NULL ? info->port : 0;
}
