/* The settings of a request on a libcurl handle, for code that reads an answer piece by piece. All
 * other code calls http_request.
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
