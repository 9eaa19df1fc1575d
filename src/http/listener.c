/* The adapter to libmicrohttpd; the contract is in listener.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/listener.h"

#include "common/backoff.h"
#include "common/log.h"
#include "common/time_text.h"
#include "http/framing.h"
#include "http/handshakes.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    IDLE_LIMIT_S = 65, /* how long a client may be silent */
    /* Bytes of a connection's memory, and of a request's target and headers in it; a token of
     * Keystone takes a few thousand. The rest is for the library's own records and the headers of
     * an answer. */
    MEMORY_LIMIT = 32 * 1024,
    TARGET_LIMIT = 8 * 1024,
    HEADER_LIMIT = 16 * 1024,
    /* After this many bytes of a body its connection goes to the end of the queue. */
    BODY_TURN = 64 * 1024,
    TICK_MS = 1000,
    PAUSE_MS = 5,
    SENDING_LIMIT_MS = 5000, /* how long a stop waits until clients have read their answers */
    CONNECTIONS_LEAST = 64,
};

/* HttpConnection.handover: where a request stands between the thread that says LATER and the one
 * that resumes. */
enum { HANDOVER_NONE, HANDOVER_EARLY, HANDOVER_ASLEEP };

struct Listener {
    ListenerOptions options;
    Connections *connections;
    struct MHD_Daemon *daemon;
    /* a listening socket that no client can reach; -1 once it stands for the real one */
    int nowhere;
    Handshakes *handshakes; /* owned */
    pthread_t clock;
    bool has_clock;
};

/* ---- steps ---- */

/* Suspends the connection, unless it was resumed already. */
static void
suspend_connection(HttpConnection *connection, RequestStage stage)
{
    int none = HANDOVER_NONE;
    connection->stage = stage;
    connection_set_phase(connection, CONNECTION_BUSY);
    connection_leave_turn(connection);
    MHD_suspend_connection(connection->mhd);
    if (!__atomic_compare_exchange_n(&connection->handover, &none, HANDOVER_ASLEEP, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        MHD_resume_connection(connection->mhd);
}

void
http_connection_resume(HttpConnection *connection)
{
    int none = HANDOVER_NONE;
    struct MHD_Connection *mhd = connection->mhd;
    if (!__atomic_compare_exchange_n(&connection->handover, &none, HANDOVER_EARLY, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        MHD_resume_connection(mhd);
}

HttpStep
http_connection_answer(HttpConnection *connection, unsigned status, struct MHD_Response *response)
{
    if (response == NULL)
        return HTTP_FAILED;
    if (connection->phase != CONNECTION_STREAM)
        connection_set_phase(connection, CONNECTION_SENDING);
    enum MHD_Result queued = MHD_queue_response(connection->mhd, status, response);
    MHD_destroy_response(response);
    return queued == MHD_YES ? HTTP_ANSWERED : HTTP_FAILED;
}

void
http_connection_begin_stream(HttpConnection *connection)
{
    connection_set_phase(connection, CONNECTION_STREAM);
    connection_leave_turn(connection);
}

static enum MHD_Result
apply_step(HttpConnection *connection, HttpStep step, RequestStage later)
{
    if (step == HTTP_FAILED)
        return MHD_NO;
    if (step == HTTP_LATER)
        suspend_connection(connection, later);
    if (step == HTTP_NOT_ANSWERED && later == STAGE_COMPLETE_LATER)
        return MHD_NO;
    if (step == HTTP_NOT_ANSWERED) {
        connection->stage = STAGE_BODY;
        connection_set_phase(connection, CONNECTION_BODY);
    }
    return MHD_YES;
}

/* ---- requests ---- */

/* The request line was read. The query is hidden from the library, whose parser cannot refuse. */
static void *
listener_on_line(void *data, const char *uri, struct MHD_Connection *mhd)
{
    (void)data;
    HttpConnection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    char *query = strchr(uri, '?');
    connection->stage = STAGE_LINE;
    connection->handover = HANDOVER_NONE;
    connection->target = uri;
    connection->target_length = strlen(uri);
    connection->too_long = connection->target_length > TARGET_LIMIT;
    if (query != NULL) {
        if (!connection->too_long)
            connection->query = g_strdup(query + 1);
        query[1] = '\0'; /* in the connection's own memory */
    }
    return connection;
}

/* Blanks after a value do not belong to it (RFC 9110, 5.5), but the library keeps them. */
static enum MHD_Result
note_header(void *data, enum MHD_ValueKind kind, const char *name, size_t name_size,
            const char *value, size_t value_size)
{
    (void)kind;
    if (value != NULL && value_size > 0) {
        char *end = (char *)(uintptr_t)value + value_size;
        for (; end > value && (end[-1] == ' ' || end[-1] == '\t'); end--)
            end[-1] = '\0';
    }
    framing_note(data, name, name_size, value);
    return MHD_YES;
}

/* NULL if the request may begin; otherwise why not, and the status of the answer. */
static const char *
request_fault(HttpConnection *connection, const char *version, unsigned *status)
{
    Framing framing = {0};
    MHD_get_connection_values_n(connection->mhd, MHD_HEADER_KIND, note_header, &framing);
    *status = MHD_HTTP_URI_TOO_LONG;
    if (connection->too_long)
        return "The URL is too long.";
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    *status = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    if (info != NULL && info->header_size > HEADER_LIMIT)
        return "The headers are too long.";
    *status = MHD_HTTP_BAD_REQUEST;
    if (framing_has_nul(connection->target, connection->target_length, version))
        return "There is a NUL byte in the request line.";
    return framing_fault(&framing, version);
}

static enum MHD_Result
begin(Listener *listener, HttpConnection *connection, const char *method, const char *url,
      const char *version)
{
    const HttpServer *server = &listener->options.server;
    void *user = listener->options.user;
    unsigned status;
    const char *fault = request_fault(connection, version, &status);
    if (fault != NULL) {
        HttpStep step =
            http_connection_answer(connection, status, server->refusal(user, status, fault));
        return apply_step(connection, step, STAGE_BEGIN_LATER);
    }
    connection->started = true;
    __atomic_store_n(&connection->received, 0, __ATOMIC_RELAXED);
    return apply_step(connection, server->begin(user, connection, method, url), STAGE_BEGIN_LATER);
}

static enum MHD_Result
resume(Listener *listener, HttpConnection *connection)
{
    bool began = connection->stage == STAGE_BEGIN_LATER;
    RequestStage stage = connection->stage;
    connection_take_turn(connection);
    __atomic_store_n(&connection->handover, HANDOVER_NONE, __ATOMIC_RELEASE);
    return apply_step(connection,
                      listener->options.server.resumed(listener->options.user, connection, began),
                      stage);
}

static void
take_body(Listener *listener, HttpConnection *connection, const char *data, size_t size)
{
    uint64_t before = __atomic_load_n(&connection->received, __ATOMIC_RELAXED);
    __atomic_store_n(&connection->received, before + size, __ATOMIC_RELAXED);
    if ((before + size) / BODY_TURN != before / BODY_TURN)
        connection_take_turn(connection);
    if (listener->options.server.body != NULL)
        listener->options.server.body(listener->options.user, connection, data, size);
}

static enum MHD_Result
listener_on_request(void *data, struct MHD_Connection *mhd, const char *url, const char *method,
                    const char *version, const char *upload, size_t *upload_size, void **slot)
{
    (void)mhd;
    Listener *listener = data;
    HttpConnection *connection = *slot;
    if (connection == NULL)
        return MHD_NO;
    switch (connection->stage) {
    case STAGE_LINE:
        return begin(listener, connection, method, url, version);
    case STAGE_BEGIN_LATER:
    case STAGE_COMPLETE_LATER:
        return resume(listener, connection);
    case STAGE_BODY:
        break;
    }
    if (*upload_size > 0) {
        take_body(listener, connection, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    connection_set_phase(connection, CONNECTION_BUSY);
    return apply_step(connection,
                      listener->options.server.complete(listener->options.user, connection),
                      STAGE_COMPLETE_LATER);
}

static void
listener_on_end(void *data, struct MHD_Connection *mhd, void **slot,
                enum MHD_RequestTerminationCode code)
{
    (void)mhd;
    (void)code;
    Listener *listener = data;
    HttpConnection *connection = *slot;
    if (connection == NULL)
        return;
    *slot = NULL;
    if (connection->started && listener->options.server.end != NULL)
        listener->options.server.end(listener->options.user, connection);
    connection->started = false;
    connection->request = NULL;
    g_clear_pointer(&connection->query, g_free);
    __atomic_store_n(&connection->served, connection->served + 1, __ATOMIC_RELAXED);
    connection_set_phase(connection, CONNECTION_WAITING);
    connection_take_turn(connection);
}

const char *
http_connection_header(const HttpConnection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

/* ---- connections ---- */

static enum MHD_Result
listener_admits(void *data, const struct sockaddr *peer, socklen_t size)
{
    (void)size;
    const Listener *listener = data;
    const HttpAddress address = http_address_of(peer);
    return connections_admit(listener->connections, &address) ? MHD_YES : MHD_NO;
}

static void
listener_on_connection(void *data, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code)
{
    Listener *listener = data;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_remove(*context);
        return;
    }
    const HttpAddress address = http_address_of(
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    HttpConnection *connection = connections_add(listener->connections, mhd, fd, &address);
    *context = connection;
    if (listener->options.tls)
        handshakes_watch(listener->handshakes, connection);
}

/* Cuts off overdue clients, each second, and wakes those in a handshake in between. */
static void *
listener_clock(void *data)
{
    Listener *listener = data;
    while (handshakes_run(listener->handshakes, time_monotonic_ms() + TICK_MS))
        connections_tick(listener->connections, time_monotonic_ms());
    return NULL;
}

/* ---- start and stop ---- */

static void log_from_library(void *data, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static void
log_from_library(void *data, const char *format, va_list arguments)
{
    const Listener *listener = data;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    log_debug(listener->options.area, "%s", g_strchomp(text));
}

static size_t
unescape(void *data, struct MHD_Connection *connection, char *text)
{
    (void)data;
    (void)connection;
    return http_unescape(text);
}

/* Connections take only a share of the descriptors: the database, BMCs and images need some too. */
static unsigned
connection_limit(const ListenerOptions *options)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return options->connection_limit;
    return (unsigned)CLAMP(limit.rlim_cur / options->descriptor_share, CONNECTIONS_LEAST,
                           options->connection_limit);
}

/* The library divides its own limit among the threads; it is never reached. */
static bool
start_daemon(Listener *listener, unsigned limit)
{
    const ListenerOptions *options = &listener->options;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, options->tls_certificates},
        {MHD_OPTION_HTTPS_PRIORITIES,    0, (void *)(uintptr_t)options->tls_priorities},
        {MHD_OPTION_END,                 0, NULL},
    };
    /* the library refuses a socket that is none */
    struct MHD_OptionItem socket_options[] = {
        {MHD_OPTION_LISTEN_SOCKET, options->socket_fd, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (options->socket_fd < 0)
        socket_options[0].option = MHD_OPTION_END;
    if (!options->tls)
        tls_options[0].option = MHD_OPTION_END;
    else if (options->tls_certificates == NULL)
        tls_options[0].ptr_value = http_tls_callback();
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (options->tls ? MHD_USE_TLS : 0) |
                     (options->socket_fd < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0);
    listener->daemon = MHD_start_daemon(
        flags, 0, listener_admits, listener, listener_on_request, listener,
        MHD_OPTION_EXTERNAL_LOGGER, log_from_library, listener, MHD_OPTION_UNESCAPE_CALLBACK,
        unescape, NULL, MHD_OPTION_URI_LOG_CALLBACK, listener_on_line, listener,
        MHD_OPTION_NOTIFY_CONNECTION, listener_on_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
        listener_on_end, listener, MHD_OPTION_ARRAY, socket_options, MHD_OPTION_THREAD_POOL_SIZE,
        options->threads, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_LIMIT_S,
        MHD_OPTION_CONNECTION_LIMIT, 2 * limit * MAX(options->threads, 1),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT, MHD_OPTION_ARRAY, tls_options,
        MHD_OPTION_END);
    return listener->daemon != NULL;
}

/* A socket of AF_UNIX without a path. */
static int
open_nowhere(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr_un none = {.sun_family = AF_UNIX};
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&none, sizeof none.sun_family) == 0 &&
        listen(fd, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

Listener *
listener_start(const ListenerOptions *options, GError **error)
{
    g_autoptr(Listener) listener = g_new0(Listener, 1);
    listener->options = *options;
    listener->nowhere = open_nowhere();
    listener->handshakes = handshakes_new();
    const ConnectionLimits limits = {options->area, connection_limit(options), options->per_address,
                                     options->trusted};
    listener->connections = connections_new(&limits);
    listener->has_clock = listener->handshakes != NULL &&
                          pthread_create(&listener->clock, NULL, listener_clock, listener) == 0;
    if (listener->nowhere < 0 || !listener->has_clock || !start_daemon(listener, limits.total)) {
        steel_fail(error, STEEL_ERROR_IO, "the HTTP server could not be started");
        return NULL;
    }
    return g_steal_pointer(&listener);
}

bool
listener_adopt(Listener *listener, int fd, const struct sockaddr *peer, socklen_t size)
{
    return MHD_add_connection(listener->daemon, fd, peer, size) == MHD_YES;
}

void
listener_quiesce(Listener *listener)
{
    if (listener->nowhere < 0 || listener->options.socket_fd < 0)
        return;
    /* New clients are refused now. The library's threads still use the number, so another socket
     * gets it, and the kernel takes the real one out of their epoll sets. Not MHD_quiesce_daemon:
     * up to 1.0.1 it takes the socket out beside a thread that does the same, and the second of
     * them ends the process. */
    shutdown(listener->options.socket_fd, SHUT_RDWR);
    if (dup3(listener->nowhere, listener->options.socket_fd, O_CLOEXEC) < 0)
        log_warning(listener->options.area, "the listening socket stays: %s", g_strerror(errno));
    close(listener->nowhere);
    listener->nowhere = -1;
}

unsigned
listener_busy_count(Listener *listener)
{
    return connections_count(listener->connections, CONNECTION_BUSY);
}

static bool
is_drained(Listener *listener, int64_t begun_ms)
{
    connections_end_waiting(listener->connections);
    bool impatient = time_monotonic_ms() - begun_ms >= SENDING_LIMIT_MS;
    return connections_count(listener->connections, CONNECTION_BUSY) == 0 &&
           (impatient || connections_count(listener->connections, CONNECTION_SENDING) == 0);
}

/* Twice in a row: a request may be on its way from the kernel to its server. */
bool
listener_drain(Listener *listener, int64_t limit_ms)
{
    int64_t begun = time_monotonic_ms();
    for (unsigned quiet = 0; quiet < 2;) {
        quiet = is_drained(listener, begun) ? quiet + 1 : 0;
        if (quiet == 0 && time_monotonic_ms() - begun >= limit_ms)
            return false;
        backoff_sleep(PAUSE_MS);
    }
    return true;
}

static void
stop_clock(Listener *listener)
{
    if (!listener->has_clock)
        return;
    handshakes_end(listener->handshakes);
    pthread_join(listener->clock, NULL);
    handshakes_wake_all(listener->handshakes);
}

void
listener_free(Listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->daemon != NULL)
        listener_quiesce(listener);
    stop_clock(listener); /* the library does not end with connections that are suspended */
    if (listener->daemon != NULL)
        MHD_stop_daemon(listener->daemon); /* closes the listening socket */
    if (listener->nowhere >= 0)
        close(listener->nowhere);
    handshakes_free(listener->handshakes);
    connections_free(listener->connections);
    g_free(listener);
}
