/* Puts files into a folder; the contract is in inject_place.h. SPDX-License-Identifier:
 * Apache-2.0 */
#include "agent/disk/inject_place.h"

#include "common/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_NAME ".steel-inject.new"
#define UNCHANGED ((uid_t)UINT32_MAX)

struct InjectPlace {
    int fd;
};

InjectPlace *
inject_place_open(const char *folder, GError **error)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "%s: %s", folder, g_strerror(errno));
        return NULL;
    }
    InjectPlace *place = g_new(InjectPlace, 1);
    place->fd = fd;
    return place;
}

void
inject_place_close(InjectPlace *place)
{
    if (place == NULL)
        return;
    close(place->fd);
    g_free(place);
}

/* Opens a folder as the system whose root the place is would find it. */
static int
open_folder(const InjectPlace *place, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, place->fd, *path != '\0' ? path : ".", &how, sizeof how);
}

bool
inject_place_has_folder(const InjectPlace *place, const char *path)
{
    path += strspn(path, "/");
    size_t length = strcspn(path, "/");
    g_autofree char *first = g_strndup(path, length);
    int fd = path[length] == '/' ? open_folder(place, first) : -1;
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* ---- what a file says ---- */

/* "0644", "644" or 420; `otherwise` without. False: it is none. */
static bool
mode_of(const json_t *value, mode_t otherwise, mode_t *mode)
{
    uint64_t number = otherwise;
    bool good = value == NULL || json_is_null(value);
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        number = (uint64_t)json_integer_value(value);
        good = true;
    } else if (json_is_string(value)) {
        const char *text = json_string_value(value);
        text += g_str_has_prefix(text, "0o") ? 2 : 0;
        good = g_ascii_string_to_unsigned(text, 8, 0, 07777, &number, NULL);
    }
    *mode = (mode_t)number;
    return good && number <= 07777;
}

static bool
id_of(const json_t *value, uid_t *id)
{
    *id = UNCHANGED;
    if (value == NULL || json_is_null(value))
        return true;
    *id = (uid_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) < UINT32_MAX;
}

static bool
is_path(const char *path)
{
    return path != NULL && path[0] == '/' && !g_str_has_suffix(path, "/") && strlen(path) < 4096 &&
           strstr(path, "/../") == NULL && !g_str_has_suffix(path, "/..") &&
           strchr(path, '\n') == NULL;
}

static bool
is_partition(const json_t *value)
{
    return value == NULL || json_is_integer(value) || json_is_string(value);
}

static bool
is_known(const char *key)
{
    static const char *const keys[] = {"path",    "partition", "content", "deleted", "mode",
                                       "dirmode", "owner",     "group",   NULL};
    return g_strv_contains(keys, key);
}

static bool
wrong(GError **error, const char *what)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "a file of inject_files: %s", what);
}

bool
inject_check(const json_t *file, GError **error)
{
    const char *key;
    json_t *value;
    mode_t mode;
    uid_t id;
    if (!json_is_object(file))
        return wrong(error, "it is no object");
    json_object_foreach((json_t *)(uintptr_t)file, key, value) if (
        !is_known(key)) return steel_fail(error, STEEL_ERROR_INVALID,
                                          "a file of inject_files: there is no key '%.80s'", key);
    const json_t *content = json_object_get(file, "content");
    if (!is_path(json_string_member(file, "path")))
        return wrong(error, "path must be an absolute path without '..'");
    if (!is_partition(json_object_get(file, "partition")))
        return wrong(error, "partition must be a number or a name");
    if (content != NULL &&
        (!json_is_string(content) || json_string_length(content) > INJECT_CONTENT_LIMIT))
        return wrong(error, "content must be base64 of at most 8 MiB, or a URL");
    if (!mode_of(json_object_get(file, "mode"), 0, &mode) ||
        !mode_of(json_object_get(file, "dirmode"), 0, &mode))
        return wrong(error,
                     "mode and dirmode must be permissions, as a number or in octal as text");
    if (!id_of(json_object_get(file, "owner"), &id) || !id_of(json_object_get(file, "group"), &id))
        return wrong(error, "owner and group must be numbers");
    return true;
}

/* ---- the work ---- */

/* Opens the folder of a path; makes what is missing of it. */
static int
make_folder(const InjectPlace *place, const char *path, mode_t mode)
{
    g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
    int fd = open_folder(place, path);
    if (fd >= 0 || errno != ENOENT || strcmp(path, parent) == 0)
        return fd;
    int above = make_folder(place, parent, mode);
    if (above < 0)
        return -1;
    if (mkdirat(above, name, mode) == 0 || errno == EEXIST)
        fd = open_folder(place, path);
    int code = errno;
    close(above);
    errno = code;
    return fd;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t put = write(fd, bytes + at, size - at);
        if (put <= 0)
            return false;
        at += (size_t)put;
    }
    return true;
}

static bool
failed(const json_t *file, GError **error)
{
    return steel_fail(error, STEEL_ERROR_IO, "%.200s: %s", json_string_member(file, "path"),
                      g_strerror(errno));
}

/* An InjectWrite of what the file says itself. */
static bool
inject_own_content(void *user, int fd, GError **error)
{
    gsize size = 0;
    const json_t *file = user;
    const char *content = json_string_member(file, "content");
    g_autofree guchar *bytes =
        content != NULL && *content != '\0' ? g_base64_decode(content, &size) : NULL;
    return write_all(fd, bytes, size) || failed(file, error);
}

/* Gives the new file its owner and permissions, and then its name. */
static bool
finish_file(int folder, int fd, const char *name, const json_t *file)
{
    mode_t mode;
    uid_t owner, group;
    mode_of(json_object_get(file, "mode"), 0644, &mode);
    id_of(json_object_get(file, "owner"), &owner);
    id_of(json_object_get(file, "group"), &group);
    return fchown(fd, owner, group) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
           renameat(folder, NEW_NAME, folder, name) == 0;
}

/* Under a new name first, so that nobody finds half of it. */
static bool
write_file(int folder, const char *name, const json_t *file, InjectWrite bring, void *user,
           GError **error)
{
    int fd = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(file, error);
    bool good =
        bring(user, fd, error) && (finish_file(folder, fd, name, file) || failed(file, error));
    close(fd);
    if (!good)
        unlinkat(folder, NEW_NAME, 0);
    return good;
}

static bool
delete_file(const InjectPlace *place, const char *parent, const char *name)
{
    int folder = open_folder(place, parent);
    bool good = folder < 0 ? errno == ENOENT : unlinkat(folder, name, 0) == 0 || errno == ENOENT;
    int code = errno;
    if (folder >= 0)
        close(folder);
    errno = code;
    return good;
}

bool
inject_place_put(const InjectPlace *place, const json_t *file, InjectWrite bring, void *user,
                 GError **error)
{
    const char *path = json_string_member(file, "path");
    g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
    mode_t mode;
    mode_of(json_object_get(file, "dirmode"), 0755, &mode);
    if (json_is_true(json_object_get(file, "deleted")))
        return delete_file(place, parent, name) || failed(file, error);
    int folder = make_folder(place, parent, mode);
    if (folder < 0)
        return failed(file, error);
    bool good = bring != NULL ? write_file(folder, name, file, bring, user, error)
                              : write_file(folder, name, file, inject_own_content,
                                           (json_t *)(uintptr_t)file, error);
    close(folder);
    return good;
}
