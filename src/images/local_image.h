/* Reads the format and the checksum of an image on the local disk. Blocks on the disk; any thread
 * but those of the API.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

/* "qcow2", "vmdk", "vhdx", "vdi", "iso" or, for anything else, "raw"; static. Reads the first bytes
 * only. Errors: IO. */
bool local_image_format(const char *path, const char **format,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "gzip", "xz" or "zstd" for what is compressed, else NULL; static. Errors: IO. */
bool local_image_packing(const char *path, const char **how,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Its checksum; the caller frees. Errors: IO, INVALID (unknown algorithm). */
bool local_image_digest(const char *path, const char *algorithm, char **digest,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
