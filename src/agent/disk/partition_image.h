/* Writes images of one filesystem: the agent makes the partition table itself.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/disk/table.h"
#include "agent/progress.h"

/* True if image_info says preserve_ephemeral: the existing partitions stay. */
bool partition_image_keeps_table(const ImageInfo *info);

/* Makes the partitions that image_info asks for, in Ironic's order: EFI system partition (UEFI) or
 * BIOS boot (BIOS and GPT), ephemeral, swap, config drive, root. Writes the image to the root
 * partition and makes filesystems in the others. With preserve_ephemeral the existing table stays.
 * Blocks until all is written.
 *
 * path    the disk, a device or a file
 * drive   the config drive's contents, or NULL
 * Returns {"partitions": {name: device}, "root uuid", "efi system partition uuid": str | null,
 * "PReP Boot partition uuid": null}
 * Errors  IMAGE_WRITE, INVALID_PARAMS (root_mb is missing or too small), those of
 *         image_flow_write */
json_t *partition_image_write(Agent *agent, const ImageInfo *info, const char *path,
                              const GByteArray *drive, Progress *progress, GError **error);

/* The same in two parts, for an image that somebody else writes between them: all but the root
 * partition, and what is told of it. root: out, where the image belongs. */
bool partition_image_begin(Agent *agent, const ImageInfo *info, const char *path,
                           const GByteArray *drive, Partition *root, Progress *progress,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *partition_image_describe(const Agent *agent, const ImageInfo *info, const char *path,
                                 const GByteArray *drive, GError **error);
