/* Replaces small files that other programs read meanwhile: dnsmasq, a TFTP server.
 *
 * Any thread; blocks on the disk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <sys/types.h>

/* Writes a text under a name that begins with a dot and renames it, so that nobody reads an
 * incomplete file. Follows no link at that name.
 *
 * folder  exists
 * name    without a slash
 * mode    of the file, whatever the umask is
 * Errors  IO naming the file */
bool replace_file(const char *folder, const char *name, const char *text, mode_t mode,
                  GError **error);
