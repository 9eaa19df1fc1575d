/* Folders of the lab; the contract is in folder.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/folder.h"

#include "common/error.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDERS 16

char *
folder_default_state(const char *name)
{
    if (geteuid() == 0)
        return g_build_filename("/var/lib", name, NULL);
    const char *state = g_getenv("XDG_STATE_HOME");
    if (state != NULL && g_path_is_absolute(state))
        return g_build_filename(state, name, NULL);
    return g_build_filename(g_get_home_dir(), ".local", "state", name, NULL);
}

char *
folder_cache(void)
{
    const char *chosen = g_getenv("STEEL_LAB_CACHE");
    if (chosen != NULL && chosen[0] != '\0')
        return g_canonicalize_filename(chosen, NULL);
    if (geteuid() == 0)
        return g_strdup("/var/cache/steel-lab");
    return g_build_filename(g_get_user_cache_dir(), "steel-lab", NULL);
}

bool
folder_make(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0700) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make the folder %s: %s", path,
                          g_strerror(errno));
    return true;
}

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    if (remove(path) != 0 && errno != ENOENT)
        log_warning("lab.folder", "cannot remove %s: %s", path, g_strerror(errno));
    return 0;
}

void
folder_remove(const char *path)
{
    if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 &&
        errno != ENOENT)
        log_warning("lab.folder", "cannot remove %s: %s", path, g_strerror(errno));
}

int
folder_lock(const char *folder, const char *name, bool wait, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
        return -1;
    }
    while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK)
            steel_fail(error, STEEL_ERROR_LOCKED, "%s is locked by another process", path);
        else
            steel_fail(error, STEEL_ERROR_IO, "cannot lock %s: %s", path, g_strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

void
folder_remove_lock(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    unlink(path);
    rmdir(folder);
}
