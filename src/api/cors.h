/* Pages of other sites that call the API from a browser (Fetch Standard, 3.2): which may, by
 * [cors]allowed_origin.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

/* Receives one header of the answer; name and value are borrowed for the call. */
typedef void (*CorsHeader)(void *carrier, const char *name, const char *value);

/* Adds what the answer must say for the browser to hand it to the page, also to a preflight
 * request; nothing for requests without Origin and for origins that are not allowed. Any thread. */
void cors_add_headers(const Request *request, CorsHeader add, void *carrier);

/* True when [cors]allowed_origin lists this origin, or all. */
bool cors_origin_allowed(const Config *config, const char *origin);
