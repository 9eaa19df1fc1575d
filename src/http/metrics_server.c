/* Metrics on a listener of their own; the contract is in metrics_server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics_server.h"

#include "common/config.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/pool.h"
#include "http/listener.h"
#include "http/socket.h"

#include <string.h>
#include <unistd.h>

#define AREA "metrics"
enum {
    CONNECTIONS_MOST = 64,
    SCRAPES_MOST = 16, /* that wait; the metrics are written for one at a time */
    TEXT_SIZE = 32 * 1024,
    DRAIN_LIMIT_MS = 5000,
};

struct MetricsServer {
    Listener *listener;
    Pool *pool;
};

/* One request. */
typedef struct Scrape {
    MetricsServer *owner;
    HttpConnection *connection;
    unsigned refusal; /* HTTP status; 0: it is admitted */
    const char *why;  /* one sentence, static */
    GString *text;    /* owned; NULL before it is written */
} Scrape;

static void
refuse(Scrape *scrape, unsigned status, const char *why)
{
    scrape->refusal = status;
    scrape->why = why;
}

/* A proxy on this machine passes on what others ask. */
static bool
is_local(const HttpConnection *connection)
{
    const HttpAddress *address = &connection->address;
    return (http_address_is_unix(address) || http_address_is_loopback(address)) &&
           http_connection_header(connection, "X-Forwarded-For") == NULL &&
           http_connection_header(connection, "Forwarded") == NULL;
}

static void
judge(Scrape *scrape, const char *method, const char *path)
{
    if (strcmp(path, "/metrics") != 0)
        refuse(scrape, MHD_HTTP_NOT_FOUND, "only /metrics is served here\n");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        refuse(scrape, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served\n");
    else if (!is_local(scrape->connection) &&
             !config_boolean(config_current(), OPT_METRICS_ALLOW_REMOTE))
        refuse(scrape, MHD_HTTP_FORBIDDEN,
               "metrics are for clients on the machine of the service; [metrics]allow_remote opens "
               "them to others\n");
}

static HttpStep
send_text(const Scrape *scrape, unsigned status, const char *type, const char *text, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return HTTP_FAILED;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    return http_connection_answer(scrape->connection, status, response);
}

static HttpStep
send_refusal(const Scrape *scrape)
{
    return send_text(scrape, scrape->refusal, "text/plain", scrape->why, strlen(scrape->why));
}

/* Runs on the pool: a collector may wait for a lock. */
static void
metrics_write_job(void *data)
{
    Scrape *scrape = data;
    scrape->text = g_string_sized_new(TEXT_SIZE);
    metrics_write(scrape->text);
    http_connection_resume(scrape->connection);
}

static HttpStep
metrics_on_begin(void *user, HttpConnection *connection, const char *method, const char *path)
{
    Scrape *scrape = g_new0(Scrape, 1);
    scrape->owner = user;
    scrape->connection = connection;
    connection->request = scrape;
    judge(scrape, method, path);
    return scrape->refusal != 0 ? send_refusal(scrape) : HTTP_NOT_ANSWERED;
}

static HttpStep
metrics_on_complete(void *user, HttpConnection *connection)
{
    MetricsServer *server = user;
    Scrape *scrape = connection->request;
    if (pool_submit(server->pool, metrics_write_job, scrape, NULL))
        return HTTP_LATER;
    refuse(scrape, MHD_HTTP_SERVICE_UNAVAILABLE, "too many scrapes wait already\n");
    return send_refusal(scrape);
}

static HttpStep
metrics_on_resumed(void *user, HttpConnection *connection, bool began)
{
    (void)user;
    (void)began;
    const Scrape *scrape = connection->request;
    return send_text(scrape, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                     scrape->text->str, scrape->text->len);
}

static void
metrics_on_end(void *user, HttpConnection *connection)
{
    (void)user;
    Scrape *scrape = connection->request;
    if (scrape->text != NULL)
        g_string_free(scrape->text, TRUE);
    g_free(scrape);
}

static struct MHD_Response *
metrics_refusal(void *user, unsigned status, const char *text)
{
    (void)user;
    (void)status;
    return MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
                                           MHD_RESPMEM_PERSISTENT);
}

static const HttpServer metrics_http_server = {
    .begin = metrics_on_begin,
    .complete = metrics_on_complete,
    .resumed = metrics_on_resumed,
    .end = metrics_on_end,
    .refusal = metrics_refusal,
};

static bool
listen_on(MetricsServer *server, const char *host, unsigned port, GError **error)
{
    int socket_fd = http_socket_open(host, port, error);
    if (socket_fd < 0)
        return false;
    const ListenerOptions options = {
        .area = AREA,
        .socket_fd = socket_fd,
        .threads = 1,
        .descriptor_share = 8,
        .connection_limit = CONNECTIONS_MOST,
        .server = metrics_http_server,
        .user = server,
    };
    server->listener = listener_start(&options, error);
    if (server->listener == NULL)
        close(socket_fd);
    else
        log_info(AREA, "metrics are served at %s port %u", host, http_socket_port(socket_fd));
    return server->listener != NULL;
}

MetricsServer *
metrics_server_start(const char *host, unsigned port, GError **error)
{
    MetricsServer *server = g_new0(MetricsServer, 1);
    server->pool = pool_new("metrics", 1, SCRAPES_MOST);
    if (listen_on(server, host, port, error))
        return server;
    g_prefix_error(error, "[metrics]host_ip and port: ");
    pool_free(server->pool);
    g_free(server);
    return NULL;
}

bool
metrics_server_stop(MetricsServer *server)
{
    if (server == NULL)
        return true;
    listener_quiesce(server->listener);
    if (!listener_drain(server->listener, DRAIN_LIMIT_MS))
        return false;
    pool_free(server->pool);
    listener_free(server->listener);
    g_free(server);
    return true;
}
