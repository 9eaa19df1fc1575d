/* Replaces files; the contract is in replace_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t size = write(fd, text, left);
        if (size < 0 && errno != EINTR)
            return false;
        text += MAX(size, 0);
        left -= (size_t)MAX(size, 0);
    }
    return true;
}

static bool
fail(const char *path, GError **error)
{
    return steel_fail(error, STEEL_ERROR_IO, "the file %s cannot be written: %s", path,
                      g_strerror(errno));
}

bool
replace_file(const char *folder, const char *name, const char *text, mode_t mode, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s", folder, name),
                    *beside = g_strdup_printf("%s/.%s", folder, name);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return fail(path, error);
    bool good = fchmod(fd, mode) == 0 && write_all(fd, text);
    good = close(fd) == 0 && good && rename(beside, path) == 0;
    if (good)
        return true;
    fail(path, error);
    (void)unlink(beside);
    return false;
}
