/* Releases of Ironic, by which operators say how new the service shall look. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* The newest version of the API in a release, "21.4" or "2023.1": 82 for 1.82. G_MAXUINT for NULL
 * and for an unknown release. */
unsigned release_api_version(const char *release);
