/* Points in time as text and back.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
milliseconds_are_written_as_the_api_writes_times(void **state)
{
    static const struct {
        int64_t milliseconds;
        const char *text;
    } rows[] = {
        {0,               "1970-01-01T00:00:00.000+00:00"},
        {1,               "1970-01-01T00:00:00.001+00:00"},
        {1795252442113,   "2026-11-21T09:14:02.113+00:00"},
        {951782400000,    "2000-02-29T00:00:00.000+00:00"},
        {4102444799999,   "2099-12-31T23:59:59.999+00:00"},
        {-1,              "1969-12-31T23:59:59.999+00:00"},
        {-1000,           "1969-12-31T23:59:59.000+00:00"},
        {-62135596800000, "0001-01-01T00:00:00.000+00:00"},
        {253402300799999, "9999-12-31T23:59:59.999+00:00"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char buffer[TIME_TEXT_SIZE];
        int64_t back = 0;
        assert_ptr_equal(time_text_ms(rows[i].milliseconds, buffer), buffer);
        assert_string_equal(buffer, rows[i].text);
        assert_true(time_parse_ms(buffer, &back));
        assert_true(back == rows[i].milliseconds);
    }
}

static void
the_largest_count_of_milliseconds_fits_the_buffer(void **state)
{
    char buffer[TIME_TEXT_SIZE];
    (void)state;
    assert_string_equal(time_text_ms(INT64_MAX, buffer), "292278994-08-17T07:12:55.807+00:00");
    assert_true(strlen(time_text_ms(INT64_MIN / 2, buffer)) < TIME_TEXT_SIZE);
}

static void
now_has_the_form_of_ironic_and_reads_back_as_now(void **state)
{
    char buffer[TIME_TEXT_SIZE];
    int64_t before = time_now_ms(), parsed = 0;
    (void)state;
    time_now_text(buffer);
    int64_t after = time_now_ms();
    assert_int_equal(strlen(buffer), strlen("2026-11-21T09:14:02+00:00"));
    assert_true(time_parse_ms(buffer, &parsed));
    assert_true(parsed >= before / 1000 * 1000 && parsed <= after);
}

static void
offsets_and_fractions_are_understood(void **state)
{
    static const struct {
        const char *text;
        int64_t milliseconds;
    } rows[] = {
        {"1970-01-01T01:00:00+01:00",  0},
        {"1969-12-31T19:00:00-05:00",  0},
        {"1970-01-01T00:00:00Z",       0},
        {"1970-01-01T00:00:00",        0},
        {"1970-01-01 00:00:01",        1000},
        {"1970-01-01T00:00:00.5",      500},
        {"1970-01-01T00:00:00.123456", 123},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t milliseconds = -1;
        if (!time_parse_ms(rows[i].text, &milliseconds))
            fail_msg("%s was refused", rows[i].text);
        assert_true(milliseconds == rows[i].milliseconds);
    }
}

static void
text_that_is_no_time_is_refused_and_leaves_the_result_alone(void **state)
{
    static const char *const rows[] = {
        NULL,
        "",
        "now",
        "2026",
        "2026-13-01T00:00:00",
        "2026-02-30T00:00:00",
        "12:00:00",
        "2026-11-21T25:00:00",
        "2026-11-21T09:14:02+00:00 x",
        "1795252442",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t milliseconds = 42;
        if (time_parse_ms(rows[i], &milliseconds))
            fail_msg("%s was taken", rows[i]);
        assert_true(milliseconds == 42);
    }
}

static void
the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t last = time_monotonic_ms();
    for (int i = 0; i < 10000; i++) {
        int64_t now = time_monotonic_ms();
        assert_true(now >= last);
        last = now;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds_are_written_as_the_api_writes_times),
        cmocka_unit_test(the_largest_count_of_milliseconds_fits_the_buffer),
        cmocka_unit_test(now_has_the_form_of_ironic_and_reads_back_as_now),
        cmocka_unit_test(offsets_and_fractions_are_understood),
        cmocka_unit_test(text_that_is_no_time_is_refused_and_leaves_the_result_alone),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
