/* A binary heap of due times.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/due_heap.h"

#include <glib.h>
#include <limits.h>
#include <time.h>

void
due_heap_clear(DueHeap *heap)
{
    for (size_t i = 1; i <= heap->count; i++)
        heap->entries[i]->position = 0;
    g_free(heap->entries);
    *heap = (DueHeap){0};
}

static void
place(DueHeap *heap, DueEntry *entry, size_t position)
{
    heap->entries[position] = entry;
    entry->position = position;
}

/* Moves the entry from a free position to its place. */
static void
settle(DueHeap *heap, DueEntry *entry, size_t position)
{
    while (position > 1 && heap->entries[position / 2]->due_ms > entry->due_ms) {
        place(heap, heap->entries[position / 2], position);
        position /= 2;
    }
    for (;;) {
        size_t child = position * 2;
        if (child > heap->count)
            break;
        if (child < heap->count && heap->entries[child + 1]->due_ms < heap->entries[child]->due_ms)
            child++;
        if (heap->entries[child]->due_ms >= entry->due_ms)
            break;
        place(heap, heap->entries[child], position);
        position = child;
    }
    place(heap, entry, position);
}

void
due_heap_set(DueHeap *heap, DueEntry *entry, uint64_t due_ms)
{
    entry->due_ms = due_ms;
    if (entry->position != 0) {
        settle(heap, entry, entry->position);
        return;
    }
    if (heap->count + 2 > heap->capacity) {
        heap->capacity = MAX(heap->capacity * 2, 64);
        heap->entries = g_renew(DueEntry *, heap->entries, heap->capacity);
    }
    heap->count++;
    settle(heap, entry, heap->count);
}

void
due_heap_remove(DueHeap *heap, DueEntry *entry)
{
    size_t position = entry->position;
    if (position == 0)
        return;
    entry->position = 0;
    DueEntry *last = heap->entries[heap->count];
    heap->count--;
    if (last != entry)
        settle(heap, last, position);
}

DueEntry *
due_heap_first(const DueHeap *heap)
{
    return heap->count > 0 ? heap->entries[1] : NULL;
}

int
due_heap_wait_ms(const DueHeap *heap, uint64_t now_ms)
{
    if (heap->count == 0)
        return -1;
    uint64_t due_ms = heap->entries[1]->due_ms;
    if (due_ms <= now_ms)
        return 0;
    return (int)MIN(due_ms - now_ms, (uint64_t)INT_MAX);
}

uint64_t
due_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
