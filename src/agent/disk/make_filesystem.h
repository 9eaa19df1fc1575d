/* Makes filesystems and swap in a partition. Blocks on the disk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

/* Makes a filesystem with mkfs.<format>, a program of the ramdisk. format: "vfat", "ext2", "ext3"
 * or "ext4". label: NULL for none. Errors: INVALID (another format), PROCESS. */
bool make_filesystem(const char *disk, const Partition *partition, const char *format,
                     const char *label, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes swap space. label: NULL for none. Errors: IO. */
bool make_swap(const char *disk, const Partition *partition, const char *label,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
