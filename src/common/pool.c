/* The thread pool; the contract is in pool.h. One mutex guards the queues and counts and is never
 * held while a job runs. A separate timer thread moves deferred jobs into the queue when they are
 * due.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/pool.h"
#include "common/lock.h"

#include "common/time_text.h"

#include <pthread.h>

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
    Lock lock;
    pthread_cond_t done;       /* a thread ended */
    pthread_cond_t timer_wake; /* deferred changed, or stopping */
    Rest *top GUARDED;    /* the thread that rests for the shortest time; it gets the next job */
    GQueue queue GUARDED; /* Job, owned */
    GSequence *deferred GUARDED;     /* Job, owned, by due time */
    uint64_t deferred_count GUARDED; /* since the start */
    unsigned threads GUARDED;        /* started and not ended */
    unsigned idle GUARDED;           /* of these: have no job and will check the queue */
    bool stopping GUARDED, timer_running GUARDED;
    pthread_t timer; /* exists while timer_running is set; joined by the thread that resets that */
    bool has_ended GUARDED;       /* a thread has called pool_finish */
    pthread_t last_ended GUARDED; /* not joined yet; it joins the one that ended before it */
};

UNSHARED Pool *
pool_new(const char *name, unsigned thread_limit, unsigned queue_limit)
{
    Pool *pool = g_new0(Pool, 1);
    g_strlcpy(pool->name, name, sizeof pool->name);
    pool->thread_limit = MAX(thread_limit, 1);
    pool->queue_limit = queue_limit;
    lock_init(&pool->lock, LOCK_RANK_POOL);
    lock_condition_init(&pool->done);
    lock_condition_init(&pool->timer_wake);
    g_queue_init(&pool->queue);
    pool->deferred = g_sequence_new(NULL);
    return pool;
}

/* The last to rest is the first to work: a few threads stay warm, the others come to the end of
 * their time and give back what they kept. */
static void wake_one(Pool *pool) REQUIRES(pool->lock);

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

static void pool_thread_rest(Pool *pool, Rest *rest) REQUIRES(pool->lock);

static void
pool_thread_rest(Pool *pool, Rest *rest)
{
    if (rest->resting)
        return;
    rest->below = pool->top;
    rest->resting = true;
    pool->top = rest;
}

static void pool_thread_rise(Pool *pool, Rest *rest) REQUIRES(pool->lock);

static void
pool_thread_rise(Pool *pool, Rest *rest)
{
    if (!rest->resting)
        return;
    Rest **place = &pool->top;
    while (*place != rest)
        place = &(*place)->below;
    *place = rest->below;
    rest->resting = false;
}

/* Waits for a job; NULL: this thread must end. The thread counts as idle before. */
static Job *next_job(Pool *pool, Rest *rest) REQUIRES(pool->lock);

static Job *
next_job(Pool *pool, Rest *rest)
{
    int64_t limit_ms = time_monotonic_ms() + IDLE_LIMIT_S * 1000;
    while (g_queue_is_empty(&pool->queue) && !pool->stopping) {
        pool_thread_rest(pool, rest);
        if (!lock_wait_until(&pool->lock, &rest->woken, limit_ms))
            break;
    }
    pool_thread_rise(pool, rest);
    pool->idle--;
    return g_queue_pop_head(&pool->queue);
}

/* A thread joins the one that ended before it, and pool_free joins the last: so, when the pool is
 * freed, its threads have freed what they kept (a connection to the database, say). */
static void *
pool_worker_main(void *data)
{
    Pool *pool = data;
    Rest rest = {0};
    lock_condition_init(&rest.woken);
    lock_acquire(&pool->lock);
    for (Job *job; (job = next_job(pool, &rest)) != NULL;) {
        lock_release(&pool->lock);
        job->run(job->data);
        g_free(job);
        lock_acquire(&pool->lock);
        pool->idle++;
    }
    bool join = pool->has_ended;
    pthread_t previous = pool->last_ended;
    pool->has_ended = true;
    pool->last_ended = pthread_self();
    pool->threads--;
    pthread_cond_broadcast(&pool->done);
    lock_release(&pool->lock);
    pthread_cond_destroy(&rest.woken);
    if (join)
        pthread_join(previous, NULL);
    return NULL;
}

/* Starts a thread, idle until it has taken a job. */
static bool start_worker(Pool *pool) REQUIRES(pool->lock);

static bool
start_worker(Pool *pool)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, pool_worker_main, pool) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        pool->threads++;
        pool->idle++;
        pthread_setname_np(thread, pool->name);
    }
    return started;
}

/* Queues a job and sees that a thread will take it. */
static void enqueue(Pool *pool, Job *job) REQUIRES(pool->lock);

static void
enqueue(Pool *pool, Job *job)
{
    g_queue_push_tail(&pool->queue, job);
    if (pool->queue.length > pool->idle && pool->threads < pool->thread_limit)
        start_worker(pool);
    wake_one(pool);
}

static bool has_room(const Pool *pool, unsigned spare) REQUIRES(pool->lock);

static bool
has_room(const Pool *pool, unsigned spare)
{
    unsigned places = pool->idle + (pool->thread_limit - pool->threads) + pool->queue_limit;
    return !pool->stopping && pool->queue.length + spare < places;
}

bool
pool_submit(Pool *pool, PoolJob job, void *data, GError **error)
{
    return pool_submit_sparing(pool, 0, job, data, error);
}

bool
pool_submit_sparing(Pool *pool, unsigned spare, PoolJob job, void *data, GError **error)
{
    Job *entry = g_new(Job, 1);
    *entry = (Job){.run = job, .data = data};
    lock_acquire(&pool->lock);
    bool accepted = has_room(pool, spare);
    if (accepted)
        enqueue(pool, entry);
    bool stopping = pool->stopping;
    lock_release(&pool->lock);
    if (accepted)
        return true;
    g_free(entry);
    return steel_fail(error, STEEL_ERROR_NO_WORKER, "%s: %s", pool->name,
                      stopping ? "the service is stopping"
                               : "all workers are busy; try again in a few seconds");
}

/* Moves due jobs to the queue; returns when the next one is due (monotonic ms), or -1. */
static int64_t release_due(Pool *pool) REQUIRES(pool->lock);

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
pool_timer_main(void *data)
{
    Pool *pool = data;
    lock_acquire(&pool->lock);
    for (;;) {
        int64_t next = release_due(pool);
        if (pool->stopping)
            break;
        if (next < 0)
            lock_wait(&pool->lock, &pool->timer_wake);
        else
            lock_wait_until(&pool->lock, &pool->timer_wake, next);
    }
    lock_release(&pool->lock);
    return NULL;
}

void
pool_submit_later(Pool *pool, unsigned delay_ms, PoolJob job, void *data)
{
    Job *entry = g_new(Job, 1);
    *entry = (Job){.run = job, .data = data, .due_ms = time_monotonic_ms() + delay_ms};
    lock_acquire(&pool->lock);
    if (!pool->timer_running && !pool->stopping)
        pool->timer_running = pthread_create(&pool->timer, NULL, pool_timer_main, pool) == 0;
    if (pool->timer_running && !pool->stopping) {
        entry->number = pool->deferred_count++;
        g_sequence_insert_sorted(pool->deferred, entry, compare_due, NULL);
        pthread_cond_signal(&pool->timer_wake);
    } else {
        enqueue(pool, entry);
    }
    lock_release(&pool->lock);
}

unsigned
pool_busy(Pool *pool)
{
    lock_acquire(&pool->lock);
    unsigned busy = pool->threads - pool->idle;
    lock_release(&pool->lock);
    return busy;
}

unsigned
pool_thread_limit(const Pool *pool)
{
    return pool->thread_limit;
}

static bool wait_for_threads(Pool *pool, unsigned limit_ms) REQUIRES(pool->lock);

static bool
wait_for_threads(Pool *pool, unsigned limit_ms)
{
    int64_t until_ms = time_monotonic_ms() + limit_ms;
    while (pool->threads > 0)
        if (limit_ms == 0)
            lock_wait(&pool->lock, &pool->done);
        else if (!lock_wait_until(&pool->lock, &pool->done, until_ms))
            break;
    return pool->threads == 0;
}

bool
pool_finish(Pool *pool, unsigned limit_ms)
{
    lock_acquire(&pool->lock);
    pool->stopping = true;
    bool timer = pool->timer_running;
    pool->timer_running = false;
    pthread_cond_broadcast(&pool->timer_wake);
    lock_release(&pool->lock);
    if (timer)
        pthread_join(pool->timer, NULL);
    lock_acquire(&pool->lock);
    while (pool->top != NULL)
        wake_one(pool);
    bool ended = wait_for_threads(pool, limit_ms);
    lock_release(&pool->lock);
    return ended;
}

UNSHARED void
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
    lock_destroy(&pool->lock);
    g_free(pool);
}
