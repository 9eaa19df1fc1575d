/* The settings of a request on a libcurl handle, and the collecting of its answer, for code that
 * reads an answer piece by piece or asks many servers at once. All other code calls
 * http_request.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "common/http_client.h"

#include <curl/curl.h>

/* Sets server, user and trust: url, protocols, user agent, connect_timeout_ms,
 * username, password, certificates. libcurl copies all of it. Threads: as for the handle. */
void http_set_peer(CURL *handle, const HttpRequest *request);

/* The request's headers, with what its body needs; curl_slist_free_all frees them after the
 * handle. */
struct curl_slist *http_header_list(const HttpRequest *request);

/* Sets method and body, which stay borrowed until the exchange ends. */
void http_set_method(CURL *handle, const HttpRequest *request);

/* An answer on its way: limits of the request hold, headers are those of the last answer. */
typedef struct HttpCollector {
    GString *body; /* owned */
    size_t body_limit;
    GPtrArray *headers; /* owned; name, value, ... */
    size_t header_size;
    bool too_large; /* a limit was reached, which is why collecting has ended */
} HttpCollector;

void http_collector_begin(HttpCollector *collector, const HttpRequest *request);
/* What libcurl's callbacks pass on. False: too large, end the exchange. */
bool http_collect_body(HttpCollector *collector, const char *data, size_t size);
bool http_collect_header(HttpCollector *collector, const char *data, size_t size);
/* Moves what was collected into the response; the collector is empty then. */
void http_collector_finish(HttpCollector *collector, int status, HttpResponse *response);
void http_collector_clear(HttpCollector *collector);
