/* Debian's kernel, taken out of its package without being installed: for machines that boot what
 * this program builds.
 *
 * Blocks for seconds, for minutes when it downloads; one thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>

/* Called with a line for the user before something that takes a while; may be NULL. */
typedef void (*KernelPackageProgress)(const char *text);

/* The package that a metapackage depends on, in the output of `apt-cache depends <metapackage>`: a
 * new string or NULL. */
char *kernel_package_parse_depends(const char *output);

/* The path of the kernel's package in the cache, downloaded by apt when there is none; the caller
 * frees.
 *
 * metapackage  "linux-image-cloud-amd64" or "linux-image-amd64"
 * folder       for files on the way; the caller removes it
 * Errors       PROCESS, TIMEOUT, IO, NOT_FOUND (apt knows no such kernel) */
char *kernel_package_get(const char *cache_folder, const char *metapackage, const char *folder,
                         KernelPackageProgress progress, GError **error);

/* Unpacks it. A package that cannot be unpacked is removed: the next build downloads it again.
 * Errors: PROCESS, TIMEOUT. */
bool kernel_package_unpack(const char *package, const char *to,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The folder of the modules in what was unpacked: <folder>/usr/lib/modules or <folder>/lib/modules.
 * The caller frees. */
char *kernel_package_modules(const char *unpacked);

/* The kernel's release, "6.1.0-25-amd64"; the caller frees. NOT_FOUND. */
char *kernel_package_release(const char *unpacked, GError **error);

/* The kernel itself, boot/vmlinuz-*; the caller frees. NOT_FOUND. */
char *kernel_package_image(const char *unpacked, GError **error);
