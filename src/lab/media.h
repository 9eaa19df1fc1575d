/* Images of virtual media, fetched from where a BMC was told.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/redfish/bmc.h"

/* Writes an image to a new file. On failure there is no file.
 *
 * limit    bytes
 * Errors   HTTP (unreachable, another status than 200), TIMEOUT, TOO_LARGE, IO
 * Threads  any; blocks, ten minutes at most */
bool media_fetch(const RedfishMedium *medium, const char *path, uint64_t limit,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
