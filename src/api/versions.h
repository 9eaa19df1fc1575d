/* Microversions: what is served, what a request asks for. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#define API_VERSION_MINIMUM 1
#define API_VERSION_MAXIMUM 82
#define API_VERSION_TEXT(minor) "1." G_STRINGIFY(minor)

#define API_HEADER_VERSION "X-OpenStack-Ironic-API-Version"
#define API_HEADER_MINIMUM "X-OpenStack-Ironic-API-Minimum-Version"
#define API_HEADER_MAXIMUM "X-OpenStack-Ironic-API-Maximum-Version"

/* Reads the version that a request asks for.
 *
 * legacy    value of X-OpenStack-Ironic-API-Version, or NULL
 * standard  value of OpenStack-API-Version ("baremetal 1.82, compute 2.1"), or NULL; wins when it
 *           names baremetal
 * minor     out: 82 for "1.82" and for "latest", 1 when nothing is asked
 * Errors    NOT_ACCEPTABLE naming the served range (malformed, other major version, out of
 *           range) */
bool api_version_negotiate(const char *legacy, const char *standard, unsigned *minor,
                           GError **error);

/* "1.82" of 82; static for all served versions. */
const char *api_version_text(unsigned minor);
