/* The thread pool: which jobs it refuses, which it runs, in which order, with how many threads.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/pool.h"

#include "common/time_text.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#define LIMIT_S 60

/* Jobs wait here until the test lets them go; the test waits here for jobs. */
typedef struct Gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int inside, done;
    GArray *order; /* int */
} Gate;

static Gate *
gate_new(void)
{
    Gate *gate = g_new0(Gate, 1);
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    gate->order = g_array_new(false, false, sizeof(int));
    return gate;
}

static void
gate_free(Gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->changed);
    g_array_free(gate->order, true);
    g_free(gate);
}

static void
gate_open(Gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static void
wait_until(Gate *gate, const int *value, int wanted)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += LIMIT_S;
    int status = 0;
    pthread_mutex_lock(&gate->lock);
    while (*value < wanted && status == 0)
        status = pthread_cond_timedwait(&gate->changed, &gate->lock, &limit);
    int reached = *value;
    pthread_mutex_unlock(&gate->lock);
    assert_true(reached >= wanted);
}

static void
job_wait(void *data)
{
    Gate *gate = data;
    pthread_mutex_lock(&gate->lock);
    gate->inside++;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->lock);
    gate->inside--;
    gate->done++;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

typedef struct Numbered {
    Gate *gate;
    int number;
} Numbered;

static void
job_note(void *data)
{
    g_autofree Numbered *numbered = data;
    Gate *gate = numbered->gate;
    pthread_mutex_lock(&gate->lock);
    g_array_append_val(gate->order, numbered->number);
    gate->done++;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

static Numbered *
numbered(Gate *gate, int number)
{
    Numbered *data = g_new(Numbered, 1);
    *data = (Numbered){gate, number};
    return data;
}

static void
submit(Pool *pool, PoolJob job, void *data)
{
    g_autoptr(GError) error = NULL;
    if (!pool_submit(pool, job, data, &error))
        fail_msg("%s", error->message);
}

static void
refused(Pool *pool, Gate *gate)
{
    g_autoptr(GError) error = NULL;
    assert_false(pool_submit(pool, job_wait, gate, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    assert_true(steel_error_retryable(error));
    assert_int_equal(steel_error_info(error)->http_status, 503);
}

static void
takes_as_many_jobs_as_threads_and_queue_places_then_refuses(void **state)
{
    (void)state;
    for (unsigned queue_limit = 0; queue_limit < 3; queue_limit++) {
        Gate *gate = gate_new();
        Pool *pool = pool_new("test", 3, queue_limit);
        for (unsigned i = 0; i < 3 + queue_limit; i++)
            submit(pool, job_wait, gate);
        refused(pool, gate);
        wait_until(gate, &gate->inside, 3);
        refused(pool, gate);
        assert_int_equal(pool_busy(pool), 3);
        gate_open(gate);
        pool_free(pool);
        assert_int_equal(gate->done, 3 + queue_limit);
        gate_free(gate);
    }
}

static void
keeps_places_free_for_those_who_spare_none(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 3, 0);
    assert_true(pool_submit_sparing(pool, 1, job_wait, gate, &error));
    assert_true(pool_submit_sparing(pool, 1, job_wait, gate, &error));
    assert_false(pool_submit_sparing(pool, 1, job_wait, gate, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    submit(pool, job_wait, gate);
    refused(pool, gate);
    gate_open(gate);
    pool_free(pool);
    assert_int_equal(gate->done, 3);
    gate_free(gate);
}

static void
takes_jobs_again_after_it_was_full(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 1, 0);
    submit(pool, job_wait, gate);
    refused(pool, gate);
    gate_open(gate);
    wait_until(gate, &gate->done, 1);
    bool accepted = false; /* the thread may not have counted itself as idle yet */
    for (int i = 0; i < 1000000 && !accepted; i++)
        accepted = pool_submit(pool, job_wait, gate, NULL);
    assert_true(accepted);
    pool_free(pool);
    assert_int_equal(gate->done, 2);
    gate_free(gate);
}

static void
a_limit_of_no_threads_means_one(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("a name longer than fifteen characters", 0, 0);
    assert_int_equal(pool_thread_limit(pool), 1);
    submit(pool, job_note, numbered(gate, 7));
    pool_free(pool);
    assert_int_equal(gate->order->len, 1);
    gate_free(gate);
}

static void
one_thread_runs_jobs_in_the_order_they_came(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 1, 100);
    submit(pool, job_wait, gate);
    for (int i = 0; i < 100; i++)
        submit(pool, job_note, numbered(gate, i));
    gate_open(gate);
    pool_free(pool);
    assert_int_equal(gate->order->len, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(g_array_index(gate->order, int, i), i);
    gate_free(gate);
}

/* Defers five jobs and waits for them. False if this thread was delayed so long that their order
 * proves nothing. */
static bool
defer_five(Gate *gate)
{
    static const unsigned delays_ms[] = {500, 200, 350, 50, 200};
    Pool *pool = pool_new("test", 1, 0);
    int64_t begun = time_monotonic_ms();
    for (int i = 0; i < 5; i++)
        pool_submit_later(pool, delays_ms[i], job_note, numbered(gate, i));
    bool known = time_monotonic_ms() - begun < 100;
    wait_until(gate, &gate->done, 5);
    pool_free(pool);
    return known;
}

static void
deferred_jobs_run_when_due_in_the_order_of_time(void **state)
{
    static const int expected[] = {3, 1, 4, 2, 0};
    (void)state;
    Gate *gate = gate_new();
    while (!defer_five(gate)) {
        gate_free(gate);
        gate = gate_new();
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(g_array_index(gate->order, int, i), expected[i]);
    gate_free(gate);
}

static void
deferred_jobs_that_are_due_while_the_pool_is_full_run_afterwards(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 1, 0);
    submit(pool, job_wait, gate);
    for (int i = 0; i < 20; i++)
        pool_submit_later(pool, 0, job_note, numbered(gate, i));
    wait_until(gate, &gate->inside, 1);
    gate_open(gate);
    wait_until(gate, &gate->done, 21);
    for (int i = 0; i < 20; i++)
        assert_int_equal(g_array_index(gate->order, int, i), i);
    pool_free(pool);
    gate_free(gate);
}

static void
freeing_runs_what_is_queued_and_what_is_not_yet_due_in_order(void **state)
{
    static const unsigned hours[] = {3, 1, 2};
    static const int expected[] = {100, 1, 2, 0};
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 1, 4);
    submit(pool, job_wait, gate);
    submit(pool, job_note, numbered(gate, 100));
    for (int i = 0; i < 3; i++)
        pool_submit_later(pool, hours[i] * 3600 * 1000, job_note, numbered(gate, i));
    gate_open(gate);
    pool_free(pool);
    assert_int_equal(gate->order->len, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(g_array_index(gate->order, int, i), expected[i]);
    gate_free(gate);
}

/* A job that submits to the pool it runs in, as the conductor's do. */
typedef struct Chain {
    Pool *pool;
    Gate *gate;
    int left;
} Chain;

static void
job_chain(void *data)
{
    Chain *chain = data;
    pthread_mutex_lock(&chain->gate->lock);
    bool more = --chain->left > 0;
    if (!more)
        chain->gate->done = 1;
    pthread_cond_broadcast(&chain->gate->changed);
    pthread_mutex_unlock(&chain->gate->lock);
    if (more)
        pool_submit_later(chain->pool, 0, job_chain, chain);
}

static void
a_job_may_defer_its_own_continuation(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    Pool *pool = pool_new("test", 2, 0);
    Chain chain = {pool, gate, 200};
    submit(pool, job_chain, &chain);
    wait_until(gate, &gate->done, 1);
    pool_free(pool);
    assert_int_equal(chain.left, 0);
    gate_free(gate);
}

#define PRODUCERS 8
#define JOBS_EACH 2000

static atomic_int jobs_run;

static void
job_count(void *data)
{
    (void)data;
    atomic_fetch_add(&jobs_run, 1);
}

typedef struct Producer {
    Pool *pool;
    int accepted, refused, deferred;
    bool wrong_error;
} Producer;

static void *
produce(void *data)
{
    Producer *producer = data;
    for (int i = 0; i < JOBS_EACH; i++) {
        g_autoptr(GError) error = NULL;
        if (i % 10 == 0) {
            pool_submit_later(producer->pool, (unsigned)i % 7, job_count, NULL);
            producer->deferred++;
        } else if (pool_submit(producer->pool, job_count, NULL, &error)) {
            producer->accepted++;
        } else {
            producer->refused++;
            producer->wrong_error |= !steel_error_is(error, STEEL_ERROR_NO_WORKER);
        }
    }
    return NULL;
}

static void
every_job_taken_from_many_producers_runs_exactly_once(void **state)
{
    (void)state;
    atomic_store(&jobs_run, 0);
    Pool *pool = pool_new("test", 4, 16);
    pthread_t threads[PRODUCERS];
    Producer producers[PRODUCERS] = {0};
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i].pool = pool;
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    int expected = 0;
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(threads[i], NULL);
        expected += producers[i].accepted + producers[i].deferred;
        assert_false(producers[i].wrong_error);
        assert_int_equal(producers[i].accepted + producers[i].deferred + producers[i].refused,
                         JOBS_EACH);
    }
    pool_free(pool);
    assert_int_equal(atomic_load(&jobs_run), expected);
}

static pthread_key_t own_key;
/* unguarded on purpose: pool_free must order it before the test's read */
static int owned_ended;

/* Runs for long, so that a pool that does not wait for it is caught. */
static void
end_owned(void *data)
{
    int64_t end = time_monotonic_ms() + 20;
    while (time_monotonic_ms() < end)
        sched_yield();
    pthread_mutex_t *lock = data;
    pthread_mutex_lock(lock);
    owned_ended++;
    pthread_mutex_unlock(lock);
}

static void
job_own(void *data)
{
    Gate *gate = data;
    pthread_setspecific(own_key, &gate->lock);
    job_wait(gate);
}

static void
what_threads_keep_for_themselves_is_gone_when_the_pool_is(void **state)
{
    (void)state;
    Gate *gate = gate_new();
    assert_int_equal(pthread_key_create(&own_key, end_owned), 0);
    Pool *pool = pool_new("test", 3, 0);
    for (int i = 0; i < 3; i++)
        submit(pool, job_own, gate);
    wait_until(gate, &gate->inside, 3);
    gate_open(gate);
    pool_free(pool);
    assert_int_equal(owned_ended, 3);
    pthread_key_delete(own_key);
    gate_free(gate);
}

static void
finishing_gives_up_at_its_limit_and_succeeds_when_the_jobs_have_ended(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    Gate *gate = gate_new();
    Pool *pool = pool_new("finish", 2, 0);
    assert_true(pool_submit(pool, job_wait, gate, &error));
    wait_until(gate, &gate->inside, 1);
    assert_false(pool_finish(pool, 1));
    assert_int_equal(pool_busy(pool), 1);
    assert_false(pool_submit(pool, job_wait, gate,
                             &error)); /* no new work, whether the old jobs end or not */
    assert_true(steel_error_is(error, STEEL_ERROR_NO_WORKER));
    gate_open(gate);
    assert_true(pool_finish(pool, 0));
    pool_free(pool);
    gate_free(gate);
}

typedef struct Worker {
    Gate *gate;
    pthread_t thread;
} Worker;

static void
job_tell_thread(void *data)
{
    Worker *worker = data;
    worker->thread = pthread_self();
    job_wait(worker->gate);
}

static void
wait_until_busy(Pool *pool, unsigned wanted)
{
    int64_t limit = time_monotonic_ms() + LIMIT_S * 1000;
    while (pool_busy(pool) != wanted && time_monotonic_ms() < limit)
        sched_yield();
    assert_int_equal(pool_busy(pool), wanted);
}

/* The other threads may end then, and free what they kept. */
static void
the_thread_that_worked_last_gets_the_next_job(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    Pool *pool = pool_new("test", THREADS, 0);
    Worker workers[THREADS], next;
    for (int i = 0; i < THREADS; i++) {
        workers[i].gate = gate_new();
        submit(pool, job_tell_thread, &workers[i]);
        wait_until(workers[i].gate, &workers[i].gate->inside, 1);
    }
    static const int order[THREADS] = {2, 0, 1};
    for (unsigned i = 0; i < THREADS; i++) {
        gate_open(workers[order[i]].gate);
        wait_until_busy(pool, THREADS - 1 - i);
    }
    next.gate = gate_new();
    gate_open(next.gate);
    for (int i = 0; i < 10; i++) {
        submit(pool, job_tell_thread, &next);
        wait_until(next.gate, &next.gate->done, i + 1);
        wait_until_busy(pool, 0);
        assert_true(pthread_equal(next.thread, workers[1].thread));
    }
    pool_free(pool);
    for (int i = 0; i < THREADS; i++)
        gate_free(workers[i].gate);
    gate_free(next.gate);
}

static void
freeing_nothing_is_fine(void **state)
{
    (void)state;
    pool_free(NULL);
    pool_free(pool_new("unused", 4, 4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_as_many_jobs_as_threads_and_queue_places_then_refuses),
        cmocka_unit_test(keeps_places_free_for_those_who_spare_none),
        cmocka_unit_test(takes_jobs_again_after_it_was_full),
        cmocka_unit_test(a_limit_of_no_threads_means_one),
        cmocka_unit_test(one_thread_runs_jobs_in_the_order_they_came),
        cmocka_unit_test(deferred_jobs_run_when_due_in_the_order_of_time),
        cmocka_unit_test(deferred_jobs_that_are_due_while_the_pool_is_full_run_afterwards),
        cmocka_unit_test(freeing_runs_what_is_queued_and_what_is_not_yet_due_in_order),
        cmocka_unit_test(a_job_may_defer_its_own_continuation),
        cmocka_unit_test(every_job_taken_from_many_producers_runs_exactly_once),
        cmocka_unit_test(what_threads_keep_for_themselves_is_gone_when_the_pool_is),
        cmocka_unit_test(finishing_gives_up_at_its_limit_and_succeeds_when_the_jobs_have_ended),
        cmocka_unit_test(the_thread_that_worked_last_gets_the_next_job),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
