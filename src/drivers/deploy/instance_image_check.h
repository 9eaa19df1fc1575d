/* The checksum that an operator has given of an image.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Checks a copy of the image against instance_info: image_os_hash_value, else image_checksum, which
 * may be the URL of a file of checksums. An image of a file:// URL needs none. From a worker;
 * blocks on the disk, and on the server of that file for a minute at most.
 *
 * sha256  of the copy
 * Errors  DEPLOY_FAILED (another checksum); NOT_FOUND (the file does not list the image); INVALID
 *         (no checksum, or MD5 where it is not allowed); those of image_copies_text, and IO */
bool instance_image_check(const Task *task, const char *path, const char *sha256, GError **error);
