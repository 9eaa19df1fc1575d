/* A station that an image's bytes pass on their way to the disk: a decompressor, a format. Bytes
 * are pushed into the first one. One thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "stream/sink.h"

typedef struct Stage Stage;

struct Stage {
    /* Takes all of it. */
    bool (*push)(Stage *stage, const uint8_t *data, size_t size, GError **error);
    /* There is no more. */
    bool (*finish)(Stage *stage, GError **error);
    /* Whether the bytes must come once more from the beginning: a format that points back. Asked
     * after finish. NULL: never */
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

/* The one that the first bytes ask for, or NULL: they are not compressed. size: 6 are enough */
typedef Stage *(*StageNew)(Stage *next);
StageNew stage_for_magic(const uint8_t *data, size_t size);

/* Writes what comes as it is; in blocks, zeros as holes. */
Stage *stage_raw(Sink *sink);

/* Reads the qcow2 format, whatever order its parts have, in constant memory.
 *
 * Refused, INVALID: a backing file, an external data file, encryption, extended L2 entries,
 * features that are not known, an image marked corrupt, a virtual size beyond the sink, tables
 * beyond what their sizes allow, more than 2,097,152 clusters waiting at a time. Refcounts and
 * snapshots are ignored. */
Stage *stage_qcow2(Sink *sink);

/* True for the first bytes of a qcow2 image. */
bool qcow2_magic(const uint8_t *data, size_t size);
