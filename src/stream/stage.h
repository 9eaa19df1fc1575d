/* A stage of the pipeline from an image to the disk: a decompressor, a format. The caller pushes
 * bytes into the first one. One thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "stream/sink.h"

typedef struct Stage Stage;

struct Stage {
    /* Takes all bytes. May block on the disk. */
    bool (*push)(Stage *stage, const uint8_t *data, size_t size, GError **error);
    /* The input has ended. */
    bool (*finish)(Stage *stage, GError **error);
    /* True if the input must come again from the beginning, because the format points backwards.
     * Called after finish. NULL: false */
    bool (*wants_again)(const Stage *stage);
    void (*free)(Stage *stage);
};

void stage_free(Stage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stage, stage_free)

/* Decompressors. `next` is borrowed. Errors of push: INVALID saying what is wrong with the
 * stream. */
Stage *stage_gzip(Stage *next);
Stage *stage_xz(Stage *next);
Stage *stage_zstd(Stage *next);

/* The decompressor for these first bytes, or NULL if they are not compressed. size: 6 bytes are
 * enough. */
typedef Stage *(*StageNew)(Stage *next);
StageNew stage_for_magic(const uint8_t *data, size_t size);

/* Writes the bytes unchanged, in blocks; blocks of zeros become holes. lent: what is pushed is lent
 * to the sink (see sink.h) */
Stage *stage_raw(Sink *sink, bool lent);

/* Reads the qcow2 format with its parts in any order, in constant memory.
 *
 * Refuses with INVALID: a backing file, an external data file, encryption, extended L2 entries,
 * unknown features, an image marked corrupt, a virtual size beyond the sink, tables larger than
 * their limits, more than 2,097,152 clusters waiting at a time. Refcounts and snapshots are
 * ignored. */
Stage *stage_qcow2(Sink *sink);

/* True for the first bytes of a qcow2 image. */
bool qcow2_magic(const uint8_t *data, size_t size);
