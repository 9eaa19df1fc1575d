/* Microversions: what is served, what a request asks for. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#define API_VERSION_MINIMUM 1
#define API_VERSION_MAXIMUM 115
#define API_VERSION_TEXT(minor) "1." G_STRINGIFY(minor)

#define API_HEADER_VERSION "X-OpenStack-Ironic-API-Version"
#define API_HEADER_MINIMUM "X-OpenStack-Ironic-API-Minimum-Version"
#define API_HEADER_MAXIMUM "X-OpenStack-Ironic-API-Maximum-Version"

/* A release with this version sends the request's id under its second name as well. */
#define REQUEST_ID_HEADER_SINCE 107

/* The newest version of a release of Ironic, for [DEFAULT]pin_release_version; no more than
 * API_VERSION_MAXIMUM, which is also the answer for NULL and for an unknown release. */
unsigned api_version_of_release(const char *release);

/* Reads the version that a request asks for.
 *
 * newest    the newest version that is served
 * legacy    value of X-OpenStack-Ironic-API-Version, or NULL
 * standard  value of OpenStack-API-Version ("baremetal 1.82, compute 2.1"), or NULL; wins when it
 *           names baremetal
 * minor     out: 82 for "1.82", `newest` for "latest", 1 when nothing is asked
 * Errors    NOT_ACCEPTABLE naming the served range (malformed, other major version, out of
 *           range) */
bool api_version_negotiate(unsigned newest, const char *legacy, const char *standard,
                           unsigned *minor, GError **error);

/* The versions in which a port's local_link_connection may name switches of OVN's gateway. */
enum { VTEP_SINCE = 90, VTEP_UNTIL = 104 };

static inline bool
version_has_vtep(unsigned minor)
{
    return minor >= VTEP_SINCE && minor <= VTEP_UNTIL;
}

/* From this version on ".json" at the end of a path is part of a name. */
enum { VERSION_NO_SUFFIX = 91 };

/* "1.82" of 82; static for all served versions. */
const char *api_version_text(unsigned minor);
