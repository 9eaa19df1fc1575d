/* Nodes that are changed together: nobody locks or changes them meanwhile, and a conductor whose
 * lease has ended writes none of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/steady.h"
#include "db/conductors.h"
#include "db/nodes.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define HOUR_MS (3600 * 1000)
#define ALL 3

/* A transaction that switches nodes on. */
typedef struct Change {
    const char *uuids[ALL];
    const char *lease;
    size_t found;                /* out: how many were held */
    void (*meanwhile)(void *of); /* NULL: nothing */
    void *of;
} Change;

static void
conductor(Db *db, const char *hostname, const char *lease)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(hostname);
    record->lease = g_strdup(lease);
    record->lease_expires_ms = steady_now_ms() + HOUR_MS;
    if (!db_conductor_register(db, record, &error))
        fail_msg("%s", error->message);
}

static bool
switch_on(Db *db, void *user_data, GError **error)
{
    Change *change = user_data;
    g_autoptr(GPtrArray) nodes = db_nodes_hold(db, change->uuids, ALL, error);
    change->found = nodes != NULL ? nodes->len : 0;
    bool good = nodes != NULL;
    if (good && change->meanwhile != NULL)
        change->meanwhile(change->of);
    for (guint i = 0; good && i < nodes->len; i++) {
        const Node *stored = nodes->pdata[i];
        g_autoptr(Node) node = node_copy(stored);
        record_set_text(&node->power_state, "power on");
        good = db_node_save_held(db, node, stored, change->lease, error);
    }
    return good;
}

static int64_t
count_on(Db *db)
{
    return scratch_number(db, "SELECT COUNT(*) FROM nodes WHERE power_state = 'power on'");
}

static void
nodes_are_changed_together_without_those_that_are_locked_or_gone(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) one = scratch_node(db, "one"), two = scratch_node(db, "two");
    Change change = {.uuids = {one->uuid, two->uuid, "1be26c0b-0000-4000-8000-000000000000"},
                     .lease = "lease-1"};
    conductor(db, "rack1", "lease-1");
    assert_true(db_node_reserve(db, two->uuid, "rack1", "lease-1", "deploy", &error));
    if (!db_transaction(db, DB_WRITE, switch_on, &change, &error))
        fail_msg("%s", error->message);
    assert_int_equal(change.found, 1);
    assert_int_equal(count_on(db), 1);
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM nodes WHERE name = 'one' AND "
                                        "power_state = 'power on' AND reservation IS NULL"),
                     1);
}

static void
a_lease_that_has_ended_writes_none(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) one = scratch_node(db, "one"), two = scratch_node(db, "two"),
                    three = scratch_node(db, "three");
    Change change = {.uuids = {one->uuid, two->uuid, three->uuid}, .lease = "lease-1"};
    conductor(db, "rack1", "lease-1");
    scratch_execute(db, "UPDATE conductors SET lease_expires_ms = 0");
    assert_false(db_transaction(db, DB_WRITE, switch_on, &change, &error));
    assert_error(error, STEEL_ERROR_LEASE_LOST);
    assert_says(error, "lease-1");
    assert_int_equal(change.found, ALL);
    assert_int_equal(count_on(db), 0);
    conductor(db, "rack1", "lease-2"); /* its next life */
    change.lease = "lease-2";
    g_clear_error(&error);
    assert_true(db_transaction(db, DB_WRITE, switch_on, &change, &error));
    assert_int_equal(count_on(db), ALL);
}

/* Another conductor, on a thread of its own, that wants a node which is held. */
typedef struct Other {
    Db *db;
    const char *uuid;
    pthread_t thread;
    atomic_bool begun;
    Node *seen; /* under its lock */
} Other;

static void *
lock_and_look(void *data)
{
    Other *other = data;
    atomic_store(&other->begun, true);
    if (db_node_reserve(other->db, other->uuid, "rack2", "lease-2", "deploy", NULL))
        other->seen = db_record_find(other->db, &node_resource, "uuid", other->uuid, NULL);
    return NULL;
}

static void
let_the_other_come(void *data)
{
    Other *other = data;
    assert_int_equal(pthread_create(&other->thread, NULL, lock_and_look, other), 0);
    while (!atomic_load(&other->begun))
        sched_yield();
}

static void
who_locks_a_node_that_is_held_gets_it_as_it_is_afterwards(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    enum { ROUNDS = 50 };
    g_autoptr(Node) one = scratch_node(db, "one"), two = scratch_node(db, "two"),
                    three = scratch_node(db, "three");
    conductor(db, "rack1", "lease-1");
    conductor(db, "rack2", "lease-2");
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GError) error = NULL;
        Other other = {.db = db, .uuid = two->uuid};
        Change change = {.uuids = {one->uuid, two->uuid, three->uuid},
                         .lease = "lease-1",
                         .meanwhile = let_the_other_come,
                         .of = &other};
        scratch_execute(db, "UPDATE nodes SET power_state = 'power off'");
        if (!db_transaction(db, DB_WRITE, switch_on, &change, &error))
            fail_msg("%s", error->message);
        pthread_join(other.thread, NULL);
        assert_non_null(other.seen);
        assert_string_equal(other.seen->power_state, "power on");
        node_free(other.seen);
        assert_true(db_node_release(db, two->uuid, "lease-2", &error));
    }
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(nodes_are_changed_together_without_those_that_are_locked_or_gone),
        scratch_test(a_lease_that_has_ended_writes_none),
        scratch_test(who_locks_a_node_that_is_held_gets_it_as_it_is_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
