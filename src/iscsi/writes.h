/* Images that are being written to the disks of other machines, each on a thread of its own, no
 * more than so many at a time; what else is ordered waits in line. A write is known by the key of
 * its machine: there is one for each.
 *
 * Any thread; nothing here blocks but lun_writes_cancel and lun_writes_free.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "iscsi/write_image.h"

typedef struct LunWrites LunWrites;

/* What is to be written where; copied. */
typedef struct LunOrder {
    const char *key;  /* of the machine */
    const char *path; /* of the raw image */
    const char *portal, *target;
    int lun;
    const char *username, *password; /* NULL: no CHAP */
    const char *initiator;           /* who we are; NULL: as lun_writes_new has it */
    uint64_t offset, size;           /* as in LunImage */
    int stall_s;                     /* as in LunOptions */
} LunOrder;

/* How a write stands. */
typedef enum LunWriteState {
    LUN_WRITE_UNKNOWN, /* there is none: it was of another process, or was cancelled */
    LUN_WRITE_RUNS,
    LUN_WRITE_DONE,
    LUN_WRITE_FAILED
} LunWriteState;

typedef struct LunWritesOps {
    /* Some seconds have gone by: so much is done. May ask the database. */
    void (*progress)(void *user, const char *key, uint64_t done, uint64_t total);
    /* It has ended, well or not. Not called for one that was cancelled. */
    void (*ended)(void *user, const char *key);
} LunWritesOps;

/* ops, user  borrowed until lun_writes_free; called on the threads that write
 * initiator  our iSCSI name; copied
 * most       writes at a time
 * waiting    how many more may be ordered */
LunWrites *lun_writes_new(const LunWritesOps *ops, void *user, const char *initiator, unsigned most,
                          unsigned waiting);

/* Ends what runs, waits for it, at most some seconds, and frees. NULL is fine. */
void lun_writes_free(LunWrites *writes);

/* Orders a write. One of the same key that has ended is forgotten; one that runs is an error.
 * Errors: NO_WORKER (too many wait), CONFLICT. */
bool lun_writes_begin(LunWrites *writes, const LunOrder *order,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* moved  out, may be NULL: something was written since the last call
 * why    FAILED: the reason, as lun_write_image has it */
LunWriteState lun_writes_look(LunWrites *writes, const char *key, bool *moved, GError **why);

/* Ends the write of a machine, if there is one, and forgets it: afterwards nothing is written any
 * more. NULL is fine. */
void lun_writes_cancel(LunWrites *writes, const char *key);
