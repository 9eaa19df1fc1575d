/* Firmware files for BMCs: checked, and published where the BMC can fetch them.
 *
 * From a worker with the node locked; blocks on networks and disks, an hour for a file at most.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Fetches the file of a URL (file, http, https), checks it, and publishes it on this conductor's
 * file server for as long as the node needs it.
 *
 * checksum  hexadecimal digits of MD5, SHA-1, SHA-256 or SHA-512, told by their number; NULL: it is
 *           not checked
 * Returns   the URL for the BMC; the caller frees
 * Errors    INVALID (URL, checksum), IO, HTTP, TIMEOUT; those of media_publish */
char *firmware_image_publish(const Task *task, const char *url, const char *checksum,
                             GError **error);

/* Removes what was published for the node; what cannot be removed is logged, and goes later. */
void firmware_images_release(const Task *task);
