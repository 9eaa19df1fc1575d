/* The queue of work: order, counts, and how long work takes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/steady.h"
#include "common/time_text.h"
#include "db/conductors.h"
#include "db/work_queue.h"

#include <pthread.h>
#include <stdatomic.h>

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
    assert_true(db_queue_list(db, deploys(), false, 0, limit, note, &order, &error));
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

/* ---- claims ---- */

static char *
conductor(Db *db, const char *hostname)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(hostname);
    record->lease_expires_ms = steady_now_ms() + 3600 * 1000;
    assert_true(db_conductor_register(db, record, &error));
    return g_strdup(record->lease);
}

static char *
uuid_of(Db *db, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "name", name, &error);
    assert_non_null(node);
    return g_strdup(node->uuid);
}

static bool
claims(Db *db, const char *name, const char *lease, int64_t limit)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uuid = uuid_of(db, name);
    bool claimed = false;
    if (!db_queue_claim(db, deploys(), uuid, lease, limit, &claimed, &error))
        fail_msg("%s", error->message);
    return claimed;
}

static void
assert_counts(Db *db, int64_t waiting, int64_t working)
{
    g_autoptr(GError) error = NULL;
    int64_t counted[2] = {-1, -1};
    assert_true(db_queue_count(db, deploys(), NULL, &counted[0], &counted[1], &error));
    assert_int_equal(counted[0], waiting);
    assert_int_equal(counted[1], working);
}

static void
a_node_with_a_claim_is_at_work_for_everybody(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autofree char *one = conductor(db, "rack1"), *two = conductor(db, "rack2");
    add(db, "a", NULL, "wait call-back", true);
    add(db, "b", NULL, "wait call-back", true);
    assert_true(claims(db, "a", one, 1));
    assert_counts(db, 1, 1);
    assert_order(db, 100, "b ");
    assert_false(claims(db, "b", two, 1));
    assert_false(claims(db, "a", two, 2)); /* it is the other's */
    assert_true(db_queue_unclaim(db, two, &error));
    assert_counts(db, 1, 1);
    assert_true(db_queue_unclaim(db, one, &error));
    assert_order(db, 100, "a b ");
    assert_true(claims(db, "b", two, 1));
    assert_false(claims(db, "a", one, 1));
    g_autofree char *begun = uuid_of(db, "b");
    assert_true(db_queue_begun(db, begun, one, &error)); /* not under its lease */
    assert_true(db_queue_unclaim(db, two, &error));
    assert_order(db, 100, "a b ");
    assert_true(claims(db, "b", two, 1));
    assert_true(db_queue_begun(db, begun, two, &error));
    assert_counts(db, 1, 1);
    assert_true(db_queue_unclaim(db, two, &error));
    assert_order(db, 100, "a ");
}

static void
a_claim_ends_with_its_lease_and_keeps_its_place(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autofree char *one = conductor(db, "rack1"), *two = conductor(db, "rack2");
    add(db, "a", NULL, "wait call-back", true);
    add(db, "b", NULL, "wait call-back", true);
    assert_true(claims(db, "a", one, 1));
    assert_true(db_conductor_leave(db, one, &error));
    assert_counts(db, 2, 0);
    assert_order(db, 100, "a b ");
    assert_true(claims(db, "a", two, 1));
    g_autofree char *uuid = uuid_of(db, "a");
    assert_true(db_queue_begun(db, uuid, one, &error)); /* it stood still, and is too late */
    assert_true(db_queue_unclaim(db, two, &error));
    assert_order(db, 100, "a b ");
}

static void
a_node_that_works_with_a_place_is_at_work(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autofree char *one = conductor(db, "rack1");
    add(db, "a", NULL, "deploying", true); /* its process has died before it removed the place */
    add(db, "b", NULL, "wait call-back", true);
    assert_counts(db, 2, 1);
    assert_false(claims(db, "b", one, 1));
    assert_true(claims(db, "b", one, 2));
    g_autofree char *uuid = uuid_of(db, "b");
    assert_true(db_queue_add(db, deploys(), uuid, NULL, &error)); /* asked again: it waits */
    assert_true(db_queue_begun(db, uuid, one, &error));
    assert_order(db, 100, "a b ");
}

enum { CONTENDERS = 8, ROUNDS = 4, PLACES = 3 };

typedef struct Contest {
    Db *db;
    pthread_barrier_t start;
    atomic_int claimed, failed;
} Contest;

typedef struct Contender {
    Contest *contest;
    char *uuid, *lease; /* owned */
} Contender;

static void *
contend(void *data)
{
    const Contender *contender = data;
    Contest *contest = contender->contest;
    g_autoptr(GError) error = NULL;
    bool claimed = false;
    pthread_barrier_wait(&contest->start);
    if (!db_queue_claim(contest->db, deploys(), contender->uuid, contender->lease, PLACES, &claimed,
                        &error))
        atomic_fetch_add(&contest->failed, 1);
    atomic_fetch_add(&contest->claimed, claimed);
    return NULL;
}

static void
of_many_who_ask_at_once_as_many_begin_as_there_are_places(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    Contender contenders[CONTENDERS];
    Contest contest = {.db = db};
    pthread_barrier_init(&contest.start, NULL, CONTENDERS);
    for (int i = 0; i < CONTENDERS; i++) {
        g_autofree char *name = g_strdup_printf("node%d", i);
        add(db, name, NULL, "wait call-back", true);
        contenders[i] = (Contender){&contest, uuid_of(db, name), conductor(db, name)};
    }
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[CONTENDERS];
        atomic_store(&contest.claimed, 0);
        for (int i = 0; i < CONTENDERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, contend, &contenders[i]), 0);
        for (int i = 0; i < CONTENDERS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&contest.failed), 0);
        assert_int_equal(atomic_load(&contest.claimed), PLACES);
        for (int i = 0; i < CONTENDERS; i++)
            assert_true(db_queue_unclaim(db, contenders[i].lease, &error));
    }
    for (int i = 0; i < CONTENDERS; i++) {
        g_free(contenders[i].uuid);
        g_free(contenders[i].lease);
    }
    pthread_barrier_destroy(&contest.start);
}

/* ---- pages ---- */

static void
nodes_in_maintenance_and_pages_are_skipped(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) names = g_string_new(NULL);
    Order order = {db, names};
    for (int i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("n%d", i);
        add(db, name, NULL, "wait call-back", true);
    }
    scratch_execute(db, "UPDATE nodes SET maintenance = 1 WHERE name IN ('n0', 'n2')");
    assert_order(db, 100, "n0 n1 n2 n3 n4 "); /* people see all */
    assert_true(db_queue_list(db, deploys(), true, 0, 2, note, &order, &error));
    assert_true(db_queue_list(db, deploys(), true, 2, 2, note, &order, &error));
    assert_string_equal(names->str, "n1 n3 n4 ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(projects_take_turns_and_those_at_work_count),
        TEST(what_waits_is_not_at_work),
        TEST(places_without_a_node_that_waits_are_pruned),
        TEST(a_node_with_a_claim_is_at_work_for_everybody),
        TEST(a_claim_ends_with_its_lease_and_keeps_its_place),
        TEST(a_node_that_works_with_a_place_is_at_work),
        TEST(of_many_who_ask_at_once_as_many_begin_as_there_are_places),
        TEST(nodes_in_maintenance_and_pages_are_skipped),
        TEST(the_mean_is_of_operations_that_ended_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
