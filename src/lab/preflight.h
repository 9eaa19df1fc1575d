/* Looks for the programs and files a lab needs before anything is started, and names the packages of all that are missing
 * at once.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"

/* Errors: NOT_FOUND (what is missing, and the apt-get line that brings it), FORBIDDEN (--bridge without root), IO (a port
 * is taken). */
bool preflight(const LabOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

enum { PREFLIGHT_PLACES = 2 };

/* Whether a program or file is there. The places where it may be are tried in turn, up to the first NULL: names of
 * programs, and paths of files. */
bool preflight_is_there(const char *const places[PREFLIGHT_PLACES]);
