/* Decompressors by their magic, and raw images; the contract is in stage.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/stage.h"

#include <string.h>

enum { BLOCK = 1024 * 1024 };

void
stage_free(Stage *stage)
{
    if (stage != NULL)
        stage->free(stage);
}

StageNew
stage_for_magic(const uint8_t *data, size_t size)
{
    static const struct {
        uint8_t magic[6];
        size_t size;
        StageNew make;
    } rows[] = {
        {{0x1f, 0x8b, 0x08},               3, stage_gzip},
        {{0xfd, '7', 'z', 'X', 'Z', 0x00}, 6, stage_xz},
        {{0x28, 0xb5, 0x2f, 0xfd},         4, stage_zstd},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (size >= rows[i].size && memcmp(data, rows[i].magic, rows[i].size) == 0)
            return rows[i].make;
    return NULL;
}

/* ---- raw ---- */

typedef struct RawStage {
    Stage stage;
    Sink *sink; /* borrowed */
    bool (*write)(Sink *sink, uint64_t offset, const void *data, size_t size, GError **error);
    uint64_t offset;
    size_t filled;
    uint8_t block[BLOCK];
} RawStage;

static bool
all_zero(const uint8_t *data, size_t size)
{
    return size > 0 && data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static bool
raw_write_block(RawStage *raw, GError **error)
{
    bool good = all_zero(raw->block, raw->filled)
                    ? sink_zero(raw->sink, raw->offset, raw->filled, error)
                    : sink_write(raw->sink, raw->offset, raw->block, raw->filled, error);
    raw->offset += raw->filled;
    raw->filled = 0;
    return good;
}

/* Whole blocks from the beginning on that are alike: zeros, or data. */
static size_t
run_length(const uint8_t *data, size_t size, bool *zeros)
{
    size_t length = BLOCK;
    *zeros = all_zero(data, BLOCK);
    while (length + BLOCK <= size && all_zero(data + length, BLOCK) == *zeros)
        length += BLOCK;
    return length;
}

/* Writes whole blocks from where they are; how many bytes, 0: a failure. */
static size_t
raw_write_run(RawStage *raw, const uint8_t *data, size_t size, GError **error)
{
    bool zeros;
    size_t length = run_length(data, size, &zeros);
    bool good = zeros ? sink_zero(raw->sink, raw->offset, length, error)
                      : raw->write(raw->sink, raw->offset, data, length, error);
    raw->offset += length;
    return good ? length : 0;
}

static bool
raw_push(Stage *stage, const uint8_t *data, size_t size, GError **error)
{
    RawStage *raw = (RawStage *)stage;
    while (raw->filled == 0 && size >= BLOCK) {
        size_t written = raw_write_run(raw, data, size, error);
        if (written == 0)
            return false;
        data += written;
        size -= written;
    }
    while (size > 0) {
        size_t part = MIN(size, BLOCK - raw->filled);
        memcpy(raw->block + raw->filled, data, part);
        raw->filled += part;
        data += part;
        size -= part;
        if (raw->filled == BLOCK && !raw_write_block(raw, error))
            return false;
    }
    return true;
}

static bool
raw_finish(Stage *stage, GError **error)
{
    RawStage *raw = (RawStage *)stage;
    return raw->filled == 0 || raw_write_block(raw, error);
}

static void
raw_free(Stage *stage)
{
    g_free(stage);
}

Stage *
stage_raw(Sink *sink, bool lent)
{
    RawStage *raw = g_new(RawStage, 1);
    raw->stage = (Stage){raw_push, raw_finish, NULL, raw_free};
    raw->sink = sink;
    raw->write = lent ? sink_write_lent : sink_write;
    raw->offset = 0;
    raw->filled = 0;
    return &raw->stage;
}
