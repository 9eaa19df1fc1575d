/* Looks for the programs and files a lab needs before anything is started, and names the packages of all that are missing
 * at once.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/options.h"

/* Errors: NOT_FOUND (what is missing, and the apt-get line that brings it), FORBIDDEN (--bridge without root), IO (a port
 * is taken). */
bool preflight(const LabOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
