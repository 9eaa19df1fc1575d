/* The config drive of a deploy, as the API takes it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* The value of --config-drive. A JSON object is sent unchanged (the service builds the drive from
 * it). Of a file its text is sent (base64 of a gzipped image). A folder becomes an ISO image with
 * the label config-2, gzipped and in base64.
 *
 * Returns  an object or a string, new; NULL with INVALID (none of the three), IO or PROCESS (no
 *          genisoimage, mkisofs or xorrisofs). Blocks while the image is made. */
json_t *config_drive_value(const char *text, GError **error);
