/* Boot loaders of this system, copied to where machines fetch them: [pxe]loader_file_paths.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/error.h"

#define LOADER_FILE_LIMIT (64u << 20)

/* Copies each file to [pxe]tftp_root and [deploy]http_root; does nothing when none is named. A copy
 * that is the same already is written again: it is whole or as it was. Blocks on the disk; the main
 * thread, at the start.
 * Errors: CONFIG (a destination that is no relative path), IO (a file, a folder), TOO_LARGE */
bool loader_files_place(const Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
