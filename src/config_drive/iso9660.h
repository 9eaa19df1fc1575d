/* Writes small ISO 9660 images with a Joliet tree, which keeps the names unchanged. Sources:
 * ECMA-119 (level 2, names of the plain tree in capitals) and Microsoft's Joliet specification. The
 * same files make the same image. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>

typedef struct IsoFile {
    /* "openstack/latest/meta_data.json": no leading slash, parts of 1 to 27 ASCII letters, digits
     * and "._-" */
    const char *path;
    const void *data; /* files with the same pointer and size share their place in the image */
    size_t size;
} IsoFile;

/* Builds an image of whole sectors of 2048 bytes; the caller frees it.
 *
 * label    1 to 16 ASCII characters
 * files    in any order; the folders follow from their paths
 * limit    maximum size of the image in bytes
 * Errors   INVALID: larger than the limit, a bad path, a path given twice, or a folder with more
 *          entries than fit one sector (about 30) */
GByteArray *iso9660_build(const char *label, const IsoFile *files, size_t count, size_t limit,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
