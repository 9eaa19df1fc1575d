/* A logical unit of an iSCSI target, reached in user space: logging in with CHAP, writing and
 * reading with many commands under way at a time. No root, no kernel module.
 *
 * A connection that is cut is made anew and its commands are sent again, as long as the target
 * answers within the stall limit; every wait ends with it. A Lun is used by one thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "stream/sink.h"

#include <stdatomic.h>

/* The most bytes of one command; a target may take less. */
#define LUN_PIECE (1u << 20)

/* All borrowed for the call of lun_open, `stop` until lun_close. */
typedef struct LunOptions {
    const char *portal; /* "192.0.2.7:3260", "[2001:db8::7]:3260" */
    const char *target;
    int lun;
    const char *initiator;           /* who we are */
    const char *username, *password; /* for CHAP; NULL: none */
    int stall_s;                     /* without any answer, this ends it; 0: 60 */
    const atomic_bool *stop;         /* NULL: never */
} LunOptions;

typedef struct Lun Lun;

/* Connects, logs in and asks for the size. Errors: STORAGE (refused, no such unit, no disk),
 * TIMEOUT, CANCELLED; the text names target and portal, never the password. */
Lun *lun_open(const LunOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Logs out, as far as the target answers at once. NULL is fine. */
void lun_close(Lun *lun);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lun, lun_close)

uint64_t lun_size(const Lun *lun);

/* The unit as a sink, whose bytes begin at a multiple of a block. The Lun must outlive it. Writes
 * return as soon as their bytes are copied; a failure shows with a later call. Zeros are written by
 * WRITE SAME where the target knows it. sink_flush returns when all is on the disk. */
Sink *lun_sink(Lun *lun);

/* The bytes of one command: LUN_PIECE, or what the target takes if that is less. */
size_t lun_piece(const Lun *lun);

/* Writes at most lun_piece bytes from the caller's buffer without copying them: the buffer goes to
 * the command, and another one comes back in its place. Both have LUN_PIECE bytes and g_free.
 * Otherwise as a write to lun_sink. Errors as above. */
bool lun_write_buffer(Lun *lun, uint64_t offset, uint8_t **buffer, size_t size,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads a range that begins and ends with a block. What is still being written is waited for.
 * Errors as above. */
bool lun_read(Lun *lun, uint64_t offset, void *data, size_t size,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;
