/* Checks that all programs and files of a lab exist before it starts, and names the packages of all
 * missing ones together.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"

/* Errors: NOT_FOUND (what is missing, and the apt-get line that installs it), FORBIDDEN (--bridge
 * or --nfs without root), IO (a port is taken). */
bool preflight(const LabOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum { PREFLIGHT_PLACES = 2 };

/* Whether a program or file is there. The places where it may be are tried in turn, up to the first
 * NULL: names of programs, and paths of files. */
bool preflight_is_there(const char *const places[PREFLIGHT_PLACES]);
