/* Writes to a file or block device past the page cache, several under way at a time: nothing is
 * copied, and the disk always has the next one. One thread.
 *
 * Uses io_uring; where the kernel has none or forbids it, each write ends before the next begins.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offset, size and address of data are multiples of it. */
#define DIRECT_ALIGNMENT ((size_t)4096)

/* A write that failed. */
typedef struct WriteFault {
    int code; /* of errno */
    uint64_t offset;
    size_t size;
} WriteFault;

typedef struct DirectWrites DirectWrites;

/* Opens the file once more. NULL: it cannot be written this way. */
DirectWrites *direct_writes_new(const char *path);
/* Waits for what is under way. NULL is fine. */
void direct_writes_free(DirectWrites *writes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirectWrites, direct_writes_free)

/* Whether a write can go this way. */
bool direct_writes_fits(uint64_t offset, const void *data, size_t size);

/* Begins a write; the data is lent until its turn is over. Waits if too many are under way. False:
 * this one or an earlier one failed; nothing is under way then, and the fault is the one of the
 * lowest offset. */
bool direct_writes_begin(DirectWrites *writes, uint64_t offset, const void *data, size_t size,
                         WriteFault *fault);

/* Ends a turn: waits for the writes of turns that are `lent` turns before this one or longer ago;
 * lent 0: for all. It waits for them even if one fails. False as above. */
bool direct_writes_settle(DirectWrites *writes, unsigned lent, WriteFault *fault);

/* Finds the first byte that cannot be written, between two bytes whose contents do not matter any
 * more: reads what is there and writes it back. False: it finds none. */
bool direct_writes_find_fault(const DirectWrites *writes, uint64_t from, uint64_t to,
                              uint64_t *byte);
