/* The queue of work: order, counts, and how long work takes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/time_text.h"
#include "db/work_queue.h"

static const DbQueueKind *
deploys(void)
{
    return &db_queue_kinds[DB_QUEUE_DEPLOY];
}

/* A node of a project in a state; queued if `queued`. */
static void
add(Db *db, const char *name, const char *owner, const char *state, bool queued)
{
    g_autoptr(GError) error = NULL;
    Node *node = node_new();
    node->name = g_strdup(name);
    node->driver = g_strdup("fake-hardware");
    node->owner = g_strdup(owner);
    node->provision_state = g_strdup(state);
    scratch_insert(db, &node_resource, node);
    if (queued && !db_queue_add(db, deploys(), node->uuid, owner, &error))
        fail_msg("%s", error->message);
    node_free(node);
}

typedef struct Order {
    Db *db;
    GString *names;
} Order;

static bool
append_name(const DbRow *row, void *user_data)
{
    g_string_append_printf(user_data, "%s ", db_row_text(row, 0, NULL));
    return true;
}

static void
note(const DbQueued *queued, void *user_data)
{
    Order *order = user_data;
    g_autoptr(GError) error = NULL;
    const DbValue uuid = db_text(queued->node_uuid);
    assert_true(queued->queued_at_ms > 0);
    assert_true(db_query(order->db, "SELECT name FROM nodes WHERE uuid = ?1", &uuid, 1, append_name,
                         order->names, &error));
}

static void
assert_order(Db *db, int64_t limit, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    Order order = {db, names};
    assert_true(db_queue_list(db, deploys(), limit, note, &order, &error));
    assert_string_equal(names->str, wanted);
}

static void
projects_take_turns_and_those_at_work_count(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    add(db, "working", "b", "deploying", false);
    add(db, "a1", "a", "wait call-back", true);
    add(db, "a2", "a", "wait call-back", true);
    add(db, "a3", "a", "wait call-back", true);
    add(db, "b1", "b", "wait call-back", true);
    add(db, "none", NULL, "wait call-back", true);
    assert_order(db, 100, "a1 none a2 b1 a3 ");
    assert_order(db, 2, "a1 none ");
}

static void
what_waits_is_not_at_work(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    int64_t waiting = -1, working = -1;
    add(db, "working", NULL, "deploying", false);
    add(db, "waits", NULL, "wait call-back", false);
    add(db, "queued", NULL, "wait call-back", true);
    add(db, "cleaned", NULL, "cleaning", false);
    assert_true(db_queue_count(db, deploys(), NULL, &waiting, &working, &error));
    assert_int_equal(waiting, 1);
    assert_int_equal(working, 2);
    assert_true(db_queue_waiting(db, deploys(), &waiting, &error));
    assert_int_equal(waiting, 1);
    g_autoptr(Node) node = db_record_find(db, &node_resource, "name", "working", &error);
    assert_true(db_queue_count(db, deploys(), node->uuid, &waiting, &working, &error));
    assert_int_equal(working, 1);
    g_autoptr(Node) queued = db_record_find(db, &node_resource, "name", "queued", &error);
    assert_true(db_queue_add(db, deploys(), queued->uuid, NULL, &error)); /* once */
    assert_order(db, 100, "queued ");
    assert_true(db_queue_remove(db, queued->uuid, &error));
    assert_true(db_queue_remove(db, queued->uuid, &error));
    assert_order(db, 100, "");
}

static void
places_without_a_node_that_waits_are_pruned(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    add(db, "waits", NULL, "wait call-back", true);
    add(db, "over", NULL, "active", true);
    add(db, "deleted", NULL, "wait call-back", true);
    assert_true(db_queue_prune(db, deploys(), time_now_ms() - 60000, &error));
    assert_order(db, 100, "waits over deleted ");
    assert_true(db_queue_prune(db, deploys(), time_now_ms() + 1000, &error));
    assert_order(db, 100, "waits deleted ");
    scratch_execute(db, "DELETE FROM nodes WHERE name = 'deleted'");
    assert_order(db, 100, "waits ");
}

static void
the_mean_is_of_operations_that_ended_well(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    int64_t mean = 0;
    assert_true(db_queue_mean_ms(db, "deploy", &mean, &error));
    assert_int_equal(mean, -1);
    scratch_execute(db, "INSERT INTO timeline (uuid, operation_uuid, operation, phase, started_at, "
                        "finished_at, result) VALUES "
                        "('1', 'a', 'deploy', 'queue', '2026-01-01T00:00:00+00:00', "
                        "'2026-01-01T10:00:00+00:00', 'ok'), "
                        "('2', 'a', 'deploy', 'one', '2026-01-01T10:00:00+00:00', "
                        "'2026-01-01T10:00:10+00:00', 'ok'), "
                        "('3', 'a', 'deploy', 'two', '2026-01-01T10:00:10+00:00', "
                        "'2026-01-01T10:00:40+00:00', 'ok'), "
                        "('4', 'b', 'deploy', 'one', '2026-01-01T10:00:00+00:00', "
                        "'2026-01-01T10:01:00+00:00', 'ok'), "
                        "('5', 'c', 'deploy', 'one', '2026-01-01T10:00:00+00:00', "
                        "'2026-01-01T20:01:00+00:00', 'failed'), "
                        "('6', 'd', 'deploy', 'one', '2026-01-01T10:00:00+00:00', NULL, NULL), "
                        "('7', 'e', 'clean', 'one', '2026-01-01T10:00:00+00:00', "
                        "'2026-01-01T20:01:00+00:00', 'ok')");
    assert_true(db_queue_mean_ms(db, "deploy", &mean, &error));
    assert_int_equal(mean, 50000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(projects_take_turns_and_those_at_work_count),
        TEST(what_waits_is_not_at_work),
        TEST(places_without_a_node_that_waits_are_pruned),
        TEST(the_mean_is_of_operations_that_ended_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
