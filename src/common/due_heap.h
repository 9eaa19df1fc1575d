/* A heap of things that are due at a time, for threads that wait for many at once. An entry is
 * embedded in the thing, so that it can be moved or taken out without a search. Not thread-safe:
 * one thread owns a heap. Nothing blocks.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct DueEntry {
    uint64_t due_ms; /* monotonic */
    size_t position; /* in the heap, from 1; 0: not in it */
} DueEntry;

typedef struct DueHeap {
    DueEntry **entries; /* owned array of borrowed entries, [0] unused */
    size_t count;
    size_t capacity;
} DueHeap;

/* Forgets all entries, which stay their owners', and frees the array. */
void due_heap_clear(DueHeap *heap);
/* Puts the entry in, or moves it when it is in already. */
void due_heap_set(DueHeap *heap, DueEntry *entry, uint64_t due_ms);
/* Takes it out; nothing happens when it is not in. */
void due_heap_remove(DueHeap *heap, DueEntry *entry);
/* The earliest, still in the heap; NULL when empty. */
DueEntry *due_heap_first(const DueHeap *heap);
/* Milliseconds until the first is due as epoll_wait() takes them: -1 when empty. */
int due_heap_wait_ms(const DueHeap *heap, uint64_t now_ms);

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t due_now_ms(void);
