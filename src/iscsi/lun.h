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

/* Of what a Lun's bytes move in pieces. */
#define LUN_PIECE (256u << 10)

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

/* Reads a range that begins and ends with a block, at most LUN_PIECE bytes. What is still being
 * written is waited for. Errors as above. */
bool lun_read(Lun *lun, uint64_t offset, void *data, size_t size,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;
