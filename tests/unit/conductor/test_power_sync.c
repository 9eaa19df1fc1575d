/* The power sync: compares a machine's state with the node's, unless the node has changed
 * meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor_fixture.h"

#include "common/time_text.h"

#include <time.h>

static bool
is_asking(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    bool asking = g_hash_table_size(conductor->asked) > 0;
    lock_release(&conductor->guard);
    return asking;
}

/* Every machine has answered, and its answer was handled. */
static void
await_settled(ConductorFixture *fixture)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + 60000;
    while (is_asking(fixture->conductor)) {
        if (time_monotonic_ms() > limit)
            fail_msg("the sync does not come to its end");
        nanosleep(&pause, NULL); /* between two looks, not instead of one */
    }
}

static int
setup(void **state)
{
    static const char *const settings[] = {"conductor.force_power_state_during_sync=false", NULL};
    *state = conductor_fixture_new(settings);
    return 0;
}

static void
a_machine_that_is_not_as_the_node_says_corrects_it(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable", "{\"fake\": {\"power.get\": {\"state\": \"power on\"}}}");
    power_sync_run(fixture->conductor);
    await_settled(fixture);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->power_state, "power on");
}

/* As the clock begins it: on another thread, and once at a time. */
static void
a_pass_that_the_clock_begins_comes_to_its_end(void **state)
{
    ConductorFixture *fixture = *state;
    Conductor *conductor = fixture->conductor;
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + 60000;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable", "{\"fake\": {\"power.get\": {\"state\": \"power on\"}}}");
    power_sync_begin(conductor);
    power_recovery_begin(conductor);
    for (bool corrected = false; !corrected;) {
        g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
        corrected = g_strcmp0(after->power_state, "power on") == 0;
        if (time_monotonic_ms() > limit)
            fail_msg("the node is not corrected");
        nanosleep(&pause, NULL);
    }
    while (atomic_load(&conductor->sync_asks) || atomic_load(&conductor->recovery_asks)) {
        if (time_monotonic_ms() > limit)
            fail_msg("a pass still asks");
        nanosleep(&pause, NULL);
    }
    await_settled(fixture);
}

/* The machine is asked while it is on, and switched off before its answer comes. */
static void
an_answer_older_than_the_last_power_change_is_worth_nothing(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "manageable",
        "{\"fake\": {\"power.get\": {\"state\": \"power on\", \"delay_ms\": 500}}}");
    conductor_fixture_write(fixture, "power_state", "error");
    power_sync_run(fixture->conductor);
    conductor_fixture_write(fixture, "power_state", "power off");
    await_settled(fixture);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->power_state, "power off");
}

#define sync_test(name) cmocka_unit_test_setup_teardown(name, setup, conductor_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sync_test(a_machine_that_is_not_as_the_node_says_corrects_it),
        sync_test(a_pass_that_the_clock_begins_comes_to_its_end),
        sync_test(an_answer_older_than_the_last_power_change_is_worth_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
