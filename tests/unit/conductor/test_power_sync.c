/* The power sync: compares a machine's state with the node's, unless the node has changed
 * meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor/power_settle.h"
#include "conductor_fixture.h"

#include "common/metrics.h"
#include "common/time_text.h"
#include "db/nodes.h"
#include "db/sql.h"

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

/* ---- many at once ---- */

enum { MANY = 2 * DB_NODES_HOLD_MOST + 1, SETTLERS = 1000 };

static const char is_on[] = "{\"fake\": {\"power.get\": {\"state\": \"power on\"}}}";
static const char is_dead[] = "{\"fake\": {\"power.get\": {\"fail\": \"BMC_UNREACHABLE\"}}}";

static unsigned
queued(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    unsigned count = conductor->to_settle.length;
    lock_release(&conductor->guard);
    return count;
}

static void
allow_settlers(Conductor *conductor, bool allow)
{
    lock_acquire(&conductor->guard);
    conductor->settlers = allow ? 0 : SETTLERS;
    lock_release(&conductor->guard);
}

/* The machines have answered, and nothing has followed from it yet. */
static void
sync_holds(ConductorFixture *fixture, void (*run)(Conductor *conductor), unsigned differ)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    int64_t limit = time_monotonic_ms() + 60000;
    allow_settlers(fixture->conductor, false);
    run(fixture->conductor);
    while (queued(fixture->conductor) < differ) {
        if (time_monotonic_ms() > limit)
            fail_msg("%u of %u machines differ", queued(fixture->conductor), differ);
        nanosleep(&pause, NULL);
    }
}

/* What follows, all together. */
static void
sync_settles(ConductorFixture *fixture)
{
    allow_settlers(fixture->conductor, true);
    power_settle_resume(fixture->conductor);
    await_settled(fixture);
}

static void
sync_together(ConductorFixture *fixture, unsigned differ)
{
    sync_holds(fixture, power_sync_run, differ);
    sync_settles(fixture);
}

/* The payload of the next such event, a new reference; NULL if there is none. */
static json_t *
told(ConductorFixture *fixture, const char *type)
{
    json_t *event = conductor_fixture_event(fixture, type);
    json_t *payload = json_incref(json_object_get(event, "payload"));
    json_decref(event);
    return payload;
}

static const char corrected[] = "baremetal.node.power_state_corrected.success";

static void
assert_told(ConductorFixture *fixture, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        json_t *payload = told(fixture, corrected);
        assert_non_null(payload);
        json_decref(payload);
    }
    assert_null(told(fixture, corrected));
}

static int64_t
count(const ConductorFixture *fixture, const char *sql)
{
    int64_t found = -1;
    assert_true(db_query(fixture->db, sql, NULL, 0, db_read_integer, &found, NULL));
    return found;
}

static void
execute(const ConductorFixture *fixture, const char *sql)
{
    g_autoptr(GError) error = NULL;
    if (!db_execute(fixture->db, sql, NULL, 0, NULL, &error))
        fail_msg("%s: %s", sql, error->message);
}

static void
a_power_cut_takes_a_transaction_for_many_nodes(void **state)
{
    ConductorFixture *fixture = *state;
    enum { BESIDE = 10 }; /* of the conductor's clock, meanwhile */
    for (unsigned i = 0; i < MANY; i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", is_on);
    }
    sync_holds(fixture, power_sync_run, MANY);
    uint64_t before = metrics_value(METRIC_DB_COMMITS);
    sync_settles(fixture);
    assert_in_range(metrics_value(METRIC_DB_COMMITS) - before, MANY / DB_NODES_HOLD_MOST + 1,
                    BESIDE);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM nodes WHERE power_state = 'power on' AND "
                                    "reservation IS NULL AND updated_at IS NOT NULL"),
                     MANY);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < MANY; i++) {
        json_t *payload = told(fixture, corrected);
        assert_non_null(payload);
        assert_string_equal(json_string_value(json_object_get(payload, "from_power")), "power off");
        assert_string_equal(json_string_value(json_object_get(payload, "power_state")), "power on");
        const char *uuid = json_string_value(json_object_get(payload, "uuid"));
        assert_true(g_hash_table_add(seen, g_strdup(uuid)));
        json_decref(payload);
    }
    assert_told(fixture, 0);
}

static void
of_nodes_settled_together_each_gets_its_own(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) on = conductor_fixture_node(fixture, "manageable", is_on),
                    dead = conductor_fixture_node(fixture, "manageable", is_dead),
                    lost = conductor_fixture_node(fixture, "active", is_dead),
                    locked = conductor_fixture_node(fixture, "manageable", is_on),
                    moved = conductor_fixture_node(fixture, "manageable", is_on),
                    gone = conductor_fixture_node(fixture, "manageable", is_on);
    g_autofree char *tired =
        g_strdup_printf("UPDATE nodes SET power_sync_failures = 3 WHERE uuid = '%s'", lost->uuid);
    g_autofree char *move =
        g_strdup_printf("UPDATE nodes SET power_state = 'error' WHERE uuid = '%s'", moved->uuid);
    g_autofree char *leave = g_strdup_printf("DELETE FROM nodes WHERE uuid = '%s'", gone->uuid);
    execute(fixture, tired);
    sync_holds(fixture, power_sync_run, 6);
    char lease[LEASE_SIZE];
    conductor_lease(fixture->conductor, lease);
    assert_true(db_node_reserve(fixture->db, locked->uuid, "rack1", lease, "deploy", &error));
    execute(fixture, move);
    execute(fixture, leave);
    sync_settles(fixture);
    g_autoptr(Node) on_now = conductor_fixture_load(fixture, on->uuid),
                    dead_now = conductor_fixture_load(fixture, dead->uuid),
                    lost_now = conductor_fixture_load(fixture, lost->uuid),
                    locked_now = conductor_fixture_load(fixture, locked->uuid),
                    moved_now = conductor_fixture_load(fixture, moved->uuid);
    assert_string_equal(on_now->power_state, "power on");
    assert_int_equal(dead_now->power_sync_failures, 1);
    assert_string_equal(dead_now->power_state, "power off");
    assert_true(lost_now->maintenance);
    assert_null(lost_now->power_state);
    assert_string_equal(lost_now->fault, "power failure");
    assert_non_null(strstr(lost_now->maintenance_reason, "max retries exceeded"));
    assert_string_equal(locked_now->power_state, "power off");
    assert_string_equal(locked_now->reservation, "rack1");
    assert_string_equal(moved_now->power_state, "error");
    g_autofree char *history = g_strdup_printf(
        "SELECT COUNT(*) FROM node_history WHERE event_type = 'monitoring' AND severity = 'ERROR' "
        "AND state = 'active' AND node_uuid = '%s'",
        lost->uuid);
    assert_int_equal(count(fixture, history), 1);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM node_history"), 1);
    json_t *payload = told(fixture, corrected);
    assert_string_equal(json_string_value(json_object_get(payload, "uuid")), on->uuid);
    json_decref(payload);
    assert_told(fixture, 0);
}

static void
machines_that_answer_again_come_back_together(void **state)
{
    ConductorFixture *fixture = *state;
    enum { LOST = 5 };
    for (unsigned i = 0; i < LOST; i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", is_on);
    }
    execute(fixture, "UPDATE nodes SET maintenance = 1, fault = 'power failure', power_state = "
                     "NULL, maintenance_reason = 'x', last_error = 'x', power_sync_failures = 4");
    sync_holds(fixture, power_recovery_run, LOST);
    sync_settles(fixture);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM nodes WHERE maintenance = 0 AND fault IS "
                                    "NULL AND last_error IS NULL AND power_state = 'power on' AND "
                                    "maintenance_reason IS NULL AND power_sync_failures = 0"),
                     LOST);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM node_history WHERE severity = 'INFO'"),
                     LOST);
    assert_told(fixture, LOST);
}

/* The conductor's clock does not look at its lease meanwhile. */
static int
setup_unhurried(void **state)
{
    static const char *const settings[] = {"conductor.force_power_state_during_sync=false",
                                           "conductor.heartbeat_interval=3000",
                                           "conductor.heartbeat_timeout=9000", NULL};
    *state = conductor_fixture_new(settings);
    return 0;
}

/* Others have counted this conductor as dead while its machines answered. */
static void
a_conductor_whose_lease_has_ended_writes_nothing(void **state)
{
    ConductorFixture *fixture = *state;
    for (unsigned i = 0; i < 3; i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", is_on);
    }
    sync_holds(fixture, power_sync_run, 3);
    execute(fixture, "UPDATE conductors SET lease_expires_ms = 0");
    sync_settles(fixture);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM nodes WHERE power_state = 'power off'"),
                     3);
    assert_told(fixture, 0);
}

/* The database refuses every change of one node. */
static void
refuse_to_write(const ConductorFixture *fixture, const char *uuid)
{
    g_autofree char *sql =
        g_strdup_printf("CREATE TRIGGER refuse BEFORE UPDATE ON nodes WHEN NEW.uuid = '%s' BEGIN "
                        "SELECT RAISE(ABORT, 'refused'); END",
                        uuid);
    execute(fixture, sql);
}

static void
a_node_that_cannot_be_written_takes_no_other_one_with_it(void **state)
{
    ConductorFixture *fixture = *state;
    for (unsigned i = 0; i < 4; i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", is_on);
        if (i == 1)
            refuse_to_write(fixture, node->uuid);
    }
    sync_together(fixture, 4);
    assert_int_equal(count(fixture, "SELECT COUNT(*) FROM nodes WHERE power_state = 'power on'"),
                     3);
    assert_told(fixture, 3);
}

static int
setup_forced(void **state)
{
    static const char *const settings[] = {"conductor.force_power_state_during_sync=true", NULL};
    *state = conductor_fixture_new(settings);
    return 0;
}

static void
machines_that_must_keep_their_state_are_switched_one_by_one(void **state)
{
    ConductorFixture *fixture = *state;
    enum { FORCED = 3 };
    for (unsigned i = 0; i < FORCED; i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", is_on);
    }
    sync_together(fixture, FORCED);
    for (unsigned i = 0; i < FORCED; i++) {
        const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
        json_t *payload = told(fixture, "baremetal.node.power_set.end");
        for (int64_t limit = time_monotonic_ms() + 60000; payload == NULL;) {
            if (time_monotonic_ms() > limit)
                fail_msg("%u of %d machines are switched", i, FORCED);
            nanosleep(&pause, NULL);
            payload = told(fixture, "baremetal.node.power_set.end");
        }
        assert_string_equal(json_string_value(json_object_get(payload, "to_power")), "power off");
        json_decref(payload);
    }
    assert_told(fixture, 0);
}

#define sync_test(name) cmocka_unit_test_setup_teardown(name, setup, conductor_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sync_test(a_machine_that_is_not_as_the_node_says_corrects_it),
        sync_test(a_pass_that_the_clock_begins_comes_to_its_end),
        sync_test(an_answer_older_than_the_last_power_change_is_worth_nothing),
        sync_test(a_power_cut_takes_a_transaction_for_many_nodes),
        sync_test(of_nodes_settled_together_each_gets_its_own),
        sync_test(machines_that_answer_again_come_back_together),
        cmocka_unit_test_setup_teardown(a_conductor_whose_lease_has_ended_writes_nothing,
                                        setup_unhurried, conductor_fixture_teardown),
        sync_test(a_node_that_cannot_be_written_takes_no_other_one_with_it),
        cmocka_unit_test_setup_teardown(machines_that_must_keep_their_state_are_switched_one_by_one,
                                        setup_forced, conductor_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
