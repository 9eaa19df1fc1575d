/* Where a redirect leads, if it may be followed. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* "https://host:port" of a URL in lower case, with the scheme's port where none is named; the
 * caller frees. NULL: not an http or https URL with a host. */
char *http_url_authority(const char *url);

/* True if a redirect with this status keeps method and body: 307 and 308 for all methods, 301, 302
 * and 303 for GET and HEAD. The others leave the answer as it is: nothing else may be sent than
 * what was asked for. */
bool http_redirect_keeps(int status, const char *method);

/* The URL that `location` means, seen from `url`; the caller frees. It must lead to the same host
 * and port, or from http to https of the same host: credentials go nowhere else.
 *
 * Errors: BMC_PROTOCOL naming the place without its query */
char *http_redirect_target(const char *url, const char *location, GError **error);
