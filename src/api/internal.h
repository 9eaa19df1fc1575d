/* What the parts of the API share: the Api itself. Private to this folder.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/http_stream.h"
#include "api/request_metrics.h"
#include "auth/login_queue.h"
#include "common/pool.h"
#include "http/listener.h"
#include "rpc/rings.h"

struct Api {
    ApiServices services;
    Rings *rings; /* which conductor has which node */
    /* for what must not keep an HTTP thread: metrics, streams, policies that ask other servers */
    Pool *pool;
    Pool *bodies; /* one thread: large bodies are parsed one after another */
    LoginQueue *logins;
    bool closing, login_log_scheduled; /* atomic */
    /* Atomic: bytes of bodies that are held; of them, those of routes that need no login. */
    uint64_t body_bytes, public_body_bytes;
    RequestMetrics *metrics;
    unsigned newest_version; /* that is served */
    /* where links start when nothing better is known: "http://127.0.0.1:6385" */
    char *default_base;

    /* Of http.c. */
    Listener *listener;
    HttpNetworks *trusted; /* proxies */
    HttpTls *tls;          /* NULL without TLS */
    char *tls_priorities;  /* which versions and ciphers, in the library's words */
    unsigned port;
    HttpStreams *streams;
};

/* An Api without a listener: what tests dispatch requests on. */
Api *api_new(const ApiServices *services);
void api_free(Api *api);

/* What the API adds to the metrics of the process: requests, listeners, nodes, the database; a
 * collector of common/metrics.h, with the Api. */
void api_metrics_write(GString *out, void *api);

/* Opens the socket and starts the HTTP threads; the reverse. */
bool http_start(Api *api, GError **error);
bool http_stop(Api *api); /* false: a call is still under way, and nothing may be freed */
