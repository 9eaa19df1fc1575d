/* Locks; the contract is in lock.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void
lock_init(Lock *lock, LockRank rank)
{
    pthread_mutex_init(&lock->mutex, NULL);
    lock->rank = rank;
}

void
lock_destroy(Lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

void
lock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool UNSHARED
lock_wait_until(Lock *lock, pthread_cond_t *condition, int64_t limit_ms)
{
    struct timespec limit = {.tv_sec = limit_ms / 1000, .tv_nsec = limit_ms % 1000 * 1000000};
    return pthread_cond_timedwait(condition, &lock->mutex, &limit) != ETIMEDOUT;
}

#ifdef STEEL_CHECK_LOCKS

enum { HELD_LIMIT = 8 };

static const char *const guards[LOCK_RANK_COUNT] = {
#define LOCK_RANK(name, guards) [LOCK_RANK_##name] = guards,
#include "common/lock_ranks.def"
#undef LOCK_RANK
};

/* The locks of this thread, in the order in which it took them. */
static _Thread_local const Lock *held[HELD_LIMIT];
static _Thread_local unsigned held_count;

/* Before the lock is taken, so that a breach is reported and does not deadlock. */
void
lock_check_taken(const Lock *lock)
{
    const Lock *last = held_count > 0 ? held[held_count - 1] : NULL;
    if (held_count == HELD_LIMIT || (last != NULL && last->rank >= lock->rank)) {
        fprintf(stderr, "lock order: the lock of %s is taken with that of %s held\n",
                guards[lock->rank], last != NULL ? guards[last->rank] : "nothing");
        abort();
    }
    held[held_count++] = lock;
}

void
lock_check_given(const Lock *lock)
{
    for (unsigned i = held_count; i-- > 0;)
        if (held[i] == lock) {
            for (held_count--; i < held_count; i++)
                held[i] = held[i + 1];
            return;
        }
    fprintf(stderr, "lock order: the lock of %s is released by a thread that does not hold it\n",
            guards[lock->rank]);
    abort();
}

void
lock_check_io(const char *what)
{
    if (held_count == 0)
        return;
    fprintf(stderr, "a thread that holds the lock of %s is about to %s\n",
            guards[held[held_count - 1]->rank], what);
    abort();
}

#endif
