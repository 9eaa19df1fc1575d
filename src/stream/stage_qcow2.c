/* The qcow2 format, read in one go; the contract is in stage.h.
 *
 * An Extent is a range of the file that must be read: the table of tables (L1), a table (L2), or a
 * cluster of data. A table's offset is in the table above it, which mostly comes earlier in the
 * stream, since programs write them in that order. A window of the stream holds the bytes of
 * extents that have begun. An extent that is found too late waits for another pass over the same
 * bytes: three passes are always enough.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/qcow2_format.h"
#include "stream/stage.h"

#include <string.h>

#define PENDING_LIMIT (2u * 1024 * 1024)
/* The window moves by this many bytes at least. */
#define TRIM_LEAST (1024u * 1024)

typedef enum ExtentKind { EXTENT_L1, EXTENT_L2, EXTENT_DATA, EXTENT_COMPRESSED } ExtentKind;

typedef struct Extent {
    uint64_t start; /* in the file */
    uint32_t size;
    uint32_t kind;  /* ExtentKind */
    uint64_t guest; /* the place of its data on the disk */
} Extent;

typedef struct Qcow2Stage {
    Stage stage;
    Sink *sink; /* borrowed */
    bool has_header;
    Qcow2Header header;
    uint64_t position;     /* bytes of the stream so far */
    uint64_t window_start; /* of the file */
    GByteArray *window;
    GArray *heap;     /* of Extent, smallest start first */
    GArray *missed;   /* of Extent */
    uint8_t *cluster; /* owned; buffer for unpacking */
    unsigned passes;
} Qcow2Stage;

bool
qcow2_magic(const uint8_t *data, size_t size)
{
    return size >= 4 && memcmp(data, "QFI\xfb", 4) == 0;
}

/* ---- the heap ---- */

static Extent *
at(const GArray *heap, guint i)
{
    return &g_array_index(heap, Extent, i);
}

static void
swap(const GArray *heap, guint a, guint b)
{
    Extent kept = *at(heap, a);
    *at(heap, a) = *at(heap, b);
    *at(heap, b) = kept;
}

static void
heap_push(GArray *heap, const Extent *extent)
{
    g_array_append_val(heap, *extent);
    for (guint i = heap->len - 1; i > 0 && at(heap, i)->start < at(heap, (i - 1) / 2)->start;
         i = (i - 1) / 2)
        swap(heap, i, (i - 1) / 2);
}

static Extent
heap_pop(GArray *heap)
{
    Extent least = *at(heap, 0);
    *at(heap, 0) = *at(heap, heap->len - 1);
    g_array_set_size(heap, heap->len - 1);
    for (guint i = 0, child; (child = 2 * i + 1) < heap->len; i = child) {
        if (child + 1 < heap->len && at(heap, child + 1)->start < at(heap, child)->start)
            child++;
        if (at(heap, i)->start <= at(heap, child)->start)
            break;
        swap(heap, i, child);
    }
    return least;
}

/* Queues an extent; one that the stream has passed already waits for another pass. */
static bool
expect(Qcow2Stage *qcow2, ExtentKind kind, uint64_t start, uint32_t size, uint64_t guest,
       GError **error)
{
    const Extent extent = {start, size, kind, guest};
    if (qcow2->heap->len + qcow2->missed->len >= PENDING_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the qcow2 image is scattered too much to be read in one go: give it a "
                          "new order with qemu-img convert -O qcow2");
    if (start < qcow2->window_start)
        g_array_append_val(qcow2->missed, extent);
    else
        heap_push(qcow2->heap, &extent);
    return true;
}

/* ---- what is in the extents ---- */

static bool
zero_guest(const Qcow2Stage *qcow2, uint64_t guest, uint64_t size, GError **error)
{
    if (guest >= qcow2->header.size)
        return true;
    return sink_zero(qcow2->sink, guest, MIN(size, qcow2->header.size - guest), error);
}

static bool
write_guest(const Qcow2Stage *qcow2, uint64_t guest, const uint8_t *data, GError **error)
{
    uint64_t size = qcow2->header.cluster_size;
    if (guest >= qcow2->header.size)
        return true;
    return sink_write(qcow2->sink, guest, data, (size_t)MIN(size, qcow2->header.size - guest),
                      error);
}

static bool
read_l1(Qcow2Stage *qcow2, const uint8_t *table, uint32_t size, GError **error)
{
    uint64_t reach = qcow2->header.l2_reach;
    for (uint32_t i = 0; i < size / 8; i++) {
        uint64_t place = qcow2_table_offset(table + 8 * (size_t)i);
        uint64_t guest = reach * i;
        if (guest >= qcow2->header.size)
            break;
        if (place % qcow2->header.cluster_size != 0)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "the qcow2 image has an L2 table at no cluster's place");
        bool good = place == 0
                        ? zero_guest(qcow2, guest, reach, error)
                        : expect(qcow2, EXTENT_L2, place, qcow2->header.cluster_size, guest, error);
        if (!good)
            return false;
    }
    return true;
}

static bool
expect_cluster(Qcow2Stage *qcow2, const Qcow2Entry *entry, uint64_t guest, GError **error)
{
    if (entry->kind == QCOW2_COMPRESSED)
        return expect(qcow2, EXTENT_COMPRESSED, entry->offset, entry->size, guest, error);
    if (entry->offset % qcow2->header.cluster_size != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the qcow2 image has data at no cluster's place");
    return expect(qcow2, EXTENT_DATA, entry->offset, qcow2->header.cluster_size, guest, error);
}

/* Adjacent zeros become one call. */
static bool
read_l2(Qcow2Stage *qcow2, const uint8_t *table, uint64_t guest, GError **error)
{
    uint64_t cluster = qcow2->header.cluster_size, zeros = 0;
    for (uint32_t i = 0; i < cluster / 8 && guest < qcow2->header.size; i++, guest += cluster) {
        Qcow2Entry entry = qcow2_entry(&qcow2->header, table + 8 * (size_t)i);
        if (entry.kind == QCOW2_ZERO) {
            zeros += cluster;
            continue;
        }
        if (!zero_guest(qcow2, guest - zeros, zeros, error) ||
            !expect_cluster(qcow2, &entry, guest, error))
            return false;
        zeros = 0;
    }
    return zero_guest(qcow2, guest - zeros, zeros, error);
}

static bool
take(Qcow2Stage *qcow2, const Extent *extent, const uint8_t *data, GError **error)
{
    switch ((ExtentKind)extent->kind) {
    case EXTENT_L1:
        return read_l1(qcow2, data, extent->size, error);
    case EXTENT_L2:
        return read_l2(qcow2, data, extent->guest, error);
    case EXTENT_DATA:
        return write_guest(qcow2, extent->guest, data, error);
    case EXTENT_COMPRESSED:
        break;
    }
    return qcow2_unpack(&qcow2->header, data, extent->size, qcow2->cluster, error) &&
           write_guest(qcow2, extent->guest, qcow2->cluster, error);
}

/* ---- the stream ---- */

/* Processes the complete extents. An extent may end after a later one. */
static bool
take_complete(Qcow2Stage *qcow2, GError **error)
{
    while (qcow2->heap->len > 0) {
        const Extent *first = at(qcow2->heap, 0);
        if (first->start + first->size > qcow2->position)
            break;
        Extent extent = heap_pop(qcow2->heap);
        const uint8_t *data = qcow2->window->data + (extent.start - qcow2->window_start);
        if (!take(qcow2, &extent, data, error))
            return false;
    }
    return true;
}

static void
trim(Qcow2Stage *qcow2)
{
    uint64_t keep = qcow2->position;
    if (qcow2->heap->len > 0)
        keep = MIN(keep, at(qcow2->heap, 0)->start);
    uint64_t gone = keep - qcow2->window_start;
    if (gone < TRIM_LEAST && gone < qcow2->window->len)
        return;
    g_byte_array_remove_range(qcow2->window, 0, (guint)gone);
    qcow2->window_start = keep;
}

static bool
read_header(Qcow2Stage *qcow2, GError **error)
{
    if (qcow2->has_header || qcow2->window->len < QCOW2_HEADER_SIZE)
        return true;
    if (!qcow2_read_header(qcow2->window->data, &qcow2->header, error))
        return false;
    if (qcow2->header.size > sink_size(qcow2->sink))
        return steel_fail(error, STEEL_ERROR_STORAGE,
                          "the image is of %" G_GUINT64_FORMAT
                          " bytes, and %s has %" G_GUINT64_FORMAT,
                          qcow2->header.size, sink_name(qcow2->sink), sink_size(qcow2->sink));
    qcow2->has_header = true;
    qcow2->cluster = g_malloc(qcow2->header.cluster_size);
    return qcow2->header.l1_size == 0 ||
           expect(qcow2, EXTENT_L1, qcow2->header.l1_offset, qcow2->header.l1_size, 0, error);
}

static bool
qcow2_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    Qcow2Stage *qcow2 = (Qcow2Stage *)stage;
    g_byte_array_append(qcow2->window, data, (guint)size);
    qcow2->position += size;
    if (!read_header(qcow2, error))
        return false;
    if (!qcow2->has_header)
        return true;
    if (!take_complete(qcow2, error))
        return false;
    trim(qcow2);
    return true;
}

/* A file may end in the middle of its last cluster: the rest is zeros. */
static bool
take_last(Qcow2Stage *qcow2, GError **error)
{
    while (qcow2->heap->len > 0) {
        const Extent *first = at(qcow2->heap, 0);
        bool table = first->kind == EXTENT_L1 || first->kind == EXTENT_L2;
        if (table || first->start >= qcow2->position)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "the qcow2 image points behind its end: it was cut off");
        uint64_t missing = first->start + first->size - qcow2->position;
        guint length = qcow2->window->len;
        g_byte_array_set_size(qcow2->window, length + (guint)missing);
        memset(qcow2->window->data + length, 0, (size_t)missing);
        qcow2->position += missing;
        if (!take_complete(qcow2, error))
            return false;
    }
    return true;
}

/* The next pass reads the extents that this one missed. */
static bool
begin_again(Qcow2Stage *qcow2, GError **error)
{
    if (++qcow2->passes > 3)
        return steel_fail(error, STEEL_ERROR_INVALID, "the qcow2 image's tables point in circles");
    qcow2->position = qcow2->window_start = 0;
    g_byte_array_set_size(qcow2->window, 0);
    for (guint i = 0; i < qcow2->missed->len; i++)
        heap_push(qcow2->heap, at(qcow2->missed, i));
    g_array_set_size(qcow2->missed, 0);
    return true;
}

static bool
qcow2_finish(Stage *stage, GError **error)
{
    Qcow2Stage *qcow2 = (Qcow2Stage *)stage;
    if (!qcow2->has_header)
        return steel_fail(error, STEEL_ERROR_INVALID, "the qcow2 image is shorter than its header");
    return take_last(qcow2, error) && (qcow2->missed->len == 0 || begin_again(qcow2, error));
}

static bool
qcow2_wants_again(const Stage *stage)
{
    return ((const Qcow2Stage *)stage)->heap->len > 0;
}

static void
qcow2_free(Stage *stage)
{
    Qcow2Stage *qcow2 = (Qcow2Stage *)stage;
    g_byte_array_free(qcow2->window, TRUE);
    g_array_free(qcow2->heap, TRUE);
    g_array_free(qcow2->missed, TRUE);
    g_free(qcow2->cluster);
    g_free(qcow2);
}

Stage *
stage_qcow2(Sink *sink)
{
    Qcow2Stage *qcow2 = g_new0(Qcow2Stage, 1);
    qcow2->stage = (Stage){qcow2_push, qcow2_finish, qcow2_wants_again, qcow2_free};
    qcow2->sink = sink;
    qcow2->window = g_byte_array_new();
    qcow2->heap = g_array_new(FALSE, FALSE, sizeof(Extent));
    qcow2->missed = g_array_new(FALSE, FALSE, sizeof(Extent));
    return &qcow2->stage;
}
