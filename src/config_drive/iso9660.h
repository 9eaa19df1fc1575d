/* Writes small ISO 9660 images with a Joliet tree, which gives the names as they are: ECMA-119
 * (level 2, names of the plain tree in capitals) and Microsoft's Joliet specification. The same
 * files make the same image. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

typedef struct IsoFile {
    /* "openstack/latest/meta_data.json": no slash first, parts of 1 to 27 ASCII letters, digits and
     * "._-" */
    const char *path;
    const void *data; /* files with the same pointer and size share their place in the image */
    size_t size;
} IsoFile;

/* An image of whole sectors of 2048 bytes.
 *
 * label    1 to 16 ASCII characters
 * files    in any order; folders are made of their paths
 * limit    bytes that the image may have
 * Errors   INVALID: larger than the limit, a bad path, one path twice, or more in a folder than
 *          this writer can do (one sector of entries, about 30) */
GByteArray *iso9660_build(const char *label, const IsoFile *files, size_t count, size_t limit,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
