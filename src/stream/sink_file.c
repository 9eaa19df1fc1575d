/* Files and block devices as sinks; the contract is in sink.h.
 *
 * Lent data goes straight to the disk if its place and size allow that. Other writes go through the
 * page cache, so that the disk always has something to do. Every few megabytes are sent to the disk
 * when they are complete; those before them are waited for and dropped from the cache. So memory
 * stays free, and little is left for the flush at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/direct_writes.h"
#include "stream/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ZERO_BLOCK = 1024 * 1024, BATCH = 16 * 1024 * 1024, SEARCH_LIMIT = 4 * BATCH };

#define NOT_TAKEN "the disk does not take what was written"

/* Bytes of the file that were written; mostly one behind the other. */
typedef struct Batch {
    uint64_t from, to; /* all lie between */
    uint64_t size;     /* 0: none */
} Batch;

typedef struct FileSink {
    int fd;
    char *path;           /* owned */
    DirectWrites *direct; /* owned; NULL: not possible */
    Batch filling, sent;  /* sent: the disk has been told to write it */
    bool no_punch, no_zero_range;
} FileSink;

/* what: what failed between these bytes; code: of errno. Names the byte if it can be found. */
static bool
fail_between(const FileSink *sink, const char *what, uint64_t from, uint64_t to, int code,
             GError **error)
{
    uint64_t byte;
    fsync(sink->fd); /* what fails is told already, and must not spoil the search */
    if (sink->direct != NULL && to - from <= SEARCH_LIMIT &&
        direct_writes_find_fault(sink->direct, from, to, &byte))
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s at byte %" G_GUINT64_FORMAT ": %s",
                          sink->path, what, byte, g_strerror(code));
    return steel_fail(error, STEEL_ERROR_IO,
                      "%s: %s between bytes %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT ": %s",
                      sink->path, what, from, to, g_strerror(code));
}

/* A failure that is told here is not told again by the flush. Filesystems that know no ranges
 * refuse the call. */
static bool
drop(const FileSink *sink, const Batch *batch, GError **error)
{
    off_t from = (off_t)batch->from, size = (off_t)(batch->to - batch->from);
    unsigned wait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (batch->size == 0)
        return true;
    if (sync_file_range(sink->fd, from, size, wait) != 0 && (errno == EIO || errno == ENOSPC))
        return fail_between(sink, NOT_TAKEN, batch->from, batch->to, errno, error);
    posix_fadvise(sink->fd, from, size, POSIX_FADV_DONTNEED);
    return true;
}

static bool
add_to_batch(FileSink *sink, uint64_t offset, size_t size, GError **error)
{
    Batch *batch = &sink->filling;
    batch->from = batch->size == 0 ? offset : MIN(batch->from, offset);
    batch->to = MAX(batch->to, offset + size);
    batch->size += size;
    if (batch->size < BATCH)
        return true;
    sync_file_range(sink->fd, (off_t)batch->from, (off_t)(batch->to - batch->from),
                    SYNC_FILE_RANGE_WRITE);
    bool good = drop(sink, &sink->sent, error);
    sink->sent = *batch;
    *batch = (Batch){0};
    return good;
}

static bool
file_write(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    FileSink *sink = self;
    const uint8_t *at = data;
    size_t left = size;
    while (left > 0) {
        ssize_t done = pwrite(sink->fd, at, left, (off_t)offset);
        if (done <= 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail_between(sink, "a write fails", offset, offset + left, errno, error);
        if (!add_to_batch(sink, offset, (size_t)done, error))
            return false;
        at += done;
        left -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

static bool
write_zeros(FileSink *sink, uint64_t offset, uint64_t size, GError **error)
{
    static const uint8_t zeros[ZERO_BLOCK];
    while (size > 0) {
        size_t part = (size_t)MIN(size, sizeof zeros);
        if (!file_write(sink, offset, zeros, part, error))
            return false;
        offset += part;
        size -= part;
    }
    return true;
}

/* A hole reads as zeros; a device that cannot ensure that refuses. */
static bool
file_zero(void *self, uint64_t offset, uint64_t size, GError **error)
{
    FileSink *sink = self;
    if (!sink->no_punch && fallocate(sink->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                     (off_t)offset, (off_t)size) == 0)
        return true;
    sink->no_punch = true;
    if (!sink->no_zero_range && fallocate(sink->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
                                          (off_t)offset, (off_t)size) == 0)
        return true;
    sink->no_zero_range = true;
    return write_zeros(sink, offset, size, error);
}

/* ---- lent data ---- */

static bool
fail_direct(const FileSink *sink, const WriteFault *fault, GError **error)
{
    return fail_between(sink, "a write fails", fault->offset, fault->offset + fault->size,
                        fault->code, error);
}

static bool
file_write_lent(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    const FileSink *sink = self;
    WriteFault fault;
    if (sink->direct == NULL || !direct_writes_fits(offset, data, size))
        return file_write(self, offset, data, size, error);
    return direct_writes_begin(sink->direct, offset, data, size, &fault) ||
           fail_direct(sink, &fault, error);
}

static bool
file_settle(void *self, bool all, GError **error)
{
    const FileSink *sink = self;
    WriteFault fault;
    unsigned lent = all ? 0 : SINK_TURNS_LENT;
    return sink->direct == NULL || direct_writes_settle(sink->direct, lent, &fault) ||
           fail_direct(sink, &fault, error);
}

/* ---- the end ---- */

static bool
file_flush(void *self, GError **error)
{
    FileSink *sink = self;
    if (!file_settle(sink, true, error) || !drop(sink, &sink->sent, error) ||
        !drop(sink, &sink->filling, error))
        return false;
    sink->sent = sink->filling = (Batch){0};
    if (fsync(sink->fd) == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_IO, "%s: " NOT_TAKEN ": %s", sink->path,
                      g_strerror(errno));
}

static void
file_close(void *self)
{
    FileSink *sink = self;
    direct_writes_free(sink->direct);
    close(sink->fd);
    g_free(sink->path);
    g_free(sink);
}

static const SinkOps file_ops = {file_write, file_zero,       file_flush,
                                 file_close, file_write_lent, file_settle};

static bool
find_size(int fd, uint64_t *size)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    *size = (uint64_t)status.st_size;
    return !S_ISBLK(status.st_mode) || ioctl(fd, BLKGETSIZE64, size) == 0;
}

Sink *
sink_open_file(const char *path, GError **error)
{
    uint64_t size = 0;
    struct stat status;
    bool device = stat(path, &status) == 0 && S_ISBLK(status.st_mode);
    int fd = open(path, O_RDWR | O_CLOEXEC | (device ? O_EXCL : 0));
    if (fd < 0 || !find_size(fd, &size)) {
        steel_fail(error, STEEL_ERROR_IO, "%s cannot be opened for writing: %s%s", path,
                   g_strerror(errno), errno == EBUSY ? ": is something of it mounted?" : "");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    FileSink *sink = g_new0(FileSink, 1);
    sink->fd = fd;
    sink->path = g_strdup(path);
    sink->direct = direct_writes_new(path);
    return sink_new(&file_ops, sink, path, size);
}
