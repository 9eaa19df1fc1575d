/* Reads small files of /sys and /proc below `root`, which is "" outside tests. Any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes read from one file at most. */
#define SYSFS_LIMIT (64u * 1024)

/* The text of the file root + path, without blanks around it; NULL if the file is absent or empty.
 * The caller frees. */
char *sysfs_read(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The number in the file; `otherwise` if there is none. */
int64_t sysfs_read_number(const char *root, int64_t otherwise, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The bytes of a file, at most `limit`; the caller frees. size: out. NULL if the file is absent. */
uint8_t *sysfs_read_bytes(const char *root, const char *path, size_t limit, size_t *size);

/* The names in a folder, sorted, at most 4096; NULL ends the list. An absent folder has no names.
 * The caller frees. */
GStrv sysfs_list(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The last part of a symbolic link's target, or NULL if absent. The caller frees. */
char *sysfs_link_name(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The target of a symbolic link, or NULL if absent. The caller frees. */
char *sysfs_link(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

bool sysfs_exists(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Writes a text to an existing file. Returns false and sets errno if it cannot. */
bool sysfs_write(const char *root, const char *text, const char *format, ...) G_GNUC_PRINTF(3, 4);
