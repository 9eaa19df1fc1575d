/* The thread pool; the contract is in pool.h. One mutex guards the queues and counts and is never held while a job
 * runs. A separate timer thread moves deferred jobs into the queue when they are due.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/pool.h"

#include "common/time_text.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define IDLE_LIMIT_S 60
#define STACK_SIZE (512 * 1024)

typedef struct Job {
    PoolJob run;
    void *data;
    int64_t due_ms;  /* monotonic; only for deferred jobs */
    uint64_t number; /* of deferred jobs: those due at the same time keep their order */
} Job;

/* A thread without work; lives on that thread's stack. */
typedef struct Rest {
    pthread_cond_t woken;
    struct Rest *below;
    bool resting; /* on the stack of the pool */
} Rest;

struct Pool {
    char name[16];
    unsigned thread_limit, queue_limit;
    pthread_mutex_t lock;      /* guards everything below */
    Rest *top;                 /* the thread that has rested least; it is the first to get work */
    pthread_cond_t done;       /* a thread ended */
    pthread_cond_t timer_wake; /* deferred changed, or stopping */
    GQueue queue;              /* Job, owned */
    GSequence *deferred;       /* Job, owned, by due time */
    uint64_t deferred_count;   /* since the start */
    unsigned threads;          /* started and not ended */
    unsigned idle;             /* of these: have no job and will look at the queue */
    bool stopping, timer_running;
    pthread_t timer;
    bool has_ended;       /* some thread has */
    pthread_t last_ended; /* not joined yet; it joins the one that ended before it */
};

static void
condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

Pool *
pool_new(const char *name, unsigned thread_limit, unsigned queue_limit)
{
    Pool *pool = g_new0(Pool, 1);
    g_strlcpy(pool->name, name, sizeof pool->name);
    pool->thread_limit = MAX(thread_limit, 1);
    pool->queue_limit = queue_limit;
    pthread_mutex_init(&pool->lock, NULL);
    condition_init(&pool->done);
    condition_init(&pool->timer_wake);
    g_queue_init(&pool->queue);
    pool->deferred = g_sequence_new(NULL);
    return pool;
}

static struct timespec
monotonic_timespec(int64_t milliseconds)
{
    return (struct timespec){.tv_sec = milliseconds / 1000,
                             .tv_nsec = milliseconds % 1000 * 1000000};
}

/* The last to rest is the first to work: a few threads stay warm, the others come to the end of their time and give
 * back what they kept. With the lock held, as all below. */
static void
wake_one(Pool *pool)
{
    Rest *rest = pool->top;
    if (rest == NULL)
        return;
    pool->top = rest->below;
    rest->resting = false;
    pthread_cond_signal(&rest->woken);
}

static void
lie_down(Pool *pool, Rest *rest)
{
    if (rest->resting)
        return;
    rest->below = pool->top;
    rest->resting = true;
    pool->top = rest;
}

static void
get_up(Pool *pool, Rest *rest)
{
    if (!rest->resting)
        return;
    Rest **place = &pool->top;
    while (*place != rest)
        place = &(*place)->below;
    *place = rest->below;
    rest->resting = false;
}

/* Waits for a job; NULL: this thread shall end. The thread is counted as idle before. */
static Job *
next_job(Pool *pool, Rest *rest)
{
    struct timespec limit = monotonic_timespec(time_monotonic_ms() + IDLE_LIMIT_S * 1000);
    while (g_queue_is_empty(&pool->queue) && !pool->stopping) {
        lie_down(pool, rest);
        if (pthread_cond_timedwait(&rest->woken, &pool->lock, &limit) == ETIMEDOUT)
            break;
    }
    get_up(pool, rest);
    pool->idle--;
    return g_queue_pop_head(&pool->queue);
}

/* A thread joins the one that ended before it, pool_free the last: when the pool is gone, so is all that its threads
 * kept for themselves (a connection to the database, say), not only their last job. */
static void *
worker_main(void *data)
{
    Pool *pool = data;
    Rest rest = {0};
    condition_init(&rest.woken);
    pthread_mutex_lock(&pool->lock);
    for (Job *job; (job = next_job(pool, &rest)) != NULL;) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job->data);
        g_free(job);
        pthread_mutex_lock(&pool->lock);
        pool->idle++;
    }
    bool join = pool->has_ended;
    pthread_t previous = pool->last_ended;
    pool->has_ended = true;
    pool->last_ended = pthread_self();
    pool->threads--;
    pthread_cond_broadcast(&pool->done);
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_destroy(&rest.woken);
    if (join)
        pthread_join(previous, NULL);
    return NULL;
}

/* Starts a thread, idle until it has taken a job; with the lock held. */
static bool
start_worker(Pool *pool)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, worker_main, pool) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        pool->threads++;
        pool->idle++;
        pthread_setname_np(thread, pool->name);
    }
    return started;
}

/* Queues a job and sees that a thread will take it; with the lock held. */
static void
enqueue(Pool *pool, Job *job)
{
    g_queue_push_tail(&pool->queue, job);
    if (pool->queue.length > pool->idle && pool->threads < pool->thread_limit)
        start_worker(pool);
    wake_one(pool);
}

static bool
has_room(const Pool *pool)
{
    unsigned spare = pool->idle + (pool->thread_limit - pool->threads) + pool->queue_limit;
    return !pool->stopping && pool->queue.length < spare;
}

bool
pool_submit(Pool *pool, PoolJob job, void *data, GError **error)
{
    Job *entry = g_new(Job, 1);
    *entry = (Job){.run = job, .data = data};
    pthread_mutex_lock(&pool->lock);
    bool accepted = has_room(pool);
    if (accepted)
        enqueue(pool, entry);
    bool stopping = pool->stopping;
    pthread_mutex_unlock(&pool->lock);
    if (accepted)
        return true;
    g_free(entry);
    return steel_fail(error, STEEL_ERROR_NO_WORKER, "%s: %s", pool->name,
                      stopping ? "the service is stopping"
                               : "all workers are busy; try again in a few seconds");
}

/* Moves due jobs to the queue; returns when the next one is due (monotonic ms), or -1. With the lock held. */
static int64_t
release_due(Pool *pool)
{
    int64_t now = time_monotonic_ms();
    while (!g_sequence_is_empty(pool->deferred)) {
        GSequenceIter *first = g_sequence_get_begin_iter(pool->deferred);
        Job *job = g_sequence_get(first);
        if (job->due_ms > now && !pool->stopping)
            return job->due_ms;
        g_sequence_remove(first);
        enqueue(pool, job);
    }
    return -1;
}

static int
compare_due(const void *a, const void *b, void *user_data)
{
    const Job *left = a, *right = b;
    (void)user_data;
    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static void *
timer_main(void *data)
{
    Pool *pool = data;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        int64_t next = release_due(pool);
        if (pool->stopping)
            break;
        if (next < 0) {
            pthread_cond_wait(&pool->timer_wake, &pool->lock);
        } else {
            struct timespec limit = monotonic_timespec(next);
            pthread_cond_timedwait(&pool->timer_wake, &pool->lock, &limit);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

void
pool_submit_later(Pool *pool, unsigned delay_ms, PoolJob job, void *data)
{
    Job *entry = g_new(Job, 1);
    *entry = (Job){.run = job, .data = data, .due_ms = time_monotonic_ms() + delay_ms};
    pthread_mutex_lock(&pool->lock);
    if (!pool->timer_running && !pool->stopping)
        pool->timer_running = pthread_create(&pool->timer, NULL, timer_main, pool) == 0;
    if (pool->timer_running && !pool->stopping) {
        entry->number = pool->deferred_count++;
        g_sequence_insert_sorted(pool->deferred, entry, compare_due, NULL);
        pthread_cond_signal(&pool->timer_wake);
    } else {
        enqueue(pool, entry);
    }
    pthread_mutex_unlock(&pool->lock);
}

unsigned
pool_busy(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    unsigned busy = pool->threads - pool->idle;
    pthread_mutex_unlock(&pool->lock);
    return busy;
}

unsigned
pool_thread_limit(const Pool *pool)
{
    return pool->thread_limit;
}

/* With the lock held. */
static bool
wait_for_threads(Pool *pool, unsigned limit_ms)
{
    struct timespec limit = monotonic_timespec(time_monotonic_ms() + limit_ms);
    while (pool->threads > 0)
        if (limit_ms == 0)
            pthread_cond_wait(&pool->done, &pool->lock);
        else if (pthread_cond_timedwait(&pool->done, &pool->lock, &limit) == ETIMEDOUT)
            break;
    return pool->threads == 0;
}

bool
pool_finish(Pool *pool, unsigned limit_ms)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    bool timer = pool->timer_running;
    pool->timer_running = false;
    pthread_cond_broadcast(&pool->timer_wake);
    pthread_mutex_unlock(&pool->lock);
    if (timer)
        pthread_join(pool->timer, NULL);
    pthread_mutex_lock(&pool->lock);
    while (pool->top != NULL)
        wake_one(pool);
    bool ended = wait_for_threads(pool, limit_ms);
    pthread_mutex_unlock(&pool->lock);
    return ended;
}

void
pool_free(Pool *pool)
{
    if (pool == NULL || !pool_finish(pool, 0))
        return;
    if (pool->has_ended)
        pthread_join(pool->last_ended, NULL);
    while (!g_queue_is_empty(&pool->queue)) { /* no thread could be started for these */
        g_autofree Job *job = g_queue_pop_head(&pool->queue);
        job->run(job->data);
    }
    g_sequence_free(pool->deferred);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->timer_wake);
    pthread_mutex_destroy(&pool->lock);
    g_free(pool);
}
