/* A bounded pool of threads for work that may block: API requests that touch the database,
 * conductor work that waits for a BMC. A full pool refuses a job at once, so that the caller can
 * answer 503: no queue is endless.
 *
 * The caller of pool_new owns it. Any thread may call all functions but pool_free.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stddef.h>

typedef struct Pool Pool;
typedef void (*PoolJob)(void *data);

/* Makes a pool.
 *
 * name           for thread names and messages, at most 15 characters
 * thread_limit   threads start on demand, up to this many, and end after a minute without work. The
 *                thread that worked last gets the next job, so that surplus threads do end
 * queue_limit    jobs that may wait while all threads are busy; 0: none */
Pool *pool_new(const char *name, unsigned thread_limit, unsigned queue_limit);

/* Hands a job to the pool; `data` belongs to the job from then on. NO_WORKER when the pool is full
 * or stopping. */
bool pool_submit(Pool *pool, PoolJob job, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same, but keeps `spare` places free for jobs that pool_submit brings. */
bool pool_submit_sparing(Pool *pool, unsigned spare, PoolJob job, void *data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a job after a delay (milliseconds). It then waits in the queue even if that is full, since
 * it was accepted already: callers bound the number of their deferred jobs themselves. Jobs that
 * are not due when the pool is freed run at once, so that they can release what they hold. */
void pool_submit_later(Pool *pool, unsigned delay_ms, PoolJob job, void *data);

/* Threads that are working at this moment. */
unsigned pool_busy(Pool *pool);
unsigned pool_thread_limit(const Pool *pool);

/* Takes no more work, runs what is queued, and waits until every job has ended, at most limit_ms
 * (0: forever). False: some still run, and the pool must not be freed. May be called again. */
bool pool_finish(Pool *pool, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;

/* Runs what is queued, waits for all jobs, joins all threads, frees. NULL is fine. */
void pool_free(Pool *pool);
