/* Waits and leases keep their length if the system's clock is set.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor/transition.h"
#include "conductor_fixture.h"

#include "common/time_text.h"
#include "db/nodes.h"

#define HOUR_MS 3600000

static int
setup(void **state)
{
    time_test_set_ahead(0);
    return conductor_fixture_setup(state);
}

static int
teardown(void **state)
{
    time_test_set_ahead(0);
    return conductor_fixture_teardown(state);
}

/* A node whose deploy waits for this many seconds. */
static Node *
waiting_node(ConductorFixture *fixture, int limit_s)
{
    g_autofree char *orders = g_strdup_printf(
        "{\"fake\": {\"deploy.deploy\": {\"wait\": true, \"wait_timeout_s\": %d}}}", limit_s);
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", orders);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"active\"}");
    return conductor_fixture_await(fixture, node->uuid, "wait call-back");
}

/* Ends overdue waits: their nodes are locked before this returns. */
static void
assert_still_waits(ConductorFixture *fixture, const char *uuid)
{
    wait_deadlines_run(fixture->conductor);
    g_autoptr(Node) node = conductor_fixture_load(fixture, uuid);
    assert_string_equal(node->provision_state, "wait call-back");
    assert_null(node->reservation);
}

static void
a_clock_that_is_set_ahead_ends_no_wait(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture, 600);
    time_test_set_ahead(HOUR_MS);
    assert_still_waits(fixture, node->uuid);
}

static void
a_clock_that_is_set_back_makes_no_wait_longer(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture, 6); /* so long that its wait is seen */
    time_test_set_ahead(-HOUR_MS);
    g_autoptr(Node) failed = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    assert_non_null(strstr(failed->last_error, "Timeout"));
}

static void
the_next_life_goes_on_with_the_same_deadlines(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = waiting_node(fixture, 600);
    time_test_set_ahead(HOUR_MS);
    conductor_fixture_await_that(fixture, "EXISTS (SELECT 1 FROM clock WHERE skew_ms < -1000)");
    conductor_fixture_stop(fixture);
    conductor_fixture_start(fixture);
    assert_still_waits(fixture, node->uuid);
}

static void
a_lock_is_held_whatever_the_clock_says(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    Task *task = task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    time_test_set_ahead(HOUR_MS);
    assert_false(
        db_node_reserve(fixture->db, node->uuid, "other", "another lease", "steal", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_LOCKED));
    task_release(task);
}

static void
conductors_spread_their_sweeps(void **state)
{
    enum { HOSTS = 20, INTERVAL_MS = 120000, QUARTERS = 4 };
    unsigned in_quarter[QUARTERS] = {0};
    (void)state;
    for (int i = 1; i <= HOSTS; i++) {
        g_autofree char *host = g_strdup_printf("rack%d", i);
        int64_t offset_ms = clock_offset_ms(host, INTERVAL_MS);
        assert_in_range(offset_ms, 0, INTERVAL_MS - 1);
        assert_int_equal(offset_ms, clock_offset_ms(host, INTERVAL_MS));
        in_quarter[offset_ms * QUARTERS / INTERVAL_MS]++;
    }
    for (int i = 0; i < QUARTERS; i++)
        assert_in_range(in_quarter[i], 1, HOSTS / 2);
}

#define clock_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        clock_test(a_clock_that_is_set_ahead_ends_no_wait),
        clock_test(a_clock_that_is_set_back_makes_no_wait_longer),
        clock_test(the_next_life_goes_on_with_the_same_deadlines),
        clock_test(a_lock_is_held_whatever_the_clock_says),
        cmocka_unit_test(conductors_spread_their_sweeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
