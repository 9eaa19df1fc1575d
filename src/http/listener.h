/* A listener: takes connections, reads requests, and hands them to a server. The API and the boot
 * file server are two servers on the same code, so that what protects one protects the other:
 *
 *   - a limit on connections, in total and per source address. When it is reached, the connection
 *     whose last finished request is oldest is cut off;
 *   - deadlines for a request's headers, for its body (a least rate) and for reading its answer;
 *   - requests that a proxy could read differently (two lengths, a NUL in the request line) are
 *     refused.
 *
 * A few threads serve all connections by epoll. A request that waits suspends its connection and
 * holds no thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "http/connections.h"
#include "http/query.h"
#include "http/tls.h"

#include <microhttpd.h>

typedef struct Listener Listener;

/* What a server answers to a step of a request. */
typedef enum HttpStep {
    HTTP_NOT_ANSWERED, /* begin: the body is read. complete: a mistake, the connection is closed */
    HTTP_ANSWERED,     /* an answer is queued */
    HTTP_LATER,  /* the connection is suspended; http_connection_resume continues with `resumed` */
    HTTP_FAILED, /* no answer can be made: the connection is closed */
} HttpStep;

/* A server. All are called on the HTTP thread of the connection, one at a time for each connection;
 * `connection->request` is the server's own. */
typedef struct HttpServer {
    /* The headers were read, nothing of the body yet. An answer that is queued here closes the
     * connection, since the body is not read. */
    HttpStep (*begin)(void *user, HttpConnection *connection, const char *method, const char *path);
    /* A part of the body. NULL: bodies are read and thrown away. */
    void (*body)(void *user, HttpConnection *connection, const char *data, size_t size);
    /* The whole request was read. */
    HttpStep (*complete)(void *user, HttpConnection *connection);
    /* After HTTP_LATER. `began`: begin returned it, not complete. NULL if neither does. */
    HttpStep (*resumed)(void *user, HttpConnection *connection, bool began);
    /* The request has ended, or its client has gone. Called once for each `begin`. NULL: nothing to
     * do. */
    void (*end)(void *user, HttpConnection *connection);
    /* Makes the answer to a request that never reaches `begin`. text: one sentence, static */
    struct MHD_Response *(*refusal)(void *user, unsigned status, const char *text);
} HttpServer;

typedef struct ListenerOptions {
    const char *area; /* of log lines, "api.http"; static */
    int socket_fd;    /* listening; -1: connections come by listener_adopt alone */
    unsigned threads;
    unsigned descriptor_share;   /* 3: connections may take a third of the process's descriptors */
    unsigned connection_limit;   /* at most */
    unsigned per_address;        /* connections of one address; 0: no limit */
    const HttpNetworks *trusted; /* proxies, for which per_address does not hold; borrowed */
    bool tls;                    /* with the certificate of the HttpTls that was made before */
    /* a gnutls_certificate_retrieve_function2 that chooses another one; NULL: none does. It finds
     * the socket where the session sends to (gnutls_transport_get_int2). */
    void *tls_certificates;
    const char *tls_priorities; /* from http_tls_priorities; NULL without TLS */
    HttpServer server;
    void *user;
} ListenerOptions;

/* Starts the threads; takes the socket when it succeeds. Errors: IO. */
Listener *listener_start(const ListenerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Serves a connection that was accepted elsewhere. Takes the descriptor, also on failure, when
 * there is no room. Any thread. */
bool listener_adopt(Listener *listener, int fd, const struct sockaddr *peer,
                    socklen_t size) G_GNUC_WARN_UNUSED_RESULT;

/* Takes no more connections; new clients are refused. May be called again. */
void listener_quiesce(Listener *listener);

/* Waits until no request is at work and every answer was read. It does not wait for headers or a
 * body, and only some seconds for a client that does not read its answer. False: after limit_ms
 * some are left, and the listener must not be freed. */
bool listener_drain(Listener *listener, int64_t limit_ms);

/* Closes all connections, ends the threads, frees. No connection may be asleep. NULL is fine. */
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)

/* Requests at work, without streams. Any thread. */
unsigned listener_busy_count(Listener *listener);

/* ---- for servers ---- */

/* A header's value without blanks around it, or NULL. Valid as long as the request. */
const char *http_connection_header(const HttpConnection *connection, const char *name);

/* Resumes a connection after HTTP_LATER, once for each. Any thread; also before the step that
 * returns HTTP_LATER has returned. */
void http_connection_resume(HttpConnection *connection);

/* Queues an answer and takes the response. */
HttpStep http_connection_answer(HttpConnection *connection, unsigned status,
                                struct MHD_Response *response);

/* The answer is a stream without an end: listener_drain does not wait for the connection, and it is
 * never cut off. */
void http_connection_begin_stream(HttpConnection *connection);
