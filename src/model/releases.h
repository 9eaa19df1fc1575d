/* Releases of Ironic, by which operators say how new the service shall look. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"

/* The newest version of the API in a release, "21.4" or "2023.1": 82 for 1.82. G_MAXUINT for NULL
 * and for an unknown release. */
unsigned release_api_version(const char *release);

/* The same of the release that [DEFAULT]pin_release_version names; G_MAXUINT: none. What the
 * service does where an option is unset may depend on it. */
unsigned release_pinned_version(const Config *config);

/* What Ironic does since a release: the newest version of the API in the first one that does it.
 * Compare it with release_pinned_version. */
typedef enum ReleaseChange {
    RELEASE_LEASES_NODES = 93,     /* 26.1: a deploy leases its node, by what instance_info says */
    RELEASE_RECORDS_STEPS = 99,    /* 31.0: the history has the begin and end of steps */
    RELEASE_LETS_VOLUMES_GO = 112, /* 37.0: volumes of a node that could be deleted may be too */
} ReleaseChange;
