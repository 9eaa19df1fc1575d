/* Pauses between tries: they grow, end at the limit, and can be stopped. No test measures how long
 * they take.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "common/backoff.h"
#include "common/time_text.h"

static void
pauses_double_up_to_the_longest(void **state)
{
    Backoff backoff = {.pause_ms = 1, .longest_ms = 5};
    (void)state;
    assert_true(backoff_pause(&backoff));
    assert_int_equal(backoff.pause_ms, 2);
    assert_true(backoff_pause(&backoff));
    assert_int_equal(backoff.pause_ms, 4);
    assert_true(backoff_pause(&backoff));
    assert_int_equal(backoff.pause_ms, 5);
    assert_true(backoff_pause(&backoff));
    assert_int_equal(backoff.pause_ms, 5);
}

static void
no_pause_goes_beyond_the_limit(void **state)
{
    int64_t limit_ms = time_monotonic_ms() + 20;
    Backoff backoff = {.pause_ms = 3600 * 1000, .longest_ms = 3600 * 1000, .limit_ms = limit_ms};
    (void)state;
    assert_true(backoff_pause(&backoff)); /* the test's time limit is far below an hour */
    assert_true(time_monotonic_ms() >= limit_ms);
    assert_false(backoff_pause(&backoff));
    assert_false(backoff_pause(&backoff));
}

static void *
set_flag(void *flag)
{
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

static void
a_pause_ends_when_it_is_stopped(void **state)
{
    atomic_bool stop = false;
    Backoff backoff = {.pause_ms = 3600 * 1000, .longest_ms = 3600 * 1000, .stop = &stop};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, set_flag, &stop), 0);
    assert_false(backoff_pause(&backoff));
    pthread_join(thread, NULL);
    assert_false(backoff_pause(&backoff));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_longest),
        cmocka_unit_test(no_pause_goes_beyond_the_limit),
        cmocka_unit_test(a_pause_ends_when_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
