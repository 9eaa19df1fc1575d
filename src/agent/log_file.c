/* The log as a file; the contract is in log_file.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/log_file.h"

#include "common/log.h"

#include <fcntl.h>
#include <unistd.h>

static char *file_path; /* owned; set once, before other threads start */

bool
log_file_open(const char *path, GError **error)
{
    if (!log_open(path, error))
        return false;
    g_free(file_path);
    file_path = g_strdup(path);
    return true;
}

const char *
log_file_path(void)
{
    return file_path;
}

char *
log_file_read(uint64_t *offset)
{
    int fd = file_path != NULL ? open(file_path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return g_strdup("");
    char *part = g_malloc(LOG_FILE_PART + 1);
    ssize_t size = *offset <= INT64_MAX ? pread(fd, part, LOG_FILE_PART, (off_t)*offset) : 0;
    close(fd);
    part[size > 0 ? size : 0] = '\0';
    *offset += size > 0 ? (uint64_t)size : 0;
    return part;
}
