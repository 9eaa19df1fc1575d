/* Debian's kernel package; the contract is in kernel_package.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/kernel_package.h"

#include "common/error.h"
#include "common/process.h"
#include "ramdisk/program_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CLOUD "-cloud-"

char *
kernel_package_parse_depends(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char *text = g_strstrip(*line);
        if (!g_str_has_prefix(text, "Depends: linux-image-"))
            continue;
        const char *name = text + strlen("Depends: ");
        if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.+-") == strlen(name))
            return g_strdup(name);
    }
    return NULL;
}

/* The first package of this flavour in the folder, or NULL. */
static char *
find_package(const char *folder, bool cloud)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_prefix(name, "linux-image-") && g_str_has_suffix(name, ".deb") &&
            (strstr(name, CLOUD) != NULL) == cloud)
            return g_build_filename(folder, name, NULL);
    return NULL;
}

/* Moves the complete package into the cache. */
static char *
keep_package(const char *cache_folder, const char *folder, bool cloud, GError **error)
{
    g_autofree char *from = find_package(folder, cloud);
    if (from == NULL) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "apt-get download left no package in %s", folder);
        return NULL;
    }
    g_autofree char *name = g_path_get_basename(from);
    g_autofree char *to = g_build_filename(cache_folder, name, NULL);
    if (rename(from, to) == 0)
        return g_steal_pointer(&to);
    steel_fail(error, STEEL_ERROR_IO, "cannot rename %s: %s", from, g_strerror(errno));
    return NULL;
}

static char *
ask_for_name(const char *metapackage, GError **error)
{
    const char *depends[] = {"apt-cache", "depends", metapackage, NULL};
    static const char *const plain_language[] = {"LC_ALL=C", NULL};
    ProcessSpec query = {
        .argv = depends, .environment = plain_language, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    g_auto(ProcessResult) result = {0};
    if (!process_run(&query, &result, error))
        return NULL;
    char *name = kernel_package_parse_depends(result.output);
    if (name == NULL)
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "apt knows no kernel for %s; apt-get update may help", metapackage);
    return name;
}

/* Unpacks into `folder` first, which is removed on failure: half a package must not pass for a
 * whole one later. */
static bool
download(const char *metapackage, const char *folder, KernelPackageProgress progress,
         GError **error)
{
    g_autofree char *name = ask_for_name(metapackage, error);
    if (name == NULL)
        return false;
    g_autofree char *text = g_strdup_printf("downloading %s (once)", name);
    if (progress != NULL)
        progress(text);
    const char *argv[] = {"apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name, NULL};
    ProcessSpec spec = {
        .argv = argv, .working_directory = folder, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    return process_run(&spec, NULL, error);
}

char *
kernel_package_get(const char *cache_folder, const char *metapackage, const char *folder,
                   KernelPackageProgress progress, GError **error)
{
    bool cloud = strstr(metapackage, CLOUD) != NULL;
    char *package = find_package(cache_folder, cloud);
    if (package != NULL)
        return package;
    return download(metapackage, folder, progress, error)
               ? keep_package(cache_folder, folder, cloud, error)
               : NULL;
}

bool
kernel_package_unpack(const char *package, const char *to, GError **error)
{
    const char *argv[] = {"dpkg-deb", "-x", package, to, NULL};
    ProcessSpec spec = {.argv = argv, .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    if (process_run(&spec, NULL, error))
        return true;
    unlink(package);
    return false;
}

/* Debian 13 has the files of /lib in /usr/lib. */
char *
kernel_package_modules(const char *unpacked)
{
    g_autofree char *folder = g_build_filename(unpacked, "usr", "lib", "modules", NULL);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR))
        return g_steal_pointer(&folder);
    return g_build_filename(unpacked, "lib", "modules", NULL);
}

char *
kernel_package_release(const char *unpacked, GError **error)
{
    g_autofree char *folder = kernel_package_modules(unpacked);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name = dir != NULL ? g_dir_read_name(dir) : NULL;
    if (name == NULL)
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "the kernel package has no modules");
    return g_strdup(name);
}

char *
kernel_package_image(const char *unpacked, GError **error)
{
    g_autofree char *boot = g_build_filename(unpacked, "boot", NULL);
    g_autoptr(GDir) dir = g_dir_open(boot, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_prefix(name, "vmlinuz-"))
            return g_build_filename(boot, name, NULL);
    steel_fail(error, STEEL_ERROR_NOT_FOUND, "the kernel package has no boot/vmlinuz-*");
    return NULL;
}
