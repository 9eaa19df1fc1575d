/* The config drive of a deploy, as the API takes it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* What --config-drive means: a JSON object is sent as it is (the service builds the drive from it), a file's text is sent
 * (base64 of a gzipped image), a folder becomes an ISO image with the label config-2, gzipped and in base64.
 *
 * Returns  an object or a string, new; NULL with INVALID (neither of the three), IO or PROCESS (no genisoimage, mkisofs
 *          or xorrisofs). Blocks while the image is made. */
json_t *config_drive_value(const char *text, GError **error);
