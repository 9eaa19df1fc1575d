/* When a machine's clock is set. SPDX-License-Identifier: Apache-2.0 */
#include "agent/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DATE "Sun, 29 Nov 2026 20:00:00 GMT"
#define DATE_S INT64_C(1795982400)
#define LEAST_S INT64_C(1793491200)

static void
a_clock_that_is_far_off_is_set(void **state)
{
    (void)state;
    assert_int_equal(clock_correction(DATE, 0, LEAST_S), DATE_S);
    assert_int_equal(clock_correction(DATE, DATE_S - 301, LEAST_S), DATE_S);
    assert_int_equal(clock_correction(DATE, DATE_S + 301, LEAST_S), DATE_S);
}

static void
a_clock_that_is_nearly_right_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(clock_correction(DATE, DATE_S - 300, LEAST_S), 0);
    assert_int_equal(clock_correction(DATE, DATE_S + 300, LEAST_S), 0);
}

static void
a_date_that_cannot_be_is_not_believed(void **state)
{
    (void)state;
    assert_int_equal(clock_correction(NULL, 0, LEAST_S), 0);
    assert_int_equal(clock_correction("yesterday", 0, LEAST_S), 0);
    assert_int_equal(clock_correction("Sun, 29 Nov 2020 20:00:00 GMT", 0, LEAST_S), 0);
    assert_int_equal(clock_correction("Sun, 29 Nov 2020 20:00:00 GMT", DATE_S, LEAST_S), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_far_off_is_set),
        cmocka_unit_test(a_clock_that_is_nearly_right_is_left_alone),
        cmocka_unit_test(a_date_that_cannot_be_is_not_believed),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
