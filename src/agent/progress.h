/* How far a command has come: written by the thread that works, read by those that answer. Any
 * thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
    _Atomic(const char *) phase; /* static text; NULL: nothing to tell */
    atomic_uint_least64_t bytes;
    atomic_uint_least64_t total; /* 0: not known */
    const atomic_bool *stop;     /* the work is to give up; NULL: never */
} Progress;

/* Begins a phase. progress may be NULL, as everywhere here. */
void progress_begin(Progress *progress, const char *phase, uint64_t total);
void progress_set(Progress *progress, uint64_t bytes);
/* True when the work is to give up. */
bool progress_stopped(const Progress *progress);

/* {"phase", "bytes", "total"}, a new reference, or NULL when there is nothing to tell. */
json_t *progress_json(const Progress *progress);
