/* SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/time_text.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct Counter {
    Lock lock;
    pthread_cond_t changed;
    unsigned count GUARDED;
} Counter;

static void *
count_to_thousand(void *data)
{
    Counter *counter = data;
    for (int i = 0; i < 1000; i++) {
        lock_acquire(&counter->lock);
        counter->count++;
        pthread_cond_broadcast(&counter->changed);
        lock_release(&counter->lock);
    }
    return NULL;
}

static void
threads_that_share_a_counter_lose_nothing(void **state)
{
    (void)state;
    Counter counter = {.count = 0};
    pthread_t threads[4];
    lock_init(&counter.lock, LOCK_RANK_POOL);
    lock_condition_init(&counter.changed);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_to_thousand, &counter), 0);
    lock_acquire(&counter.lock);
    while (counter.count < 4000)
        lock_wait(&counter.lock, &counter.changed);
    lock_release(&counter.lock);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&counter.changed);
    lock_destroy(&counter.lock);
}

static void
a_wait_ends_at_its_limit(void **state)
{
    (void)state;
    Counter counter = {.count = 0};
    lock_init(&counter.lock, LOCK_RANK_POOL);
    lock_condition_init(&counter.changed);
    int64_t limit_ms = time_monotonic_ms() + 20;
    lock_acquire(&counter.lock);
    while (lock_wait_until(&counter.lock, &counter.changed, limit_ms))
        continue; /* a spurious wakeup */
    lock_release(&counter.lock);
    assert_true(time_monotonic_ms() >= limit_ms);
    pthread_cond_destroy(&counter.changed);
    lock_destroy(&counter.lock);
}

#ifdef STEEL_CHECK_LOCKS

static Lock outer = LOCK_INITIALIZER(POOL);
static Lock inner = LOCK_INITIALIZER(METRICS);

/* The output of a child on stderr before SIGABRT ends it. */
static void
assert_ends_with(void (*act)(void), const char *words)
{
    int ends[2];
    char text[512] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        act();
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    for (ssize_t got; (got = read(ends[0], text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)got;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(text, words));
}

static void UNSHARED
take_against_the_order(void)
{
    lock_acquire(&inner);
    lock_acquire(&outer);
}

static void UNSHARED
give_what_is_not_held(void)
{
    lock_release(&outer);
}

static void UNSHARED
block_with_a_lock(void)
{
    lock_acquire(&outer);
    lock_check_io("ask the database");
}

static void
locks_taken_against_the_order_end_the_program(void **state)
{
    (void)state;
    assert_ends_with(take_against_the_order, "lock order: the lock of the queues and threads");
}

static void
a_lock_that_is_not_held_cannot_be_given_back(void **state)
{
    (void)state;
    assert_ends_with(give_what_is_not_held, "is released by a thread that does not hold it");
}

static void
blocking_with_a_lock_ends_the_program(void **state)
{
    (void)state;
    assert_ends_with(block_with_a_lock, "is about to ask the database");
}

#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_share_a_counter_lose_nothing),
        cmocka_unit_test(a_wait_ends_at_its_limit),
#ifdef STEEL_CHECK_LOCKS
        cmocka_unit_test(locks_taken_against_the_order_end_the_program),
        cmocka_unit_test(a_lock_that_is_not_held_cannot_be_given_back),
        cmocka_unit_test(blocking_with_a_lock_ends_the_program),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
