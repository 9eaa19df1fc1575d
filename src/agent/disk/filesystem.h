/* What lies on a disk or a part of it, by libblkid; and wiping its signs. SPDX-License-Identifier:
 * Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct Filesystem {
    char type[32];   /* "ext4"; "" where there is none */
    char label[256]; /* "" where there is none */
    char uuid[64];
} Filesystem;

/* Looks at a part of a disk or file; size 0: all from offset on. Errors: IO. */
bool filesystem_read(const char *path, uint64_t offset, uint64_t size, Filesystem *out,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes the signs of filesystems, RAID members, LVM and partition tables away, wherever they are:
 * the first and last MiB, and each place that libblkid knows. Partitions first. Errors: IO. */
bool filesystem_wipe(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
