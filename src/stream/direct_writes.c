/* Writes past the page cache; the contract is in direct_writes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/direct_writes.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOTS = 8, SEARCH_BLOCK = 1024 * 1024 };

typedef struct Slot {
    bool busy;
    uint64_t turn, offset;
    const uint8_t *data; /* borrowed */
    size_t size;
} Slot;

struct DirectWrites {
    int fd;
    bool has_ring, ring_refuses;
    struct io_uring ring;
    Slot slots[SLOTS];
    uint64_t turn;
    bool failed;
    WriteFault fault; /* that of the lowest offset */
};

bool
direct_writes_fits(uint64_t offset, const void *data, size_t size)
{
    return (offset | (uintptr_t)data | size) % DIRECT_ALIGNMENT == 0;
}

DirectWrites *
direct_writes_new(const char *path)
{
    int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DirectWrites *writes = g_new0(DirectWrites, 1);
    writes->fd = fd;
    writes->has_ring = io_uring_queue_init(SLOTS, &writes->ring, 0) == 0;
    return writes;
}

void
direct_writes_free(DirectWrites *writes)
{
    WriteFault fault;
    if (writes == NULL)
        return;
    direct_writes_settle(writes, 0, &fault);
    if (writes->has_ring)
        io_uring_queue_exit(&writes->ring);
    close(writes->fd);
    g_free(writes);
}

/* ---- one write ---- */

static void
note_fault(DirectWrites *writes, int code, const Slot *slot)
{
    if (!writes->failed || slot->offset < writes->fault.offset)
        writes->fault = (WriteFault){code, slot->offset, slot->size};
    writes->failed = true;
}

/* Writes what is left of a slot, and waits for it. */
static void
write_now(DirectWrites *writes, Slot *slot)
{
    while (slot->size > 0) {
        ssize_t done = pwrite(writes->fd, slot->data, slot->size, (off_t)slot->offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            note_fault(writes, done < 0 ? errno : ENOSPC, slot);
            break;
        }
        slot->data += done;
        slot->offset += (uint64_t)done;
        slot->size -= (size_t)done;
    }
    slot->busy = false;
}

/* result: bytes, or a negative code. A disk may take less than all. */
static void
end_slot(DirectWrites *writes, Slot *slot, int result)
{
    if (result == -EINTR || result == -EAGAIN)
        result = 0;
    if (result < 0) {
        note_fault(writes, -result, slot);
        slot->busy = false;
        return;
    }
    slot->data += result;
    slot->offset += (uint64_t)result;
    slot->size -= (size_t)result;
    write_now(writes, slot);
}

/* Waits until one more write has ended. */
static void
reap(DirectWrites *writes)
{
    struct io_uring_cqe *entry;
    int code = io_uring_wait_cqe(&writes->ring, &entry);
    if (code == -EINTR)
        return;
    if (code != 0)
        g_error("io_uring does not tell what has been written: %s", g_strerror(-code));
    Slot *slot = io_uring_cqe_get_data(entry);
    int result = entry->res;
    io_uring_cqe_seen(&writes->ring, entry);
    end_slot(writes, slot, result);
}

static Slot *
free_slot(DirectWrites *writes)
{
    while (true) {
        for (size_t i = 0; i < SLOTS; i++)
            if (!writes->slots[i].busy)
                return &writes->slots[i];
        reap(writes);
    }
}

/* An entry that the kernel has refused stays in the ring, so that nothing may be submitted after
 * it. */
static bool
submit(DirectWrites *writes, Slot *slot)
{
    bool usable = writes->has_ring && !writes->ring_refuses;
    struct io_uring_sqe *entry = usable ? io_uring_get_sqe(&writes->ring) : NULL;
    if (entry == NULL)
        return false;
    io_uring_prep_write(entry, writes->fd, slot->data, (unsigned)slot->size, slot->offset);
    io_uring_sqe_set_data(entry, slot);
    writes->ring_refuses = io_uring_submit(&writes->ring) != 1;
    return !writes->ring_refuses;
}

/* ---- all ---- */

/* Whether writes of turns before this one are under way. */
static bool
waits_for(const DirectWrites *writes, uint64_t before)
{
    bool waits = false;
    for (size_t i = 0; i < SLOTS; i++)
        waits = waits || (writes->slots[i].busy && writes->slots[i].turn < before);
    return waits;
}

/* Writes end in any order: the failure that is told is known when all have ended. */
static bool
judge(DirectWrites *writes, WriteFault *fault)
{
    if (!writes->failed)
        return true;
    while (waits_for(writes, UINT64_MAX))
        reap(writes);
    *fault = writes->fault;
    return false;
}

bool
direct_writes_begin(DirectWrites *writes, uint64_t offset, const void *data, size_t size,
                    WriteFault *fault)
{
    Slot *slot = free_slot(writes);
    *slot = (Slot){true, writes->turn, offset, data, size};
    if (!submit(writes, slot))
        write_now(writes, slot);
    return judge(writes, fault);
}

bool
direct_writes_settle(DirectWrites *writes, unsigned lent, WriteFault *fault)
{
    uint64_t ended = ++writes->turn;
    while (waits_for(writes, ended - MIN(ended, lent)))
        reap(writes);
    return judge(writes, fault);
}

/* ---- the byte that fails ---- */

static bool
write_back(int fd, uint8_t *block, uint64_t offset, size_t size)
{
    return pread(fd, block, size, (off_t)offset) == (ssize_t)size &&
           pwrite(fd, block, size, (off_t)offset) == (ssize_t)size;
}

static bool
search(int fd, uint8_t *block, uint64_t from, uint64_t to, size_t step, uint64_t *byte)
{
    for (uint64_t at = from; at < to; at += step) {
        *byte = at;
        if (!write_back(fd, block, at, (size_t)MIN(step, to - at)))
            return true;
    }
    return false;
}

bool
direct_writes_find_fault(const DirectWrites *writes, uint64_t from, uint64_t to, uint64_t *byte)
{
    uint8_t *block = aligned_alloc(DIRECT_ALIGNMENT, SEARCH_BLOCK);
    from -= from % DIRECT_ALIGNMENT;
    to -= to % DIRECT_ALIGNMENT;
    bool found =
        block != NULL && search(writes->fd, block, from, to, SEARCH_BLOCK, byte) &&
        search(writes->fd, block, *byte, MIN(to, *byte + SEARCH_BLOCK), DIRECT_ALIGNMENT, byte);
    free(block);
    return found;
}
