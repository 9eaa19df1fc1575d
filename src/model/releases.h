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
