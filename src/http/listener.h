/* A listener: takes connections, reads requests, and hands them to a server. The API and the boot file server are two
 * servers on the same code, so that what protects one protects the other:
 *
 *   - a bound on connections, over all and by source address. When it is full, the connection gives way that is longest
 *     without a finished request;
 *   - deadlines for a request's headers, by a least rate for its body and for taking its answer;
 *   - requests that two readers could understand in two ways (two lengths, a NUL in the request line) are refused.
 *
 * A few threads serve all connections by epoll; a request that waits holds its connection asleep and no thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "http/address.h"
#include "http/connections.h"
#include "http/query.h"
#include "http/tls.h"

#include <microhttpd.h>

typedef struct Listener Listener;

/* What a server says to a step of a request. */
typedef enum HttpStep {
    HTTP_GO_ON,    /* begin: the body may come. complete: a mistake, the connection is closed */
    HTTP_ANSWERED, /* an answer is queued */
    HTTP_LATER,    /* the connection sleeps; http_connection_resume goes on with `resumed` */
    HTTP_FAILED,   /* no answer can be made: the connection is closed */
} HttpStep;

/* A server. All are called on the HTTP thread of the connection, one at a time for each connection; `connection->request`
 * is the server's own. */
typedef struct HttpServer {
    /* The headers are in, and not one byte of the body. An answer that is queued here costs the connection, for the body is
     * not read any more. */
    HttpStep (*begin)(void *user, HttpConnection *connection, const char *method, const char *path);
    /* A part of the body. NULL: bodies are read and thrown away. */
    void (*body)(void *user, HttpConnection *connection, const char *data, size_t size);
    /* Everything is in. */
    HttpStep (*complete)(void *user, HttpConnection *connection);
    /* After HTTP_LATER. `began`: it was begin that said so. NULL when none does. */
    HttpStep (*resumed)(void *user, HttpConnection *connection, bool began);
    /* The request has ended, or its client has gone. Called once for each `begin`. NULL: nothing to do. */
    void (*end)(void *user, HttpConnection *connection);
    /* Makes the answer to a request that never reaches `begin`. text: one sentence, static */
    struct MHD_Response *(*refusal)(void *user, unsigned status, const char *text);
} HttpServer;

typedef struct ListenerOptions {
    const char *area; /* of log lines, "api.http"; static */
    int socket_fd;    /* listening */
    unsigned threads;
    unsigned descriptor_share; /* connections may take one of so many descriptors of the process */
    unsigned connection_limit; /* at most */
    unsigned per_address;      /* connections of one address; 0: no limit */
    const HttpNetworks *trusted; /* of which the above does not count: proxies; borrowed */
    bool tls;                    /* with the certificate of the HttpTls that was made before */
    const char *tls_priorities;  /* from http_tls_priorities; NULL without TLS */
    HttpServer server;
    void *user;
} ListenerOptions;

/* Starts the threads; takes the socket when it succeeds. Errors: IO. */
Listener *listener_start(const ListenerOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes no more connections from here on; clients that call are refused. May be called again. */
void listener_quiesce(Listener *listener);

/* Waits until no request is at work and no answer under way. Who owes headers or a body is not waited for; who does not take
 * its answer, for some seconds. False: after limit_ms there still are some, and the listener may not be freed. */
bool listener_drain(Listener *listener, int64_t limit_ms);

/* Closes all connections, ends the threads, frees. No connection may be asleep. NULL is fine. */
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)

/* Requests that are at work, streams not among them. Any thread. */
unsigned listener_busy_count(Listener *listener);

/* ---- for servers ---- */

/* A header's value without blanks around it, or NULL. Valid as long as the request. */
const char *http_connection_header(const HttpConnection *connection, const char *name);

/* Goes on with a connection that sleeps after HTTP_LATER; once for each. Any thread; may be called before the step that
 * says HTTP_LATER has returned. */
void http_connection_resume(HttpConnection *connection);

/* Queues an answer and gives the response up. */
HttpStep http_connection_answer(HttpConnection *connection, unsigned status,
                                struct MHD_Response *response);

/* The answer is a stream without an end: the connection is not waited for any more, and never gives way. */
void http_connection_begin_stream(HttpConnection *connection);
