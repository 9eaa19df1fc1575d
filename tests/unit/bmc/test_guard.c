/* BMCs that rest, and logins that wait.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/guard.h"

#include "common/backoff.h"
#include "common/time_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
/* setjmp.h and the two after it come before cmocka.h */
#include <cmocka.h>

#define PLACE "https://bmc:443"

/* Seconds that a place still rests, as the error tells them. */
static double
rest_of(BmcGuard *guard, const char *place)
{
    g_autoptr(GError) error = NULL;
    assert_false(bmc_guard_may_ask(guard, place, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_UNREACHABLE));
    const char *number = strstr(error->message, "for another ");
    assert_non_null(number);
    return g_ascii_strtod(number + strlen("for another "), NULL);
}

static bool
may_ask(BmcGuard *guard, const char *place)
{
    g_autoptr(GError) error = NULL;
    return bmc_guard_may_ask(guard, place, &error);
}

static bool
may_log_in(BmcGuard *guard, const char *key)
{
    g_autoptr(GError) error = NULL;
    return bmc_guard_may_log_in(guard, key, &error);
}

static void
a_bmc_rests_after_some_failures_in_a_row(void **state)
{
    (void)state;
    const BmcGuardOptions options = {.failures = 2, .rest_ms = 60000, .rest_limit_ms = 60000};
    BmcGuard *guard = bmc_guard_new(&options);
    g_autoptr(GError) error = NULL;
    bmc_guard_not_reached(guard, PLACE, "no route");
    bmc_guard_reached(guard, PLACE);
    bmc_guard_not_reached(guard, PLACE, "no route");
    assert_true(may_ask(guard, PLACE));
    bmc_guard_not_reached(guard, PLACE, "nobody there");
    assert_false(bmc_guard_may_ask(guard, PLACE, &error));
    assert_non_null(strstr(error->message, PLACE " was not reached 2 times in a row and is left "));
    assert_non_null(strstr(error->message, "the last time: nobody there"));
    assert_true(may_ask(guard, "https://other:443"));
    bmc_guard_reached(guard, PLACE);
    assert_true(may_ask(guard, PLACE));
    assert_false(bmc_guard_is_on_trial(guard, PLACE));
    bmc_guard_free(guard);
}

static void
rests_double_up_to_a_limit(void **state)
{
    (void)state;
    const BmcGuardOptions options = {.failures = 1, .rest_ms = 1000000, .rest_limit_ms = 3000000};
    static const double rests[] = {1000, 2000, 3000, 3000};
    BmcGuard *guard = bmc_guard_new(&options);
    for (size_t i = 0; i < G_N_ELEMENTS(rests); i++) {
        bmc_guard_not_reached(guard, PLACE, "no answer");
        double rest = rest_of(guard, PLACE);
        assert_true(rest <= rests[i] && rest > rests[i] - 500);
    }
    bmc_guard_free(guard);
}

static void
one_question_shows_whether_a_bmc_is_back(void **state)
{
    (void)state;
    const BmcGuardOptions options = {.failures = 1, .rest_ms = 1, .rest_limit_ms = 1};
    BmcGuard *guard = bmc_guard_new(&options);
    bmc_guard_not_reached(guard, PLACE, "no answer");
    Backoff backoff = {1, 1, time_monotonic_ms() + 30000, NULL};
    while (!may_ask(guard, PLACE)) /* its rest ends */
        assert_true(backoff_pause(&backoff));
    assert_true(bmc_guard_is_on_trial(guard, PLACE));
    bmc_guard_reached(guard, PLACE);
    assert_false(bmc_guard_is_on_trial(guard, PLACE));
    bmc_guard_free(guard);
}

static void
a_refused_login_waits_and_no_other(void **state)
{
    (void)state;
    BmcGuard *guard = bmc_guard_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *bad = bmc_guard_key(guard, PLACE, "admin", "wrong-one"),
                    *good = bmc_guard_key(guard, PLACE, "admin", "right-one"),
                    *elsewhere = bmc_guard_key(guard, "https://other:443", "admin", "wrong-one");
    assert_null(strstr(bad, "wrong"));
    bmc_guard_refused(guard, bad, "the BMC refuses user 'admin'");
    assert_false(bmc_guard_may_log_in(guard, bad, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_AUTH));
    assert_string_equal(error->message,
                        "the BMC refuses user 'admin'; the same user and password are not sent "
                        "again for 60 s, so that the account is not locked");
    assert_true(may_log_in(guard, good));
    assert_true(may_log_in(guard, elsewhere));
    assert_true(may_ask(guard, PLACE)); /* it was reached */
    bmc_guard_accepted(guard, bad);
    assert_true(may_log_in(guard, bad));
    bmc_guard_free(guard);
}

static void
what_was_not_asked_is_counted(void **state)
{
    (void)state;
    const BmcGuardOptions options = {.failures = 1, .rest_ms = 60000, .rest_limit_ms = 60000};
    BmcGuard *guard = bmc_guard_new(&options);
    BmcGuardStats stats;
    bmc_guard_not_reached(guard, PLACE, "no answer");
    bmc_guard_refused(guard, "key", "no");
    for (int i = 0; i < 3; i++) {
        assert_false(may_ask(guard, PLACE));
        assert_false(may_log_in(guard, "key"));
    }
    bmc_guard_stats(guard, &stats);
    assert_int_equal(stats.left_alone, 3);
    assert_int_equal(stats.held, 3);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.resting, 1);
    assert_int_equal(stats.waiting, 1);
    bmc_guard_reached(guard, PLACE);
    bmc_guard_accepted(guard, "key");
    bmc_guard_stats(guard, &stats);
    assert_int_equal(stats.resting + stats.waiting, 0);
    bmc_guard_free(guard);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bmc_rests_after_some_failures_in_a_row),
        cmocka_unit_test(rests_double_up_to_a_limit),
        cmocka_unit_test(one_question_shows_whether_a_bmc_is_back),
        cmocka_unit_test(a_refused_login_waits_and_no_other),
        cmocka_unit_test(what_was_not_asked_is_counted),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
