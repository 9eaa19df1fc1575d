/* The progress of a command: the thread that works writes it, HTTP threads read it. Any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Progress Progress;
struct Progress {
    _Atomic(const char *) phase; /* static text; NULL: the work has not begun */
    atomic_uint_least64_t bytes;
    atomic_uint_least64_t total; /* 0: unknown */
    /* The phase before that moved most, for when all is over. */
    _Atomic(const char *) most_phase;
    atomic_uint_least64_t most_bytes, most_total;
    const atomic_bool *stop; /* true: the work gives up; NULL: never */
    Progress *whole; /* borrowed: the work that this one is a part of; NULL: it is no part */
};

/* A part of a work whose parts run at the same time: its bytes, and those it is to move, count for
 * the whole as well, whose phase its owner has begun. whole: lives longer; NULL: none. */
Progress progress_part(Progress *whole);

/* Begins a phase. phase: static text. total: bytes, or 0 if unknown. Every function here takes NULL
 * as progress. */
void progress_begin(Progress *progress, const char *phase, uint64_t total);
void progress_set(Progress *progress, uint64_t bytes);
/* True if the work must give up. */
bool progress_stopped(const Progress *progress);

/* {"phase", "bytes", "total"}, a new reference, or NULL before the first phase. */
json_t *progress_json(const Progress *progress);

/* The same of the phase that moved most bytes: what is to be said when the command has ended. */
json_t *progress_most_json(const Progress *progress);
