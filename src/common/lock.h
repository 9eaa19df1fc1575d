/* Mutexes that the compiler and the tests check. clang's -Wthread-safety checks which locks are
 * held: a function that needs a lock says so (REQUIRES), and a member that a lock guards is marked
 * (GUARDED). In builds with a sanitizer, locks must also be taken in the order of lock_ranks.def,
 * and no lock may be held where a thread may block (lock_check_io): a breach ends the program with
 * a sentence.
 *
 * A lock is held for microseconds, to read or change a queue or a map. No thread waits for a disk,
 * a network or a process while it holds one. Threads are pthreads, so that ThreadSanitizer sees
 * them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __clang__
#define LOCK_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define LOCK_ATTRIBUTE(...)
#endif

/* On functions: the caller holds the lock, or must not hold it. */
#define REQUIRES(...) LOCK_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) LOCK_ATTRIBUTE(locks_excluded(__VA_ARGS__))
/* On functions that take a lock and return with it, or give it back. */
#define ACQUIRES(...) LOCK_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASES(...) LOCK_ATTRIBUTE(release_capability(__VA_ARGS__))
/* On members: read and written with the struct's lock only. C has no way to name the lock here, so
 * any lock satisfies the compiler. On globals, GUARDED_BY names it. */
#define GUARDED LOCK_ATTRIBUTE(guarded_var)
#define GUARDED_BY(lock) LOCK_ATTRIBUTE(guarded_by(lock))
/* On functions that make or free what the lock guards: no other thread knows it then. */
#define UNSHARED LOCK_ATTRIBUTE(no_thread_safety_analysis)

typedef enum LockRank {
#define LOCK_RANK(name, guards) LOCK_RANK_##name,
#include "common/lock_ranks.def"
#undef LOCK_RANK
    LOCK_RANK_COUNT
} LockRank;

typedef struct LOCK_ATTRIBUTE(capability("mutex")) Lock {
    pthread_mutex_t mutex;
    LockRank rank;
} Lock;

/* For static locks: static Lock lock = LOCK_INITIALIZER(POLICY); */
#define LOCK_INITIALIZER(name) {PTHREAD_MUTEX_INITIALIZER, LOCK_RANK_##name}

void lock_init(Lock *lock, LockRank rank);
void lock_destroy(Lock *lock);

#ifdef STEEL_CHECK_LOCKS
void lock_check_taken(const Lock *lock);
void lock_check_given(const Lock *lock);
/* Ends the program when this thread holds a lock. what: what it is about to do, "ask the
 * database". */
void lock_check_io(const char *what);
#else
#define lock_check_taken(lock) ((void)0)
#define lock_check_given(lock) ((void)0)
#define lock_check_io(what) ((void)0)
#endif

static inline void lock_acquire(Lock *lock) ACQUIRES(lock);
static inline void lock_release(Lock *lock) RELEASES(lock);

static inline void UNSHARED
lock_acquire(Lock *lock)
{
    lock_check_taken(lock);
    pthread_mutex_lock(&lock->mutex);
}

static inline void UNSHARED
lock_release(Lock *lock)
{
    lock_check_given(lock);
    pthread_mutex_unlock(&lock->mutex);
}

/* Makes a condition whose waits end by the monotonic clock. */
void lock_condition_init(pthread_cond_t *condition);

/* Waits for a signal. The lock is free meanwhile, and a wait may end without a signal: check the
 * condition again. */
static inline void lock_wait(Lock *lock, pthread_cond_t *condition) REQUIRES(lock);

static inline void UNSHARED
lock_wait(Lock *lock, pthread_cond_t *condition)
{
    pthread_cond_wait(condition, &lock->mutex);
}

/* The same, at most until `limit_ms` of the monotonic clock (time_monotonic_ms). False: the time is
 * up. */
bool lock_wait_until(Lock *lock, pthread_cond_t *condition, int64_t limit_ms) REQUIRES(lock);
