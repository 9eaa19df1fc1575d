/* Images to units; the contract is in write_image.h. SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/write_image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD (UINT64_C(1) << 20)

typedef struct Copy {
    Lun *lun;              /* borrowed */
    const LunImage *image; /* borrowed */
    Sink *part;            /* borrowed */
    uint64_t size;         /* of the image */
    uint64_t done;         /* of it */
    uint8_t *buffer;       /* owned: LUN_PIECE bytes from the file */
    uint8_t *back;         /* owned: the same from the unit */
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

static bool
write_data(Copy *copy, uint64_t from, uint64_t to, GError **error)
{
    for (uint64_t at = from; at < to;) {
        size_t size = (size_t)MIN(to - at, LUN_PIECE);
        if (!read_file(copy, at, size, error))
            return false;
        bool good = all_zero(copy->buffer, size)
                        ? sink_zero(copy->part, at, size, error)
                        : sink_write(copy->part, at, copy->buffer, size, error);
        if (!good)
            return false;
        at += size;
        tell(copy, size);
    }
    return true;
}

/* The pieces from `at` on, up to `to`, that the file has as a hole; then those with data. Holes may
 * begin and end anywhere: whole pieces count, and what is not known is data. */
static void
find_data(const Copy *copy, uint64_t at, uint64_t to, uint64_t *from, uint64_t *behind)
{
    off_t data = lseek(copy->image->file, (off_t)at, SEEK_DATA);
    bool none = data < 0 && errno == ENXIO;
    off_t hole = data >= 0 ? lseek(copy->image->file, data, SEEK_HOLE) : -1;
    uint64_t begin = data > 0 ? (uint64_t)data / LUN_PIECE * LUN_PIECE : at,
             end = hole > 0 ? ((uint64_t)hole + LUN_PIECE - 1) / LUN_PIECE * LUN_PIECE : to;
    *from = none ? to : CLAMP(begin, at, to);
    *behind = none ? to : CLAMP(end, MIN(*from + LUN_PIECE, to), to);
}

/* `from` is a multiple of LUN_PIECE. */
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

/* `at` is a multiple of LUN_PIECE. What is filled up behind the image's end is not compared. */
static bool
check_piece(const Copy *copy, uint64_t at, GError **error)
{
    uint64_t base = copy->image->offset, end = sink_size(copy->part);
    size_t size = (size_t)MIN(copy->size - at, LUN_PIECE);
    size_t whole = (size_t)MIN(end - at, LUN_PIECE);
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
    for (uint64_t at = from; at < to; at += LUN_PIECE)
        if (!check_piece(copy, at, error))
            return false;
    return true;
}

/* The last MiB, and places spread over the rest, elsewhere each time. */
static bool
check_body(const Copy *copy, GError **error)
{
    uint64_t pieces = (copy->size - HEAD + LUN_PIECE - 1) / LUN_PIECE,
             step = MAX(pieces / CHECKED_PLACES, 1), last = HEAD / LUN_PIECE + pieces;
    for (uint64_t i = HEAD / LUN_PIECE; i < last; i += step) {
        uint64_t place = i + (uint64_t)g_random_int_range(0, (gint32)MIN(step, G_MAXINT32));
        if (!check_piece(copy, MIN(place, last - 1) * LUN_PIECE, error))
            return false;
    }
    uint64_t tail = MAX(last - MIN(pieces, HEAD / LUN_PIECE), HEAD / LUN_PIECE);
    return check_range(copy, tail * LUN_PIECE, copy->size, error);
}

/* ---- all of it ---- */

/* What was there before does not boot any more, nor is its second partition table found. */
static bool
wipe_ends(const Copy *copy, GError **error)
{
    uint64_t end = sink_size(copy->part), tail = MIN(end, HEAD);
    return sink_zero(copy->part, 0, tail, error) &&
           sink_zero(copy->part, (end - tail) / LUN_PIECE * LUN_PIECE,
                     end - (end - tail) / LUN_PIECE * LUN_PIECE, error) &&
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
    g_autofree uint8_t *buffer = g_malloc(LUN_PIECE), *back = g_malloc(LUN_PIECE);
    Copy copy = {.lun = lun,
                 .image = image,
                 .part = part,
                 .size = (uint64_t)status.st_size,
                 .buffer = buffer,
                 .back = back};
    return write_all(&copy, error);
}
