/* The config drive: a small filesystem with what the instance is to know, in a partition labelled
 * config-2.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/image_info.h"
#include "agent/disk/table.h"

#include "agent/agent.h"

#define CONFIG_DRIVE_LIMIT (UINT64_C(64) << 20)
#define CONFIG_DRIVE_LABEL "config-2"

/* Its contents from what the service gave: base64 of a gzipped filesystem, or the URL of such a
 * text or of the filesystem itself. The caller frees. Errors: INVALID (no base64, damaged, larger
 * than 64 MiB), IMAGE_DOWNLOAD. */
GByteArray *config_drive_read(Agent *agent, const ImageInfo *info, const char *given,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes it to a whole disk: into the partition that is labelled config-2 already, else into a new
 * one at the end of the disk.
 * Errors: STORAGE, IO. */
bool config_drive_write(const char *disk, const GByteArray *contents,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes it into this partition of a disk. */
bool config_drive_write_at(const char *disk, const Partition *partition, const GByteArray *contents,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Unpacks base64 and gzip; pure. Errors: INVALID. */
GByteArray *config_drive_decode(const char *text, size_t size, GError **error);
