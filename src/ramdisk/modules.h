/* Kernel modules and their dependencies in loading order, for an initramfs without modprobe and
 * depmod.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* Finds modules below a folder.
 *
 * folder   holds *.ko or *.ko.xz at any depth, e.g. <unpacked package>/lib/modules (Debian 13
 *          compresses them); those that are needed are made plain there
 * names    NULL-ended; '-' and '_' are the same; one with '?' at its end is left out where the
 *          kernel has none
 * Returns  an array of paths of plain modules (owned strings), each after those it depends on; NULL
 *          on failure
 * Errors   NOT_FOUND (a module is neither in the folder nor built in), INVALID (one is damaged),
 *          IO, and those of process_run (busybox makes them plain)
 */
GPtrArray *modules_resolve(const char *folder, const char *const *names,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The name of a module from its path, with '_': a new string. */
char *modules_name(const char *path);

/* The values of a key in the .modinfo of a module, NULL-ended; the caller frees it. Pure. */
char **modules_values(const char *contents, size_t size, const char *key);

/* The value of "depends=" in the .modinfo of a module: names, NULL-ended, possibly empty; the
 * caller frees it. */
char **modules_depends(const char *contents, size_t size);
