/* Makes filesystems and swap on a part of a disk. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

/* By mkfs.vfat or mkfs.<format>, which the ramdisk must have, on a part of the disk.
 * format: "vfat", "ext2", "ext3", "ext4". Errors: INVALID (another format), PROCESS. */
bool make_filesystem(const char *disk, const Partition *partition, const char *format,
                     const char *label, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: IO. */
bool make_swap(const char *disk, const Partition *partition, const char *label,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
