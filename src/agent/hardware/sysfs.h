/* Small files of /sys and /proc below a root that tests choose. Any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* No more is read of a file. */
#define SYSFS_LIMIT (64u * 1024)

/* The text of root + path, without blanks around it; NULL when there is no such file, or it is
 * empty. The caller frees. */
char *sysfs_read(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The number in it; `otherwise` when there is none. */
int64_t sysfs_read_number(const char *root, int64_t otherwise, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The bytes of a file as they are, up to a limit; the caller frees. NULL: none. */
uint8_t *sysfs_read_bytes(const char *root, const char *path, size_t limit, size_t *size);

/* Names in a folder, sorted, ended by NULL; without any when there is no folder. At most 4096. */
GStrv sysfs_list(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The last part of what a link points to, or NULL. The caller frees. */
char *sysfs_link_name(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The whole text of a link, or NULL. */
char *sysfs_link(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

bool sysfs_exists(const char *root, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Writes a text to a file that is there. False: it cannot be written (errno). */
bool sysfs_write(const char *root, const char *text, const char *format, ...) G_GNUC_PRINTF(3, 4);
