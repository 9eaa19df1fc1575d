/* What the two rooms of a logical unit share: lun.c (login, size, sink) and lun_requests.c
 * (commands under way). Private to this folder. One thread at a time, the one that uses the Lun.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "iscsi/lun.h"

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

/* Commands under way at a time: 16 MiB of them, whatever one may have. More bytes in fewer commands
 * are faster, since each waits for several threads at both ends. */
enum { LUN_QUEUE_DEPTH = 64 };
#define LUN_QUEUE_BYTES (16u << 20)

typedef enum RequestKind {
    REQUEST_WRITE,
    REQUEST_SAME,  /* zeros that the target writes */
    REQUEST_ZEROS, /* zeros that we write, one piece at a time */
    REQUEST_FLUSH,
    REQUEST_READ
} RequestKind;

/* One command, or a row of them for zeros that must be written. */
typedef struct Request {
    Lun *lun; /* borrowed */
    RequestKind kind;
    bool busy, again;
    unsigned attempts;
    uint64_t offset, size, done;
    void *read_to; /* borrowed */
    uint8_t *data; /* owned, LUN_PIECE bytes */
} Request;

struct Lun {
    struct iscsi_context *iscsi; /* owned */
    char *name;                  /* owned: "iqn... at 192.0.2.7:3260" */
    int number;
    uint32_t block;
    uint64_t size;
    uint32_t piece, same_blocks; /* the most of one write, and of one WRITE SAME */
    unsigned depth;              /* commands under way at a time */
    bool connected, asked, no_write_same;
    bool thin; /* what was unmapped reads as zeros, and WRITE SAME may unmap */
    unsigned under_way;
    GError *failed; /* owned: the first failure of a command */
    int64_t heard_ms;
    int stall_ms;
    const atomic_bool *stop; /* borrowed; NULL: never */
    Request requests[LUN_QUEUE_DEPTH];
};

/* Remembers the first failure, with libiscsi's words. */
void lun_note_failure(Lun *lun, const char *what);

/* False with the error set when a command has failed, the unit is silent for too long (TIMEOUT), or
 * the work is stopped (CANCELLED). */
bool lun_is_alive(const Lun *lun, GError **error);

/* Looks at the network once, 0.1 s at most. Errors as lun_is_alive. */
bool lun_turn(Lun *lun, GError **error);

/* Asks for the block size and what the unit takes. Errors as lun_is_alive. */
bool lun_ask_limits(Lun *lun, GError **error);

/* A free request; waits for one. NULL with the error set as lun_is_alive. */
Request *lun_take_request(Lun *lun, GError **error);

/* Sends a request that has its kind and range. It ends by itself: a failure shows in
 * lun_is_alive. */
void lun_send_request(Request *request);

/* Waits until no request is under way. Errors as lun_is_alive. */
bool lun_settle(Lun *lun, GError **error);
