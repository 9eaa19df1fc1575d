/* The time of deadlines does not follow a wall clock that is set.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/steady.h"
#include "common/time_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR_MS 3600000
#define LITTLE_MS 60000 /* how long a busy machine may delay a test */

static void
assert_near(int64_t value, int64_t expected)
{
    if (llabs(value - expected) > LITTLE_MS)
        fail_msg("%lld is not near %lld", (long long)value, (long long)expected);
}

static int
wall_clock_is_right(void **state)
{
    (void)state;
    time_test_set_ahead(0);
    steady_resume(0, 0);
    return 0;
}

static void
it_starts_as_the_wall_clock(void **state)
{
    (void)state;
    assert_near(steady_now_ms(), time_now_ms());
    assert_near(steady_skew_ms(), 0);
}

static void
a_clock_that_is_set_moves_it_neither_ahead_nor_back(void **state)
{
    (void)state;
    int64_t before = steady_now_ms();
    time_test_set_ahead(HOUR_MS);
    assert_near(steady_now_ms(), before);
    assert_near(steady_skew_ms(), -HOUR_MS);
    time_test_set_ahead(-HOUR_MS);
    assert_near(steady_now_ms(), before);
    assert_near(steady_skew_ms(), HOUR_MS);
}

static void
the_next_process_continues_it(void **state)
{
    (void)state;
    int64_t before = steady_now_ms();
    time_test_set_ahead(HOUR_MS);
    steady_resume(steady_skew_ms(), before);
    assert_near(steady_now_ms(), before);
}

static void
it_does_not_fall_behind_when_the_clock_was_set_back_while_no_process_ran(void **state)
{
    (void)state;
    int64_t seen = steady_now_ms();
    time_test_set_ahead(-HOUR_MS);
    steady_resume(0, seen);
    assert_true(steady_now_ms() >= seen);
    assert_near(steady_now_ms(), seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_starts_as_the_wall_clock, wall_clock_is_right),
        cmocka_unit_test_setup(a_clock_that_is_set_moves_it_neither_ahead_nor_back,
                               wall_clock_is_right),
        cmocka_unit_test_setup(the_next_process_continues_it, wall_clock_is_right),
        cmocka_unit_test_setup(
            it_does_not_fall_behind_when_the_clock_was_set_back_while_no_process_ran,
            wall_clock_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, wall_clock_is_right);
}
