/* Boot loaders for machines; the contract is in loader_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/loader_files.h"

#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define OPTION_NAME "[pxe]loader_file_paths"

/* Below the roots, and nowhere else. */
static bool
check_destination(const char *to, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(to, "/", -1);
    bool good = *to != '\0' && *to != '/' && !g_str_has_suffix(to, "/");
    for (char **part = parts; *part != NULL; part++)
        good = good && **part != '\0' && strcmp(*part, "..") != 0 && strcmp(*part, ".") != 0;
    return good || steel_fail(error, STEEL_ERROR_CONFIG,
                              OPTION_NAME ": '%.200s' is no relative path below the root", to);
}

static bool
read_loader(const char *from, char **bytes, gsize *size, GError **error)
{
    struct stat status;
    g_autoptr(GError) cause = NULL;
    if (stat(from, &status) != 0 || !S_ISREG(status.st_mode))
        return steel_fail(error, STEEL_ERROR_IO, OPTION_NAME ": %.200s is no file: %s", from,
                          g_strerror(errno));
    if (status.st_size > LOADER_FILE_LIMIT)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          OPTION_NAME ": %.200s has more than 64 MiB: is it a boot loader?", from);
    return g_file_get_contents(from, bytes, size, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, OPTION_NAME ": %s", cause->message);
}

static mode_t
permissions(const Config *config, ConfigOption option, mode_t standard)
{
    int64_t value = config_integer(config, option);
    return value > 0 ? (mode_t)value : standard;
}

static bool
write_loader(const Config *config, const char *root, const char *to, const char *bytes, gsize size,
             GError **error)
{
    g_autofree char *path = g_build_filename(root, to, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) cause = NULL;
    mode_t folders = permissions(config, OPT_PXE_DIR_PERMISSION, 0755),
           files = permissions(config, OPT_PXE_FILE_PERMISSION, 0644);
    if (g_mkdir_with_parents(folder, (int)folders) != 0)
        return steel_fail(error, STEEL_ERROR_IO, OPTION_NAME ": %s cannot be made: %s", folder,
                          g_strerror(errno));
    if (!g_file_set_contents_full(path, bytes, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT,
                                  (int)files, &cause))
        return steel_fail(error, STEEL_ERROR_IO, OPTION_NAME ": %s", cause->message);
    return chmod(path, files) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, OPTION_NAME ": %s: %s", path, g_strerror(errno));
}

static bool
place(const Config *config, const char *to, const char *from, GError **error)
{
    const char *const roots[] = {config_string(config, OPT_PXE_TFTP_ROOT),
                                 config_string(config, OPT_DEPLOY_HTTP_ROOT)};
    g_autofree char *bytes = NULL;
    gsize size = 0;
    if (!check_destination(to, error) || !read_loader(from, &bytes, &size, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
        if (roots[i] != NULL && *roots[i] != '\0' &&
            !write_loader(config, roots[i], to, bytes, size, error))
            return false;
    log_info("drivers.boot", "%s is copied from %s", to, from);
    return true;
}

bool
loader_files_place(const Config *config, GError **error)
{
    const char *const *rows = config_list(config, OPT_PXE_LOADER_FILE_PATHS);
    for (; rows != NULL && *rows != NULL; rows++) {
        g_auto(GStrv) pair = g_strsplit(*rows, ":", 2);
        if (!place(config, pair[0], pair[1], error))
            return false;
    }
    return true;
}
