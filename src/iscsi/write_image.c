/* Images to units; the contract is in write_image.h. SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/write_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD (UINT64_C(1) << 20)
/* Zeros of this length are told apart from data. All offsets but the image's end are multiples. */
#define GRAIN (64u << 10)
/* The file is read so much ahead. */
#define AHEAD (UINT64_C(16) << 20)
/* Of one place that is read back. */
#define LOOK (256u << 10)

typedef struct Copy {
    Lun *lun;              /* borrowed */
    const LunImage *image; /* borrowed */
    Sink *part;            /* borrowed */
    uint64_t size;         /* of the image */
    uint64_t done;         /* of it */
    uint8_t *buffer;       /* owned: LUN_PIECE bytes from the file */
    uint8_t *back;         /* owned: LOOK bytes from the unit */
} Copy;

static void
tell(Copy *copy, uint64_t more)
{
    copy->done += more;
    if (copy->image->tell != NULL)
        copy->image->tell(copy->image->user, copy->done, copy->size);
}

static bool
read_file(const Copy *copy, uint64_t offset, size_t size, GError **error)
{
    size_t got = 0;
    while (got < size) {
        ssize_t count =
            pread(copy->image->file, copy->buffer + got, size - got, (off_t)(offset + got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return steel_fail(error, STEEL_ERROR_IO,
                              "the image cannot be read at byte %" G_GUINT64_FORMAT ": %s",
                              offset + got, count == 0 ? "it has ended" : g_strerror(errno));
        got += (size_t)count;
    }
    return true;
}

static bool
all_zero(const uint8_t *data, size_t size)
{
    return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

/* ---- writing ---- */

/* The length of what begins at `at` of the buffer and is alike: zeros, or data. */
static size_t
run_length(const Copy *copy, size_t at, size_t size, bool *zeros)
{
    size_t end = MIN(at + GRAIN, size);
    *zeros = all_zero(copy->buffer + at, end - at);
    while (end < size && all_zero(copy->buffer + end, MIN(GRAIN, size - end)) == *zeros)
        end = MIN(end + GRAIN, size);
    return end - at;
}

/* Writes what is in the buffer. Data without zeros are not copied. */
static bool
write_buffer(Copy *copy, uint64_t at, size_t size, GError **error)
{
    bool zeros;
    if (run_length(copy, 0, size, &zeros) == size && !zeros)
        return lun_write_buffer(copy->lun, copy->image->offset + at, &copy->buffer, size, error);
    for (size_t done = 0, part; done < size; done += part) {
        part = run_length(copy, done, size, &zeros);
        bool good = zeros ? sink_zero(copy->part, at + done, part, error)
                          : sink_write(copy->part, at + done, copy->buffer + done, part, error);
        if (!good)
            return false;
    }
    return true;
}

/* The kernel reads ahead what comes next, so that the file does not hold up the network. */
static bool
write_data(Copy *copy, uint64_t from, uint64_t to, GError **error)
{
    for (uint64_t at = from; at < to;) {
        size_t size = (size_t)MIN(to - at, lun_piece(copy->lun));
        posix_fadvise(copy->image->file, (off_t)(at + AHEAD), (off_t)size, POSIX_FADV_WILLNEED);
        if (!read_file(copy, at, size, error) || !write_buffer(copy, at, size, error))
            return false;
        at += size;
        tell(copy, size);
    }
    return true;
}

/* The grains from `at` on, up to `to`, that the file has as a hole; then those with data. Holes may
 * begin and end anywhere: whole grains count, and what is not known is data. */
static void
find_data(const Copy *copy, uint64_t at, uint64_t to, uint64_t *from, uint64_t *behind)
{
    off_t data = lseek(copy->image->file, (off_t)at, SEEK_DATA);
    bool none = data < 0 && errno == ENXIO;
    off_t hole = data >= 0 ? lseek(copy->image->file, data, SEEK_HOLE) : -1;
    uint64_t begin = data > 0 ? (uint64_t)data / GRAIN * GRAIN : at,
             end = hole > 0 ? ((uint64_t)hole + GRAIN - 1) / GRAIN * GRAIN : to;
    *from = none ? to : CLAMP(begin, at, to);
    *behind = none ? to : CLAMP(end, MIN(*from + GRAIN, to), to);
}

/* `from` is a multiple of GRAIN. */
static bool
write_range(Copy *copy, uint64_t from, uint64_t to, GError **error)
{
    for (uint64_t at = from, data, behind; at < to; at = behind) {
        find_data(copy, at, to, &data, &behind);
        if (data > at && !sink_zero(copy->part, at, data - at, error))
            return false;
        tell(copy, data - at);
        if (!write_data(copy, data, behind, error))
            return false;
    }
    return true;
}

/* ---- looking at it again ---- */

/* `at` is a multiple of LOOK. What is filled up behind the image's end is not compared. */
static bool
check_piece(const Copy *copy, uint64_t at, GError **error)
{
    uint64_t base = copy->image->offset, end = sink_size(copy->part);
    size_t size = (size_t)MIN(copy->size - at, LOOK);
    size_t whole = (size_t)MIN(end - at, LOOK);
    if (!read_file(copy, at, size, error) ||
        !lun_read(copy->lun, base + at, copy->back, whole, error))
        return false;
    return memcmp(copy->buffer, copy->back, size) == 0 ||
           steel_fail(error, STEEL_ERROR_STORAGE,
                      "%s gives something else back than was written at byte %" G_GUINT64_FORMAT
                      ": is the disk failing?",
                      sink_name(copy->part), base + at);
}

static bool
check_range(const Copy *copy, uint64_t from, uint64_t to, GError **error)
{
    for (uint64_t at = from; at < to; at += LOOK)
        if (!check_piece(copy, at, error))
            return false;
    return true;
}

/* The last MiB, and places spread over the rest, elsewhere each time. */
static bool
check_body(const Copy *copy, GError **error)
{
    uint64_t pieces = (copy->size - HEAD + LOOK - 1) / LOOK, step = MAX(pieces / CHECKED_PLACES, 1),
             last = HEAD / LOOK + pieces;
    for (uint64_t i = HEAD / LOOK; i < last; i += step) {
        uint64_t place = i + (uint64_t)g_random_int_range(0, (gint32)MIN(step, G_MAXINT32));
        if (!check_piece(copy, MIN(place, last - 1) * LOOK, error))
            return false;
    }
    uint64_t tail = MAX(last - MIN(pieces, HEAD / LOOK), HEAD / LOOK);
    return check_range(copy, tail * LOOK, copy->size, error);
}

/* ---- all of it ---- */

/* What was there before does not boot any more, nor is its second partition table found. */
static bool
wipe_ends(const Copy *copy, GError **error)
{
    uint64_t end = sink_size(copy->part), tail = MIN(end, HEAD);
    return sink_zero(copy->part, 0, tail, error) &&
           sink_zero(copy->part, (end - tail) / GRAIN * GRAIN, end - (end - tail) / GRAIN * GRAIN,
                     error) &&
           sink_flush(copy->part, error);
}

static bool
write_body(Copy *copy, GError **error)
{
    return copy->size <= HEAD || (write_range(copy, HEAD, copy->size, error) &&
                                  sink_flush(copy->part, error) && check_body(copy, error));
}

static bool
write_head(Copy *copy, GError **error)
{
    uint64_t head = MIN(copy->size, HEAD);
    if (write_data(copy, 0, head, error) && sink_flush(copy->part, error) &&
        check_range(copy, 0, head, error))
        return true;
    if (!sink_zero(copy->part, 0, head, NULL) || !sink_flush(copy->part, NULL))
        g_prefix_error(error, "(the disk may begin with a part of the image) ");
    return false;
}

static bool
write_all(Copy *copy, GError **error)
{
    if (copy->size == 0 || copy->size > sink_size(copy->part))
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "the image has %" G_GUINT64_FORMAT
                          " bytes, %s has room for %" G_GUINT64_FORMAT,
                          copy->size, sink_name(copy->part), sink_size(copy->part));
    return wipe_ends(copy, error) && write_body(copy, error) && write_head(copy, error);
}

bool
lun_write_image(Lun *lun, const LunImage *image, GError **error)
{
    struct stat status;
    uint64_t end = lun_size(lun);
    if (fstat(image->file, &status) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "the image cannot be read: %s", g_strerror(errno));
    if (image->offset >= end || image->size > end - image->offset)
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "the part to be written ends behind the disk");
    g_autoptr(Sink) whole = lun_sink(lun);
    g_autoptr(Sink) part =
        sink_window(whole, image->offset, image->size > 0 ? image->size : end - image->offset);
    g_autofree uint8_t *back = g_malloc(LOOK);
    Copy copy = {.lun = lun,
                 .image = image,
                 .part = part,
                 .size = (uint64_t)status.st_size,
                 .buffer = g_malloc(LUN_PIECE),
                 .back = back};
    bool good = write_all(&copy, error);
    g_free(copy.buffer);
    return good;
}
