/* Files below one directory; the contract is in static_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/static_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A pipe or a device must not hold up the caller, and opening must not wake a device. */
#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

typedef struct MediaType {
    const char *ending;
    const char *type;
} MediaType;

static const MediaType media_types[] = {
    {".ipxe",     "text/plain; charset=utf-8"},
    {".txt",      "text/plain; charset=utf-8"},
    {".json",     "application/json"},
    {".iso",      "application/x-iso9660-image"},
    {".gz",       "application/gzip"},
    {".efi",      "application/efi"},
    {".sha256",   "text/plain; charset=utf-8"},
    {".checksum", "text/plain; charset=utf-8"},
};

int
static_root_open(const char *path, GError **error)
{
    int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        steel_fail(error, STEEL_ERROR_IO, "cannot open the directory %s: %s", path,
                   g_strerror(errno));
    return root;
}

int
static_file_walk(int root, const char *relative)
{
    g_auto(GStrv) names = g_strsplit(relative, "/", -1);
    int directory = dup(root);
    for (size_t i = 0; names[i] != NULL && directory >= 0; i++) {
        bool last = names[i + 1] == NULL;
        int flags = last ? FILE_FLAGS : O_PATH | O_DIRECTORY | O_CLOEXEC;
        int next = openat(directory, names[i], flags | O_NOFOLLOW);
        int reason = errno;
        close(directory);
        errno = reason;
        directory = next;
    }
    return directory;
}

static int
open_beneath(int root, const char *relative)
{
    struct open_how how = {
        .flags = FILE_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root, relative, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return static_file_walk(root, relative);
    return (int)fd;
}

/* Every part of the path is a plain name. */
static bool
path_plain(const char *path)
{
    if (path[0] != '/' || strlen(path) >= 4096)
        return false;
    g_auto(GStrv) names = g_strsplit(path + 1, "/", -1);
    for (size_t i = 0; names[i] != NULL; i++)
        if (names[i][0] == '\0' || strcmp(names[i], ".") == 0 || strcmp(names[i], "..") == 0)
            return false;
    return names[0] != NULL;
}

bool
static_file_open(int root, const char *path, StaticFile *file, GError **error)
{
    if (!path_plain(path))
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "there is no such file");
    int fd = open_beneath(root, path + 1);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR || errno == EXDEV || errno == ELOOP ||
                      errno == EACCES || errno == ENAMETOOLONG || errno == ENXIO;
        return steel_fail(error, absent ? STEEL_ERROR_NOT_FOUND : STEEL_ERROR_IO, "%s",
                          absent ? "there is no such file" : g_strerror(errno));
    }
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "there is no such file");
    }
    *file = (StaticFile){
        .fd = fd, .size = (uint64_t)status.st_size, .modified_s = status.st_mtim.tv_sec};
    return true;
}

const char *
static_file_type(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(media_types); i++)
        if (g_str_has_suffix(path, media_types[i].ending))
            return media_types[i].type;
    return "application/octet-stream";
}
