/* The destination of an image: a disk, a part of one, a file, a LUN. Writes may come in any order;
 * only sink_flush makes them durable. A sink is used by one thread at a time.
 *
 * Data may be lent: it is written while the caller prepares what comes next. A turn is what the
 * caller does between two calls of sink_end_turn; lent data must stay unchanged, and nothing else
 * be written to its place, until SINK_TURNS_LENT turns after its own have ended, or until
 * sink_settle.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

/* A disk that others use as well gives the larger share to who has more under way. */
enum { SINK_TURNS_LENT = 3 };

typedef struct Sink Sink;

/* An implementation. sink.c has checked that offset and size are within the sink's size. */
typedef struct SinkOps {
    bool (*write)(void *self, uint64_t offset, const void *data, size_t size, GError **error);
    /* Makes a range read as zeros, without writing them if the device can. */
    bool (*zero)(void *self, uint64_t offset, uint64_t size, GError **error);
    bool (*flush)(void *self, GError **error); /* settles first */
    void (*close)(void *self);
    /* Like `write`, with lent data. NULL: nothing is gained by lending. */
    bool (*write_lent)(void *self, uint64_t offset, const void *data, size_t size, GError **error);
    /* Ends the turn, and waits for lent data that may change then; all: for all of it.
     * NULL if write_lent is. */
    bool (*settle)(void *self, bool all, GError **error);
} SinkOps;

/* name  for errors, "/dev/vda"; copied
 * self  taken; `close` frees it */
Sink *sink_new(const SinkOps *ops, void *self, const char *name, uint64_t size);
void sink_free(Sink *sink);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sink, sink_free)

/* A part of a sink; the whole sink must outlive it. */
Sink *sink_window(Sink *whole, uint64_t offset, uint64_t size);

/* Opens an existing file or block device; refuses a device in use (mounted). Errors: IO naming
 * it. */
Sink *sink_open_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

uint64_t sink_size(const Sink *sink);
const char *sink_name(const Sink *sink);

/* These block. Errors: STORAGE (beyond the end: the image is larger than the disk), IO. */
bool sink_write(Sink *sink, uint64_t offset, const void *data, size_t size,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sink_zero(Sink *sink, uint64_t offset, uint64_t size,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sink_flush(Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As above, for lent data. Errors of lent data show at any later call. After a failure lent data is
 * still in use: settle before it goes. */
bool sink_write_lent(Sink *sink, uint64_t offset, const void *data, size_t size,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sink_end_turn(Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool sink_settle(Sink *sink, GError **error) G_GNUC_WARN_UNUSED_RESULT;
