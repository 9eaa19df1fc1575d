/* When a conductor that does not renew its lease counts as dead.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/lease_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH_MS 10000

/* One look that finds one lease; true if it has run out. */
static bool
look(LeaseWatch *watch, int64_t now_ms, const char *lease, int64_t renewals)
{
    lease_watch_begin(watch, now_ms);
    bool out = lease_watch_see(watch, lease, renewals, LENGTH_MS);
    lease_watch_end(watch);
    return out;
}

static void
a_lease_runs_out_after_its_whole_length_unrenewed(void **state)
{
    (void)state;
    LeaseWatch *watch = lease_watch_new();
    for (int64_t now_ms = 1000000; now_ms < 1010000; now_ms += 1000)
        assert_false(look(watch, now_ms, "7", 3));
    assert_true(look(watch, 1010000, "7", 3));
    lease_watch_free(watch);
}

static void
a_renewal_begins_the_length_anew(void **state)
{
    (void)state;
    LeaseWatch *watch = lease_watch_new();
    for (int64_t now_ms = 1000000; now_ms < 1009000; now_ms += 1000)
        assert_false(look(watch, now_ms, "7", 3));
    for (int64_t now_ms = 1009000; now_ms < 1019000; now_ms += 1000)
        assert_false(look(watch, now_ms, "7", 4));
    assert_true(look(watch, 1019000, "7", 4));
    lease_watch_free(watch);
}

static void
after_a_gap_nobody_is_dead_at_once(void **state)
{
    (void)state;
    LeaseWatch *watch = lease_watch_new();
    assert_false(look(watch, 1000000, "7", 3));
    assert_false(look(watch, 1060000, "7", 3)); /* the database was away, for others too */
    for (int64_t now_ms = 1061000; now_ms < 1070000; now_ms += 1000)
        assert_false(look(watch, now_ms, "7", 3));
    assert_true(look(watch, 1070000, "7", 3));
    lease_watch_free(watch);
}

static void
each_lease_is_judged_by_itself(void **state)
{
    (void)state;
    LeaseWatch *watch = lease_watch_new();
    for (int64_t second = 0; second <= 10; second++) {
        lease_watch_begin(watch, 1000000 + second * 1000);
        bool dead = lease_watch_see(watch, "7", 3, LENGTH_MS),
             alive = lease_watch_see(watch, "8", second, LENGTH_MS);
        lease_watch_end(watch);
        assert_int_equal(dead, second == 10);
        assert_false(alive);
    }
    lease_watch_free(watch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_runs_out_after_its_whole_length_unrenewed),
        cmocka_unit_test(a_renewal_begins_the_length_anew),
        cmocka_unit_test(after_a_gap_nobody_is_dead_at_once),
        cmocka_unit_test(each_lease_is_judged_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
