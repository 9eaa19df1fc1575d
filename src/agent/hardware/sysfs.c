/* Small files of /sys and /proc; the contract is in sysfs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define NAMES_LIMIT 4096u

static char *path_of(const char *root, const char *format, va_list arguments) G_GNUC_PRINTF(2, 0);

static char *
path_of(const char *root, const char *format, va_list arguments)
{
    g_autofree char *path = g_strdup_vprintf(format, arguments);
    return g_strconcat(root, path, NULL);
}

#define PATH_OF(path, root, format)                                                                \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    g_autofree char *path = path_of(root, format, arguments);                                      \
    va_end(arguments)

/* Reads to the end of the file or up to the limit: a file of sysfs has no size. */
static uint8_t *
read_bytes(const char *path, size_t limit, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    uint8_t *bytes = g_malloc(limit + 1);
    ssize_t got = 1;
    *size = 0;
    while (got > 0 && *size < limit) {
        got = read(fd, bytes + *size, limit - *size);
        *size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    bytes[*size] = '\0';
    return bytes;
}

char *
sysfs_read(const char *root, const char *format, ...)
{
    size_t size;
    PATH_OF(path, root, format);
    char *text = (char *)read_bytes(path, SYSFS_LIMIT, &size);
    if (text == NULL)
        return NULL;
    g_strstrip(text);
    if (*text != '\0' && g_utf8_validate(text, -1, NULL))
        return text;
    char *valid = *text != '\0' ? g_utf8_make_valid(text, -1) : NULL;
    g_free(text);
    return valid;
}

int64_t
sysfs_read_number(const char *root, int64_t otherwise, const char *format, ...)
{
    PATH_OF(path, root, format);
    g_autofree char *text = sysfs_read("", "%s", path);
    char *end = NULL;
    errno = 0;
    int64_t number = text != NULL ? g_ascii_strtoll(text, &end, 0) : 0;
    return text != NULL && end != text && errno == 0 ? number : otherwise;
}

uint8_t *
sysfs_read_bytes(const char *root, const char *path, size_t limit, size_t *size)
{
    g_autofree char *whole = g_strconcat(root, path, NULL);
    return read_bytes(whole, limit, size);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GStrv
sysfs_list(const char *root, const char *format, ...)
{
    PATH_OF(path, root, format);
    GPtrArray *names = g_ptr_array_new();
    GDir *folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder != NULL && names->len < NAMES_LIMIT && (name = g_dir_read_name(folder)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    if (folder != NULL)
        g_dir_close(folder);
    if (names->len > 0)
        qsort(names->pdata, names->len, sizeof(void *), compare_names);
    g_ptr_array_add(names, NULL);
    return (GStrv)g_ptr_array_free(names, FALSE);
}

char *
sysfs_link(const char *root, const char *format, ...)
{
    PATH_OF(path, root, format);
    return g_file_read_link(path, NULL);
}

char *
sysfs_link_name(const char *root, const char *format, ...)
{
    PATH_OF(path, root, format);
    g_autofree char *target = g_file_read_link(path, NULL);
    return target != NULL ? g_path_get_basename(target) : NULL;
}

bool
sysfs_exists(const char *root, const char *format, ...)
{
    PATH_OF(path, root, format);
    return access(path, F_OK) == 0;
}

bool
sysfs_write(const char *root, const char *text, const char *format, ...)
{
    PATH_OF(path, root, format);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t length = strlen(text);
    bool good = write(fd, text, length) == (ssize_t)length;
    int code = errno;
    close(fd);
    errno = code;
    return good;
}
