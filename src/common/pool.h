/* A bounded pool of threads for work that may block: API requests that touch the database, conductor work that waits
 * for a BMC. Full means full: a job that finds no thread and no queue place is refused at once, so that the caller can
 * say 503; nothing waits in an endless queue.
 *
 * Owned by whoever made it; all functions but pool_free may be called from any thread.
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
 * thread_limit   threads are started as work asks for them, up to this many, and end after a minute without work; the
 *                one that worked last gets the next job, so that those of a busy hour do end
 * queue_limit    jobs that may wait while all threads are busy; 0: none */
Pool *pool_new(const char *name, unsigned thread_limit, unsigned queue_limit);

/* Hands a job to the pool; `data` belongs to the job from then on. NO_WORKER when the pool is full or stopping. */
bool pool_submit(Pool *pool, PoolJob job, void *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a job after a delay (milliseconds), then like pool_submit, but waiting in the queue whatever its limit is: a
 * deferred job was promised already. So whoever defers jobs bounds them: one of a kind, one for each thing that is locked,
 * or a count. Jobs not yet due when the pool is freed are run at once, so that they can give up
 * what they hold. */
void pool_submit_later(Pool *pool, unsigned delay_ms, PoolJob job, void *data);

/* Threads that are working at this moment. */
unsigned pool_busy(Pool *pool);
unsigned pool_thread_limit(const Pool *pool);

/* Takes no more work, runs what is queued, and waits at most so long (0: for ever) until every job has ended. False: some
 * are still at it, and the pool must not be freed. May be called again. */
bool pool_finish(Pool *pool, unsigned limit_ms) G_GNUC_WARN_UNUSED_RESULT;

/* Runs what is queued, waits for all jobs, joins all threads, frees. NULL is fine. */
void pool_free(Pool *pool);
