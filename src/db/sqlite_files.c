/* The files of an embedded database: who may read them, and who works on them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/sqlite_files.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
sqlite_path(const char *address)
{
    return address + (*address == '/');
}

/* Rights that a database file must not give to group and others. */
#define LOOSE_MODE (S_IWGRP | S_IRWXO)

/* Takes these rights from an existing file. Not with a descriptor: closing it would release the
 * engine's locks (POSIX). */
static void
make_private(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || !(status.st_mode & LOOSE_MODE))
        return;
    if (chmod(path, status.st_mode & 07777 & ~(mode_t)LOOSE_MODE) == 0)
        log_warning("db",
                    "%s had mode %03o; it holds the passwords of BMCs, so others may no "
                    "longer read it",
                    path, (unsigned)status.st_mode & 0777);
    else
        log_warning("db",
                    "%s has mode %03o and holds the passwords of BMCs, but that cannot be "
                    "changed: %s",
                    path, (unsigned)status.st_mode & 0777, g_strerror(errno));
}

/* The database holds passwords of BMCs and volumes, so others may not read it. The engine's own
 * files next to it get its mode. */
void
sqlite_protect(const char *address)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    const char *path = sqlite_path(address);
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (descriptor >= 0)
        close(descriptor); /* the engine reports a file that could not be made */
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *file = g_strconcat(path, suffixes[i], NULL);
        make_private(file);
    }
}

/* The process that holds the claim, as noted in the file; 0 if unknown. */
static int
claimant(int descriptor)
{
    char text[16] = "";
    ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
    return size > 0 ? (int)g_ascii_strtoll(text, NULL, 10) : 0;
}

/* Locks a file next to the database. The kernel releases the lock when the process ends. */
void *
sqlite_claim(const char *address, const DbSettings *settings, const char *name, void *held,
             GError **error)
{
    (void)settings;
    (void)name;
    if (held != NULL)
        return held;
    g_autofree char *path = g_strconcat(sqlite_path(address), ".lock", NULL);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (descriptor < 0) {
        steel_fail(error, STEEL_ERROR_DATABASE, "%s cannot be made: %s", path, g_strerror(errno));
        return NULL;
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        steel_fail(error, STEEL_ERROR_CONFLICT,
                   "another steeld (process %d) works on this database; stop it first: %s is its "
                   "lock",
                   claimant(descriptor), path);
        close(descriptor);
        return NULL;
    }
    g_autofree char *process = g_strdup_printf("%-15d", (int)getpid());
    if (pwrite(descriptor, process, strlen(process), 0) != (ssize_t)strlen(process))
        log_warning("db", "%s cannot be written: %s", path,
                    g_strerror(errno)); /* the claim is held all the same */
    held = g_memdup2(&descriptor, sizeof descriptor);
    return held;
}

void
sqlite_unclaim(void *held)
{
    if (held != NULL)
        close(*(int *)held);
    g_free(held);
}

int64_t
sqlite_file_size(const char *address)
{
    struct stat status;
    return stat(sqlite_path(address), &status) == 0 ? (int64_t)status.st_size : 0;
}
