/* The API as a server of the listener: makes requests of connections and answers them. Reads run on
 * the HTTP threads. A request that waits for a conductor suspends its connection and holds no
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/cors.h"
#include "api/faults.h"
#include "api/internal.h"
#include "api/pipeline.h"
#include "api/router.h"
#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "common/time_text.h"
#include "http/socket.h"

#include <string.h>
#include <unistd.h>

/* Open connections at most. */
#define CONNECTION_LIMIT 8192
/* How long a stop waits for running calls; [conductor]graceful_shutdown_timeout may shorten it. */
#define DRAIN_LIMIT_S 30
/* Callers without a login share this part (one in 8) of the memory for bodies, so that they cannot
 * keep out the others. */
#define PUBLIC_BODY_SHARE 8
/* How long a stop waits for streams to end. */
#define STREAM_LIMIT_MS 1000
#define STREAM_LOOK_MS 5

typedef struct Exchange {
    Api *api;
    HttpConnection *connection;
    Request *request;
    HttpStream *stream; /* NULL for a request that is no stream */
    int64_t started_ns; /* monotonic */
    GByteArray *body;   /* the part that has arrived */
    uint64_t announced; /* bytes of the body; UINT64_MAX if it is chunked */
    uint64_t held;      /* bytes of the body, as counted in Api.body_bytes */
    bool is_public;     /* the body is sent to a route that needs no login */
    bool refused;       /* answered before the body */
    BodyFault fault;    /* why the body is refused */
} Exchange;

static const char *
carrier_header(void *carrier, const char *name)
{
    const Exchange *exchange = carrier;
    return http_connection_header(exchange->connection, name);
}

/* May be called by any thread, even before the handler has returned: then the HTTP thread continues
 * at once. */
static void
carrier_resume(void *carrier)
{
    const Exchange *exchange = carrier;
    http_connection_resume(exchange->connection);
}

/* A unix socket and the loopback interface are local. */
static bool
carrier_is_local(void *carrier)
{
    const Exchange *exchange = carrier;
    const HttpAddress *peer = &exchange->connection->address;
    return http_address_is_unix(peer) || http_address_is_loopback(peer);
}

/* A trusted proxy names the source. One that names none counts as the source of all its clients. */
static bool
carrier_source(void *carrier, HttpAddress *address)
{
    const Exchange *exchange = carrier;
    *address = exchange->connection->address;
    if (!http_networks_contain(exchange->api->trusted, address))
        return true;
    const char *forwarded = carrier_header(carrier, "X-Forwarded-For");
    return forwarded != NULL && http_forwarded_source(forwarded, exchange->api->trusted, address);
}

static const RequestTransport http_transport = {.header = carrier_header,
                                                .resume = carrier_resume,
                                                .is_local = carrier_is_local,
                                                .source = carrier_source};

static Exchange *
exchange_new(Api *api, HttpConnection *connection, const char *method, const char *path)
{
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->api = api;
    exchange->connection = connection;
    exchange->started_ns = request_metrics_now();
    exchange->request = request_new(api, &http_transport, exchange, method, path);
    request_take_query(exchange->request, connection->query);
    return exchange;
}

/* Frees the body and its share of the memory for bodies. */
static void
drop_body(Exchange *exchange)
{
    g_clear_pointer(&exchange->body, g_byte_array_unref);
    __atomic_sub_fetch(&exchange->api->body_bytes, exchange->held, __ATOMIC_RELAXED);
    if (exchange->is_public)
        __atomic_sub_fetch(&exchange->api->public_body_bytes, exchange->held, __ATOMIC_RELAXED);
    exchange->held = 0;
}

static void
api_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Exchange *exchange = connection->request;
    http_stream_free(exchange->stream); /* first: its source asks the request what it may show */
    request_free(exchange->request);
    drop_body(exchange);
    g_free(exchange);
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
    MHD_add_response_header(response, API_HEADER_MAXIMUM,
                            api_version_text(request_newest_version(request)));
    MHD_add_response_header(response, "Openstack-Request-Id", request->id);
    if (request_newest_version(request) >= REQUEST_ID_HEADER_SINCE)
        MHD_add_response_header(response, "X-Openstack-Request-Id", request->id);
    if (request->content_type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    if (request->location != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, request->location);
    if (request->allow != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (request->header_name != NULL)
        MHD_add_response_header(response, request->header_name, request->header_value);
}

/* A stop does not wait for this request any more: it ends the stream instead. */
static struct MHD_Response *
begin_stream(Exchange *exchange)
{
    http_connection_begin_stream(exchange->connection);
    exchange->stream =
        http_stream_new(exchange->api->streams, g_steal_pointer(&exchange->request->stream),
                        exchange->connection->mhd);
    struct MHD_Response *response = http_stream_response(exchange->stream);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return response;
}

static HttpStep
send_answer(Exchange *exchange)
{
    Request *request = exchange->request;
    struct MHD_Response *response;
    request_metrics_count(exchange->api->metrics, request->route, request->status,
                          request_metrics_now() - exchange->started_ns);
    if (request->stream != NULL && request->method != HTTP_HEAD) {
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
        return HTTP_FAILED;
    add_headers(request, response);
    return http_connection_answer(exchange->connection, request->status, response);
}

static uint64_t
announced_size(const HttpConnection *connection)
{
    if (http_connection_header(connection, "Transfer-Encoding") != NULL)
        return UINT64_MAX;
    const char *length = http_connection_header(connection, "Content-Length");
    return length != NULL ? g_ascii_strtoull(length, NULL, 10) : 0;
}

/* The memory for bodies; at least one of the greatest size fits. */
static uint64_t
body_memory(void)
{
    const Config *config = config_current();
    int64_t memory = config_integer(config, OPT_API_MAX_BODY_MEMORY) * 1024 * 1024;
    int64_t greatest = config_integer(config, OPT_API_MAX_JSON_BODY_SIZE_PROVISION) * 1024;
    return (uint64_t)MAX(memory, greatest);
}

/* Counts bytes of a body. False if there is no room for them. */
static bool
count_bytes(Exchange *exchange, size_t size)
{
    uint64_t limit = body_memory();
    exchange->held += size;
    uint64_t all = __atomic_add_fetch(&exchange->api->body_bytes, size, __ATOMIC_RELAXED);
    if (!exchange->is_public)
        return all <= limit;
    uint64_t part = __atomic_add_fetch(&exchange->api->public_body_bytes, size, __ATOMIC_RELAXED);
    return all <= limit && part <= limit / PUBLIC_BODY_SHARE;
}

/* Refuses a body by its announced size. Only bytes that arrive are counted. */
static BodyFault
judge_announced(Exchange *exchange)
{
    if (exchange->announced == 0)
        return BODY_FINE;
    if (exchange->announced != UINT64_MAX &&
        exchange->announced > request_body_limit(exchange->request))
        return BODY_TOO_LARGE;
    return count_bytes(exchange, 0) ? BODY_FINE : BODY_NO_ROOM;
}

/* Answers before the body. A body within the limit is read and dropped, so that the client reads
 * its answer and keeps its connection. For a larger one, or a client that waits for "100 Continue",
 * the connection is closed. */
static HttpStep
refuse_now(Exchange *exchange)
{
    exchange->refused = true;
    uint64_t limit = request_body_limit(exchange->request);
    bool expects = http_connection_header(exchange->connection, "Expect") != NULL;
    bool drained = exchange->announced == UINT64_MAX || (exchange->announced <= limit && !expects);
    return exchange->announced == 0 || drained ? HTTP_NOT_ANSWERED : send_answer(exchange);
}

/* Identifies the caller, and decides if the body may come. */
static HttpStep
identify(Exchange *exchange)
{
    Request *request = exchange->request;
    PipelineStep step = request_identify(request);
    if (step == PIPELINE_LATER)
        return HTTP_LATER;
    if (step == PIPELINE_NOT_ANSWERED)
        step = request_admit(request, exchange->announced);
    if (step == PIPELINE_ANSWERED)
        return refuse_now(exchange);
    exchange->is_public = request->identity.is_public;
    exchange->fault = judge_announced(exchange);
    if (exchange->fault == BODY_FINE)
        return HTTP_NOT_ANSWERED;
    request_refuse_body(request, exchange->fault);
    return refuse_now(exchange);
}

static HttpStep
api_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Exchange *exchange = exchange_new(user, connection, method, path);
    connection->request = exchange;
    exchange->announced = announced_size(connection);
    return request_begin(exchange->request) ? identify(exchange) : refuse_now(exchange);
}

/* Takes memory for some bytes of a body. */
static BodyFault
hold_bytes(Exchange *exchange, size_t size)
{
    if (exchange->held + size > request_body_limit(exchange->request))
        return BODY_TOO_LARGE;
    return count_bytes(exchange, size) ? BODY_FINE : BODY_NO_ROOM;
}

static void
api_on_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    (void)user;
    Exchange *exchange = connection->request;
    if (exchange->refused || exchange->fault != BODY_FINE)
        return;
    exchange->fault = hold_bytes(exchange, size);
    if (exchange->fault != BODY_FINE) {
        drop_body(exchange);
        return;
    }
    if (exchange->body == NULL)
        exchange->body = g_byte_array_new();
    g_byte_array_append(exchange->body, (const guint8 *)data, (guint)size);
}

static HttpStep
api_on_complete(void *user, HttpConnection *connection)
{
    (void)user;
    Exchange *exchange = connection->request;
    if (exchange->refused)
        return send_answer(exchange);
    if (exchange->fault != BODY_FINE) {
        request_refuse_body(exchange->request, exchange->fault);
        return send_answer(exchange);
    }
    if (exchange->body != NULL) {
        size_t size = exchange->body->len;
        char *body = (char *)g_byte_array_free(g_steal_pointer(&exchange->body), FALSE);
        request_take_body(exchange->request, body, size);
    }
    return request_run(exchange->request) ? send_answer(exchange) : HTTP_LATER;
}

static HttpStep
api_on_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user;
    Exchange *exchange = connection->request;
    if (began)
        return identify(exchange);
    request_finish(exchange->request);
    return send_answer(exchange);
}

static struct MHD_Response *
api_refusal(void *user, unsigned status, const char *text)
{
    const Api *api = user;
    request_metrics_count(api->metrics, NULL, status, 0);
    GString *fault = fault_from_routing(status, text);
    size_t size = fault->len;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
        size, g_string_free(fault, FALSE), g_free);
    if (response != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    return response;
}

static const HttpServer api_server = {
    .begin = api_on_begin,
    .body = api_on_body,
    .complete = api_on_complete,
    .resumed = api_on_resumed,
    .end = api_on_end,
    .refusal = api_refusal,
};

/* ---- start and stop ---- */

static unsigned
thread_count(const Config *config)
{
    int64_t asked = config_integer(config, OPT_API_API_WORKERS);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return asked > 0 ? (unsigned)asked : (unsigned)CLAMP(processors, 2, 4);
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

static int
open_socket(const Config *config, GError **error)
{
    if (!config_is_set(config, OPT_API_UNIX_SOCKET)) {
        int socket_fd = http_socket_open(config_string(config, OPT_API_HOST_IP),
                                         (unsigned)config_integer(config, OPT_API_PORT), error);
        if (socket_fd < 0)
            g_prefix_error(error, "[api]host_ip and port: ");
        return socket_fd;
    }
    int mode = config_is_set(config, OPT_API_UNIX_SOCKET_MODE)
                   ? (int)config_integer(config, OPT_API_UNIX_SOCKET_MODE)
                   : -1;
    int socket_fd = http_socket_open_unix(config_string(config, OPT_API_UNIX_SOCKET), mode, error);
    if (socket_fd < 0)
        g_prefix_error(error, "[api]unix_socket: ");
    return socket_fd;
}

/* Where links start if the request gives no better host, "https://127.0.0.1:6385". */
static char *
base_of(const Config *config, unsigned port)
{
    const char *scheme = config_boolean(config, OPT_API_ENABLE_SSL_API) ? "https" : "http";
    if (config_is_set(config, OPT_API_UNIX_SOCKET))
        return g_strdup_printf("%s://localhost", scheme);
    const char *host = config_string(config, OPT_API_HOST_IP);
    bool bare_v6 = strchr(host, ':') != NULL && host[0] != '[';
    return g_strdup_printf("%s://%s%s%s:%u", scheme, bare_v6 ? "[" : "", host, bare_v6 ? "]" : "",
                           port);
}

bool
http_start(Api *api, GError **error)
{
    const Config *config = config_current();
    if (!config_check_api(config, error) || !load_certificate(api, config, error))
        return false;
    api->trusted = http_networks_new(config_list(config, OPT_API_TRUSTED_PROXIES), error);
    if (api->trusted == NULL) {
        g_prefix_error(error, "[api]trusted_proxies: ");
        return false;
    }
    int socket_fd = open_socket(config, error);
    if (socket_fd < 0)
        return false;
    api->port = http_socket_port(socket_fd);
    g_free(api->default_base);
    api->default_base = base_of(config, api->port);
    const ListenerOptions options = {
        .area = "api.http",
        .socket_fd = socket_fd,
        .threads = thread_count(config),
        .descriptor_share = 2,
        .connection_limit = CONNECTION_LIMIT,
        .per_address = (unsigned)config_integer(config, OPT_API_MAX_CONNECTIONS_PER_ADDRESS),
        .trusted = api->trusted,
        .tls = api->tls != NULL,
        .tls_priorities = api->tls_priorities,
        .server = api_server,
        .user = api,
    };
    api->listener = listener_start(&options, error);
    if (api->listener == NULL)
        close(socket_fd);
    return api->listener != NULL;
}

/* Waits a moment for clients to read the end of their streams. */
static void
wait_for_streams(Api *api)
{
    Backoff backoff = {.pause_ms = STREAM_LOOK_MS,
                       .longest_ms = STREAM_LOOK_MS,
                       .limit_ms = time_monotonic_ms() + STREAM_LIMIT_MS};
    while (http_streams_count(api->streams) > 0 && backoff_pause(&backoff))
        continue;
}

bool
http_stop(Api *api)
{
    if (api->listener == NULL)
        return true;
    listener_quiesce(api->listener);
    __atomic_store_n(&api->closing, true, __ATOMIC_RELEASE);
    http_streams_close(api->streams);
    wait_for_streams(api);
    int64_t graceful_s = config_integer(config_current(), OPT_CONDUCTOR_GRACEFUL_SHUTDOWN_TIMEOUT);
    if (!listener_drain(api->listener, MIN(graceful_s, DRAIN_LIMIT_S) * 1000)) {
        log_warning("api.http", "stopping although %u requests are not answered yet",
                    listener_busy_count(api->listener));
        /* the library aborts if it is stopped with a suspended connection */
        return false;
    }
    listener_free(g_steal_pointer(&api->listener));
    return true;
}
