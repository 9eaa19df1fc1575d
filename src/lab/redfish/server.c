/* HTTPS servers of simulated Redfish BMCs; the contract is in server.h.
 *
 * One thread takes the connections of all BMCs' sockets and hands them to one listener. Requests
 * are answered on the listener's threads; those that take their time wait in a pool.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/server.h"

#include "common/error.h"
#include "common/log.h"
#include "common/pool.h"
#include "http/listener.h"
#include "http/socket.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define AREA "lab.redfish"

enum {
    HTTP_THREADS = 2,
    SLOW_THREADS = 16,
    SLOW_QUEUE = 20000,
    CONNECTION_LIMIT = 20000,
    DESCRIPTOR_SHARE = 2,
    EVENTS = 64,
    DEAD_MS = 600 * 1000, /* longer than clients wait */
};

/* A BMC at its address. */
typedef struct Place {
    RedfishBmc *bmc; /* borrowed */
    int fd;          /* owned, listening */
    atomic_bool dead;
} Place;

struct RedfishServer {
    HttpTls *tls;
    char *priorities;
    Listener *listener;
    Pool *pool;
    GPtrArray *places;      /* owned Place; constant once started */
    GHashTable *by_address; /* HttpAddress and port of the socket -> Place */
    int epoll_fd, stop_fd;
    pthread_t acceptor;
    bool has_acceptor;
};

/* One request. */
typedef struct Exchange {
    HttpConnection *connection;
    const Place *place;
    char *method, *path;
    GByteArray *body;
    bool too_large;
    RedfishAnswer answer;
} Exchange;

/* ---- requests ---- */

static const char *
carrier_header(void *carrier, const char *name)
{
    const Exchange *exchange = carrier;
    return http_connection_header(exchange->connection, name);
}

/* The BMC's place at the address that the client has connected to. */
static const Place *
place_of(const RedfishServer *server, int fd)
{
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0 || own.sin_family != AF_INET)
        return NULL;
    int64_t key = (int64_t)own.sin_addr.s_addr << 16 | own.sin_port;
    return g_hash_table_lookup(server->by_address, &key);
}

static HttpStep
server_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    const Place *place = place_of(user, connection->fd);
    if (place == NULL)
        return HTTP_FAILED;
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->connection = connection;
    exchange->place = place;
    exchange->method = g_strdup(method);
    exchange->path = g_strdup(path);
    exchange->body = g_byte_array_new();
    connection->request = exchange;
    return HTTP_NOT_ANSWERED;
}

static void
server_body(void *user, HttpConnection *connection, const char *data, size_t size)
{
    (void)user;
    Exchange *exchange = connection->request;
    exchange->too_large |= exchange->body->len + size > REDFISH_BODY_LIMIT;
    if (!exchange->too_large)
        g_byte_array_append(exchange->body, (const guint8 *)data, (guint)size);
}

static RedfishRequest
request_of(Exchange *exchange)
{
    return (RedfishRequest){.method = exchange->method,
                            .path = exchange->path,
                            .header = carrier_header,
                            .carrier = exchange,
                            .body = (const char *)exchange->body->data,
                            .body_size = exchange->body->len};
}

static void
make_answer(Exchange *exchange)
{
    const RedfishRequest request = request_of(exchange);
    redfish_bmc_answer(exchange->place->bmc, &request, &exchange->answer);
}

/* A body that ends before its length is reached: the connection is cut. */
static ssize_t
server_read_half(void *data, uint64_t position, char *out, size_t most)
{
    const char *text = data;
    size_t half = strlen(text) / 2;
    if (position >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = MIN(half - (size_t)position, most);
    memcpy(out, text + position, size);
    return (ssize_t)size;
}

/* Takes the text; NULL: there is no body. */
static struct MHD_Response *
response_of(char *text, bool cut)
{
    enum { BLOCK_SIZE = 16384 };
    static char nothing[1] = "";
    if (text == NULL)
        return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    return cut ? MHD_create_response_from_callback(strlen(text), BLOCK_SIZE, server_read_half, text,
                                                   g_free)
               : MHD_create_response_from_buffer_with_free_callback(strlen(text), text, g_free);
}

static HttpStep
send_answer(Exchange *exchange)
{
    RedfishAnswer *answer = &exchange->answer;
    char *text = g_steal_pointer(&answer->text);
    bool has_body = text != NULL;
    struct MHD_Response *response = response_of(text, answer->cut);
    if (response == NULL)
        return HTTP_FAILED;
    if (has_body)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    for (guint i = 0; i + 1 < answer->headers->len; i += 2)
        MHD_add_response_header(response, answer->headers->pdata[i], answer->headers->pdata[i + 1]);
    return http_connection_answer(exchange->connection, answer->status, response);
}

static void
answer_job(void *data)
{
    Exchange *exchange = data;
    make_answer(exchange);
    http_connection_resume(exchange->connection);
}

static struct MHD_Response *
server_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    (void)status;
    return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                           MHD_RESPMEM_PERSISTENT);
}

static HttpStep
server_complete(void *user, HttpConnection *connection)
{
    RedfishServer *server = user;
    Exchange *exchange = connection->request;
    int latency = redfish_bmc_knob(exchange->place->bmc, REDFISH_KNOB_LATENCY_MS);
    if (exchange->place->dead)
        latency = DEAD_MS;
    if (exchange->too_large)
        return http_connection_answer(
            connection, MHD_HTTP_CONTENT_TOO_LARGE,
            server_refusal(user, MHD_HTTP_CONTENT_TOO_LARGE, "The body is too large."));
    const RedfishRequest request = request_of(exchange);
    if (latency > 0 || redfish_request_is_slow(&request)) {
        pool_submit_later(server->pool, (unsigned)latency, answer_job, exchange);
        return HTTP_LATER;
    }
    make_answer(exchange);
    return send_answer(exchange);
}

static HttpStep
server_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user;
    (void)began;
    return send_answer(connection->request);
}

static void
server_end(void *user, HttpConnection *connection)
{
    (void)user;
    Exchange *exchange = connection->request;
    if (exchange == NULL)
        return;
    redfish_answer_clear(&exchange->answer);
    g_byte_array_unref(exchange->body);
    g_free(exchange->method);
    g_free(exchange->path);
    g_free(exchange);
}

/* ---- connections ---- */

static void
accept_all(RedfishServer *server, const Place *place)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int fd;
    while ((fd = accept4(place->fd, (struct sockaddr *)&peer, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (!listener_adopt(server->listener, fd, (const struct sockaddr *)&peer, size))
            log_debug(AREA, "a connection found no room");
        size = sizeof peer;
    }
}

static void *
server_accept(void *data)
{
    RedfishServer *server = data;
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            return NULL;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL)
                return NULL;
            accept_all(server, events[i].data.ptr);
        }
    }
}

static bool
watch(const RedfishServer *server, int fd, void *place)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = place};
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* ---- start and stop ---- */

static void
place_free(void *data)
{
    Place *place = data;
    close(place->fd);
    g_free(place);
}

RedfishServer *
redfish_server_new(const char *certificate_file, const char *key_file, GError **error)
{
    g_autoptr(RedfishServer) server = g_new0(RedfishServer, 1);
    server->places = g_ptr_array_new_with_free_func(place_free);
    server->by_address = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->tls = http_tls_new(certificate_file, key_file, error);
    server->priorities = server->tls != NULL ? http_tls_priorities("1.2", NULL, error) : NULL;
    if (server->priorities == NULL)
        return NULL;
    if (server->epoll_fd < 0 || server->stop_fd < 0 || !watch(server, server->stop_fd, NULL)) {
        steel_fail(error, STEEL_ERROR_IO, "epoll: %s", g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&server);
}

unsigned
redfish_server_add(RedfishServer *server, RedfishBmc *bmc, const char *address, unsigned port,
                   GError **error)
{
    int fd = http_socket_open(address, port, error);
    if (fd < 0)
        return 0;
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    Place *place = g_new0(Place, 1);
    *place = (Place){.bmc = bmc, .fd = fd};
    g_ptr_array_add(server->places, place);
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0 || own.sin_family != AF_INET) {
        steel_fail(error, STEEL_ERROR_CONFIG, "%s is not an IPv4 address", address);
        return 0;
    }
    int64_t *key = g_new(int64_t, 1);
    *key = (int64_t)own.sin_addr.s_addr << 16 | own.sin_port;
    g_hash_table_insert(server->by_address, key, place);
    return ntohs(own.sin_port);
}

bool
redfish_server_start(RedfishServer *server, GError **error)
{
    const ListenerOptions options = {.area = AREA,
                                     .socket_fd = -1,
                                     .threads = HTTP_THREADS,
                                     .descriptor_share = DESCRIPTOR_SHARE,
                                     .connection_limit = CONNECTION_LIMIT,
                                     .tls = true,
                                     .tls_priorities = server->priorities,
                                     .server = {.begin = server_begin,
                                                .body = server_body,
                                                .complete = server_complete,
                                                .resumed = server_resumed,
                                                .end = server_end,
                                                .refusal = server_refusal},
                                     .user = server};
    server->pool = pool_new("redfish", SLOW_THREADS, SLOW_QUEUE);
    server->listener = listener_start(&options, error);
    if (server->listener == NULL)
        return false;
    for (guint i = 0; i < server->places->len; i++)
        if (!watch(server, ((Place *)server->places->pdata[i])->fd, server->places->pdata[i]))
            return steel_fail(error, STEEL_ERROR_IO, "epoll: %s", g_strerror(errno));
    server->has_acceptor = pthread_create(&server->acceptor, NULL, server_accept, server) == 0;
    return server->has_acceptor ||
           steel_fail(error, STEEL_ERROR_IO, "the thread of the BMCs could not be started");
}

/* The kernel still takes connections for a socket that nobody watches. Requests on those that are
 * open wait. */
void
redfish_server_set_dead(RedfishServer *server, const RedfishBmc *bmc, bool dead)
{
    for (guint i = 0; i < server->places->len; i++) {
        Place *place = server->places->pdata[i];
        if (place->bmc != bmc || atomic_exchange(&place->dead, dead) == dead)
            continue;
        if (dead)
            (void)epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, place->fd, NULL);
        else
            (void)watch(server, place->fd, place);
    }
}

void
redfish_server_free(RedfishServer *server)
{
    if (server == NULL)
        return;
    if (server->has_acceptor) {
        uint64_t one = 1;
        ssize_t ignored = write(server->stop_fd, &one, sizeof one);
        (void)ignored; /* an eventfd that nobody has written to has room */
        pthread_join(server->acceptor, NULL);
    }
    pool_free(server->pool); /* what waits answers now */
    listener_free(server->listener);
    if (server->epoll_fd >= 0)
        close(server->epoll_fd);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    g_hash_table_unref(server->by_address);
    g_ptr_array_unref(server->places);
    http_tls_free(server->tls);
    g_free(server->priorities);
    g_free(server);
}
