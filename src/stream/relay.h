/* Hands a stream of bytes to several readers, each on a thread of its own: while one computes the
 * checksum of a part, another one writes it, and the network brings the next one.
 *
 * Memory is bounded: the pusher waits for the slowest reader. Each reader gets all bytes, in order,
 * in parts of RELAY_PART bytes; the last one is shorter. A part begins at a multiple of
 * RELAY_ALIGNMENT in memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

#define RELAY_PART ((size_t)2 << 20)
#define RELAY_ALIGNMENT ((size_t)4096)
/* So many parts are on their way, and so many readers are possible. */
enum { RELAY_PARTS = 8, RELAY_READERS = 2 };
enum { RELAY_LENT = 3 };

typedef struct RelayReader {
    const char *name; /* of the thread, at most 15 characters; lives as long as the program */
    /* Takes a part, on the reader's thread. False, with an error, ends the stream for all. */
    bool (*take)(void *user, const uint8_t *data, size_t size, GError **error);
    /* NULL: the reader needs a part until `take` returns. Otherwise until RELAY_LENT more of them
     * have returned; and `settle`, called once when nothing more is taken, also after failures,
     * returns when the last parts are not needed any more. False, with an error, ends the stream
     * for all. */
    bool (*settle)(void *user, GError **error);
    void *user; /* borrowed until relay_free */
} RelayReader;

typedef struct Relay Relay;

/* Starts the threads. readers: copied. Errors: IO (no thread). */
Relay *relay_new(const RelayReader *readers, size_t count,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One thread pushes; it waits while RELAY_PARTS are on their way. Errors: those of a reader. */
bool relay_push(Relay *relay, const uint8_t *data, size_t size,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the readers have taken all and settled. Nothing is pushed afterwards. Errors: those
 * of a reader. */
bool relay_finish(Relay *relay, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the threads; what they have not taken yet is dropped. NULL is fine. */
void relay_free(Relay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relay, relay_free)
