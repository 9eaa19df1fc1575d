/* Writes the config drive: a small filesystem with the instance's metadata, in a partition labelled
 * config-2.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/image_info.h"
#include "agent/disk/table.h"

#include "agent/agent.h"

#define CONFIG_DRIVE_LIMIT (UINT64_C(64) << 20)
#define CONFIG_DRIVE_LABEL "config-2"

/* Returns the config drive's filesystem; the caller frees it. Blocks on a download. given: base64
 * of the gzipped filesystem, or the URL of such a text or of the filesystem itself. info: the
 * image's, whose download settings apply. Errors: INVALID (not base64, damaged, larger than 64
 * MiB), IMAGE_DOWNLOAD. */
GByteArray *config_drive_read(Agent *agent, const ImageInfo *info, const char *given,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes it to a disk: into the partition labelled config-2 if there is one, else into a new
 * partition at the end of the disk. Blocks on the disk.
 * Errors: STORAGE, IO. */
bool config_drive_write(const char *disk, const GByteArray *contents,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes it into this partition of a disk. Errors: STORAGE (no room), IO. Blocks on the disk. */
bool config_drive_write_at(const char *disk, const Partition *partition, const GByteArray *contents,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Unpacks base64 and gzip; pure. Errors: INVALID. */
GByteArray *config_drive_decode(const char *text, size_t size, GError **error);
