/* Finds filesystems on a disk or a part of it, with libblkid, and wipes their signatures. Blocks on
 * the disk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct Filesystem {
    char type[32];   /* "ext4"; "" if none */
    char label[256]; /* "" where there is none */
    char uuid[64];
} Filesystem;

/* Finds the filesystem in a part of a disk or file. offset, size: bytes; size 0: up to the end.
 * Errors: IO. */
bool filesystem_read(const char *path, uint64_t offset, uint64_t size, Filesystem *out,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Wipes the signatures of filesystems, RAID members, LVM and partition tables: the first and last
 * MiB, and each place that libblkid knows. Wipes the partitions first, then the disk. Errors:
 * IO. */
bool filesystem_wipe(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
