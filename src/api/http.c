/* The adapter to libmicrohttpd: connections in, requests out. A few threads serve all connections by epoll; reads are
 * answered on them, a request that waits for a conductor holds its connection suspended and no thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/cors.h"
#include "api/faults.h"
#include "api/http_tls.h"
#include "api/internal.h"
#include "api/listener.h"
#include "api/router.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Seconds that a client may stay silent, and connections that may be open. */
#define IDLE_LIMIT_S 65
#define CONNECTION_LIMIT 8192
/* Bytes of a request's line and headers; a token of Keystone takes a few thousand of them. */
#define HEADER_LIMIT (16 * 1024)
/* How long a stop waits for calls under way at most; [conductor]graceful_shutdown_timeout may shorten it. */
#define DRAIN_LIMIT_S 30
/* The same for the ends of streams. */
#define STREAM_LIMIT_S 1

/* Where a request stands between the HTTP thread that started it and the thread that completes its call. */
enum { PHASE_RUNNING, PHASE_DONE_EARLY, PHASE_SUSPENDED, PHASE_RESUMED };

typedef struct Exchange {
    Api *api;
    struct MHD_Connection *connection;
    Request *request;
    HttpStream *stream; /* NULL for most */
    int64_t started_ns; /* monotonic */
    GByteArray *body;   /* while it comes in */
    bool refused;       /* routing or negotiation has made the answer already */
    bool too_large;
    bool answered;
    int phase; /* atomic */
} Exchange;

static const char *
carrier_header(void *carrier, const char *name)
{
    const Exchange *exchange = carrier;
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

/* Any thread. A call may complete before its handler has returned: then the HTTP thread goes on by itself. */
static void
carrier_resume(void *carrier)
{
    Exchange *exchange = carrier;
    int running = PHASE_RUNNING;
    if (__atomic_compare_exchange_n(&exchange->phase, &running, PHASE_DONE_EARLY, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return;
    struct MHD_Connection *connection = exchange->connection;
    __atomic_store_n(&exchange->phase, PHASE_RESUMED, __ATOMIC_RELEASE);
    MHD_resume_connection(connection);
}

/* A unix socket is local, and so is what came over the loopback interface. */
static bool
carrier_is_local(void *carrier)
{
    const Exchange *exchange = carrier;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    if (peer == NULL)
        return false;
    if (peer->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;
    if (peer->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    return peer->sa_family == AF_UNIX;
}

static const RequestTransport http_transport = {
    .header = carrier_header, .resume = carrier_resume, .is_local = carrier_is_local};

/* Decodes %XX in place. A NUL would cut the text short unseen: it becomes a character that nothing is named with. */
static size_t
unescape(void *data, struct MHD_Connection *connection, char *text)
{
    (void)data;
    (void)connection;
    for (char *p = strstr(text, "%00"); p != NULL; p = strstr(p, "%00"))
        p[2] = '1';
    return MHD_http_unescape(text);
}

static enum MHD_Result
take_argument(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    request_add_argument(data, name, value);
    return MHD_YES;
}

static Exchange *
exchange_new(Api *api, struct MHD_Connection *connection, const char *method, const char *path)
{
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->api = api;
    exchange->connection = connection;
    exchange->started_ns = request_metrics_now();
    exchange->request = request_new(api, &http_transport, exchange, method, path);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, exchange->request);
    __atomic_add_fetch(&api->active, 1, __ATOMIC_ACQ_REL);
    return exchange;
}

static void
request_completed(void *data, struct MHD_Connection *connection, void **slot,
                  enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    Api *api = data;
    Exchange *exchange = *slot;
    if (exchange == NULL)
        return;
    *slot = NULL;
    bool active = exchange->stream == NULL;
    request_free(exchange->request); /* the stream's source goes first: it wakes the stream */
    http_stream_free(exchange->stream);
    if (exchange->body != NULL)
        g_byte_array_unref(exchange->body);
    g_free(exchange);
    if (active)
        __atomic_sub_fetch(&api->active, 1, __ATOMIC_ACQ_REL);
}

static void
add_header(void *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

static void
add_headers(const Request *request, struct MHD_Response *response)
{
    cors_add_headers(request, add_header, response);
    if (request->version_known)
        MHD_add_response_header(response, API_HEADER_VERSION, api_version_text(request->version));
    MHD_add_response_header(response, API_HEADER_MINIMUM, API_VERSION_TEXT(1));
    MHD_add_response_header(response, API_HEADER_MAXIMUM, api_version_text(API_VERSION_MAXIMUM));
    MHD_add_response_header(response, "Openstack-Request-Id", request->id);
    if (request->content_type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    if (request->location != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, request->location);
    if (request->allow != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (request->header_name != NULL)
        MHD_add_response_header(response, request->header_name, request->header_value);
    if (request->stream != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

/* From here on the request is not waited for when the service stops: its stream is told to end. */
static struct MHD_Response *
begin_stream(Exchange *exchange)
{
    Api *api = exchange->api;
    exchange->stream =
        http_stream_new(api->streams, exchange->request->stream, exchange->connection);
    __atomic_sub_fetch(&api->active, 1, __ATOMIC_ACQ_REL);
    return http_stream_response(exchange->stream);
}

static enum MHD_Result
send_answer(Exchange *exchange)
{
    Request *request = exchange->request;
    struct MHD_Response *response;
    request_metrics_count(exchange->api->metrics, request->route, request->status,
                          request_metrics_now() - exchange->started_ns);
    if (request->stream != NULL) {
        response = begin_stream(exchange);
    } else if (request->out != NULL) {
        size_t size = request->out->len;
        char *text = g_string_free(g_steal_pointer(&request->out), FALSE);
        response = MHD_create_response_from_buffer_with_free_callback(size, text, g_free);
    } else {
        static char nothing[1] = "";
        response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    }
    if (response == NULL)
        return MHD_NO;
    add_headers(request, response);
    exchange->answered = true;
    enum MHD_Result result = MHD_queue_response(exchange->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
send_too_large(Exchange *exchange)
{
    Request *request = exchange->request;
    g_autoptr(GError) error = NULL;
    steel_fail(&error, STEEL_ERROR_TOO_LARGE, "The body is larger than the %zu bytes allowed here.",
               request_body_limit(request));
    request->out = fault_from_error(error, &request->status);
    request->content_type = "application/json";
    return send_answer(exchange);
}

/* Runs the handler; sends the answer or leaves the connection suspended until the call has returned. */
static enum MHD_Result
run(Exchange *exchange)
{
    Request *request = exchange->request;
    if (request_run(request)) {
        return send_answer(exchange);
    }
    MHD_suspend_connection(exchange->connection);
    int running = PHASE_RUNNING;
    if (!__atomic_compare_exchange_n(&exchange->phase, &running, PHASE_SUSPENDED, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&exchange->phase, PHASE_RESUMED, __ATOMIC_RELEASE);
        MHD_resume_connection(exchange->connection);
    }
    return MHD_YES;
}

static bool
announces_body(const Exchange *exchange, uint64_t *size)
{
    const char *length =
        carrier_header((void *)(uintptr_t)exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    *size = length != NULL ? g_ascii_strtoull(length, NULL, 10) : 0;
    return *size > 0 ||
           carrier_header((void *)(uintptr_t)exchange, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* The headers are in. Whatever can be said now is said once the body is in as well: an answer at this point would cost
 * the client its connection. Only a body that is not wanted is cut off.
 */
static enum MHD_Result
on_headers(Exchange *exchange)
{
    uint64_t announced = 0;
    bool has_body = announces_body(exchange, &announced);
    exchange->refused = !request_begin(exchange->request);
    if (announced > request_body_limit(exchange->request))
        return exchange->refused ? send_answer(exchange) : send_too_large(exchange);
    if (has_body && !exchange->refused)
        exchange->body = g_byte_array_sized_new((guint)MIN(announced, 1024 * 1024));
    return MHD_YES;
}

static void
on_body(Exchange *exchange, const char *data, size_t size)
{
    if (exchange->answered || exchange->refused || exchange->too_large)
        return;
    if (exchange->body == NULL)
        exchange->body = g_byte_array_new();
    if (exchange->body->len + size > request_body_limit(exchange->request)) {
        exchange->too_large = true;
        g_byte_array_set_size(exchange->body, 0);
        return;
    }
    g_byte_array_append(exchange->body, (const guint8 *)data, (guint)size);
}

static enum MHD_Result
on_complete(Exchange *exchange)
{
    if (exchange->answered)
        return MHD_YES;
    if (exchange->refused)
        return send_answer(exchange);
    if (__atomic_load_n(&exchange->phase, __ATOMIC_ACQUIRE) == PHASE_RESUMED) {
        request_finish(exchange->request);
        return send_answer(exchange);
    }
    if (exchange->too_large)
        return send_too_large(exchange);
    if (exchange->body != NULL) {
        size_t size = exchange->body->len;
        char *body = (char *)g_byte_array_free(g_steal_pointer(&exchange->body), FALSE);
        request_take_body(exchange->request, body, size);
    }
    return run(exchange);
}

static enum MHD_Result
on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *upload, size_t *upload_size, void **slot)
{
    (void)version;
    if (*slot == NULL) {
        *slot = exchange_new(data, connection, method, url);
        return on_headers(*slot);
    }
    Exchange *exchange = *slot;
    if (*upload_size > 0) {
        on_body(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    return on_complete(exchange);
}

static void log_from_library(void *data, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static void log_from_library(void *data, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static void
log_from_library(void *data, const char *format, va_list arguments)
{
    (void)data;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    log_debug("api.http", "%s", text);
}

static unsigned
thread_count(const Config *config)
{
    int64_t asked = config_integer(config, OPT_API_API_WORKERS);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return asked > 0 ? (unsigned)asked : (unsigned)CLAMP(processors, 2, 4);
}

/* Connections may take half of the descriptors: the database, BMCs and images need theirs. */
static unsigned
connection_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return CONNECTION_LIMIT;
    return (unsigned)CLAMP(limit.rlim_cur / 2, 64, CONNECTION_LIMIT);
}

/* Takes the socket when it succeeds. */
static bool
start_daemon(Api *api, const Config *config, int socket_fd)
{
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, http_tls_callback()},
        {MHD_OPTION_HTTPS_PRIORITIES,    0, api->tls_priorities},
        {MHD_OPTION_END,                 0, NULL               },
    };
    if (api->tls == NULL)
        tls_options[0].option = MHD_OPTION_END;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (api->tls != NULL ? MHD_USE_TLS : 0);
    api->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, api, MHD_OPTION_EXTERNAL_LOGGER, log_from_library, NULL,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_LISTEN_SOCKET, socket_fd,
        MHD_OPTION_THREAD_POOL_SIZE, thread_count(config), MHD_OPTION_NOTIFY_COMPLETED,
        request_completed, api, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_LIMIT_S,
        MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADER_LIMIT, MHD_OPTION_ARRAY, tls_options, MHD_OPTION_END);
    return api->daemon != NULL;
}

static bool
load_certificate(Api *api, const Config *config, GError **error)
{
    if (!config_boolean(config, OPT_API_ENABLE_SSL_API))
        return true;
    api->tls = http_tls_new(config_string(config, OPT_API_CERT_FILE),
                            config_string(config, OPT_API_KEY_FILE), error);
    if (api->tls == NULL)
        return false;
    api->tls_priorities = http_tls_priorities(config_string(config, OPT_API_TLS_MINIMUM_VERSION),
                                              config_string(config, OPT_API_TLS_CIPHERS), error);
    return api->tls_priorities != NULL;
}

bool
http_start(Api *api, GError **error)
{
    const Config *config = config_current();
    if (!config_check_api(config, error) || !load_certificate(api, config, error))
        return false;
    g_clear_pointer(&api->default_base, g_free);
    int socket_fd = listener_open(config, &api->port, &api->default_base, error);
    if (socket_fd < 0)
        return false;
    if (start_daemon(api, config, socket_fd))
        return true;
    close(socket_fd);
    return steel_fail(error, STEEL_ERROR_IO, "the HTTP server could not be started on %s",
                      api->default_base);
}

static bool
wait_until_idle(Api *api)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    int64_t graceful_s = config_integer(config_current(), OPT_CONDUCTOR_GRACEFUL_SHUTDOWN_TIMEOUT);
    int64_t end = time_monotonic_ms() + MIN(graceful_s, DRAIN_LIMIT_S) * 1000;
    do {
        if (__atomic_load_n(&api->active, __ATOMIC_ACQUIRE) == 0)
            return true;
        nanosleep(&pause, NULL);
    } while (time_monotonic_ms() < end);
    log_warning("api.http", "stopping although %u requests are not answered yet",
                __atomic_load_n(&api->active, __ATOMIC_ACQUIRE));
    return false;
}

/* Clients that read are told the end of their streams; one that does not is not waited for. */
static void
wait_for_streams(Api *api)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    for (int i = 0; i < STREAM_LIMIT_S * 200 && http_streams_count(api->streams) > 0; i++)
        nanosleep(&pause, NULL);
}

bool
http_stop(Api *api)
{
    if (api->daemon == NULL)
        return true;
    /* Calls are refused from here on; it is closed only when no thread of the library looks at it. */
    int socket_fd = MHD_quiesce_daemon(api->daemon);
    if (socket_fd >= 0)
        shutdown(socket_fd, SHUT_RDWR);
    http_streams_close(api->streams);
    wait_for_streams(api);
    if (!wait_until_idle(api))
        return false; /* the library aborts the process when it is stopped with a suspended connection */
    MHD_stop_daemon(api->daemon);
    api->daemon = NULL;
    if (socket_fd >= 0)
        close(socket_fd);
    return true;
}
