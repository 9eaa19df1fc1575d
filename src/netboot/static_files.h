/* Files below one directory, opened so that no path leads out of it, for the boot server.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stdint.h>

typedef struct StaticFile {
    int fd; /* owned */
    uint64_t size;
    int64_t modified_s; /* seconds since 1970 */
} StaticFile;

/* Opens the directory; the caller closes it. IO naming the path and the reason. -1 on failure. */
int static_root_open(const char *path, GError **error);

/* Opens a regular file below the directory for reading.
 *
 * root     from static_root_open
 * path     percent-decoded, starts with "/"; "." and ".." are refused, even if they would stay
 *          inside
 * Errors   NOT_FOUND: no such file, a directory, a device, a link that leads out; IO: anything
 *          else */
bool static_file_open(int root, const char *path, StaticFile *file, GError **error);

/* The same where the kernel has no openat2(2) or forbids it: refuses every symbolic link. For
 * static_file_open and its tests. Returns the descriptor, or -1 with errno set. `relative` has no
 * leading slash. */
int static_file_walk(int root, const char *relative);

/* The media type for a file name, by its ending; application/octet-stream for others. Static. */
const char *static_file_type(const char *path);
