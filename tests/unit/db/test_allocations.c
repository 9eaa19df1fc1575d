/* Which nodes an allocation may take, at the moment it takes one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/allocations.h"

static Allocation *
stored_allocation(Db *db, const char *owner)
{
    Allocation *allocation = allocation_new();
    record_set_text(&allocation->resource_class, "gold");
    record_set_text(&allocation->owner, owner);
    record_set_text(&allocation->state, "allocating");
    scratch_insert(db, &allocation_resource, allocation);
    return allocation;
}

/* A node of that class that is free and belongs to "me". */
static Node *
free_node(Db *db)
{
    Node *node = scratch_node(db, NULL);
    scratch_execute(db, "UPDATE nodes SET resource_class = 'gold', provision_state = 'available', "
                        "power_state = 'power off', owner = 'me'");
    return node;
}

static bool
take(Db *db, const Allocation *allocation, const Node *node)
{
    g_autoptr(GError) error = NULL;
    bool taken = false;
    if (!db_allocation_take(db, allocation, node->uuid, &taken, &error))
        fail_msg("%s", error->message);
    return taken;
}

static guint
count_nodes(Db *db, const Allocation *allocation)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = db_allocation_nodes(db, allocation, &error);
    assert_non_null(nodes);
    return nodes->len;
}

static void
a_node_is_taken_only_while_it_is_free_and_the_owners(void **state)
{
    static const struct {
        const char *change, *back;
        bool listed; /* it is found, but another thread takes it meanwhile */
    } rows[] = {
        {"owner = 'them'",                 "owner = 'me'",                  false},
        {"owner = NULL",                   "owner = 'me'",                  false},
        {"resource_class = 'silver'",      "resource_class = 'gold'",       false},
        {"provision_state = 'manageable'", "provision_state = 'available'", false},
        {"maintenance = 1",                "maintenance = 0",               false},
        {"power_state = NULL",             "power_state = 'power on'",      false},
        {"instance_uuid = 'x'",            "instance_uuid = NULL",          false},
        {"allocation_uuid = 'x'",          "allocation_uuid = NULL",        false},
        {"parent_node = 'x'",              "parent_node = NULL",            false},
        {"reservation = 'host'",           "reservation = NULL",            true},
    };
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = free_node(db);
    g_autoptr(Allocation) allocation = stored_allocation(db, "me");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *change = g_strconcat("UPDATE nodes SET ", rows[i].change, NULL);
        g_autofree char *back = g_strconcat("UPDATE nodes SET ", rows[i].back, NULL);
        scratch_execute(db, change);
        if (count_nodes(db, allocation) != (rows[i].listed ? 1 : 0))
            fail_msg("a node with %s is counted", rows[i].change);
        if (take(db, allocation, node))
            fail_msg("a node with %s was taken", rows[i].change);
        scratch_execute(db, back);
    }
    scratch_execute(db, "UPDATE nodes SET owner = 'them', lessee = 'me'");
    assert_int_equal(count_nodes(db, allocation), 1);
    assert_true(take(db, allocation, node));
    assert_false(take(db, allocation, node));
}

static void
an_allocation_without_an_owner_takes_any_node(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(Node) node = free_node(db);
    g_autoptr(Allocation) allocation = stored_allocation(db, NULL);
    assert_int_equal(count_nodes(db, allocation), 1);
    assert_true(take(db, allocation, node));
}

static void
an_allocation_is_served_or_failed_or_deleted_once(void **state)
{
    Db *db = ((const Scratch *)*state)->db;
    g_autoptr(GError) error = NULL;
    g_autoptr(Allocation) first = stored_allocation(db, NULL);
    g_autoptr(Allocation) second = stored_allocation(db, NULL);
    bool done = false;
    assert_true(db_allocation_serve(db, first->uuid, "node", &done, &error) && done);
    assert_true(db_allocation_serve(db, first->uuid, "other", &done, &error) && !done);
    assert_true(db_allocation_fail(db, first->uuid, "late", &error));
    assert_int_equal(scratch_number(db, "SELECT COUNT(*) FROM allocations WHERE state = 'active' "
                                        "AND node_uuid = 'node' AND last_error IS NULL"),
                     1);
    assert_true(db_allocation_delete_unserved(db, first->uuid, &done, &error) && !done);
    assert_true(db_allocation_delete_unserved(db, second->uuid, &done, &error) && done);
    assert_true(db_allocation_serve(db, second->uuid, "node", &done, &error) && !done);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_is_taken_only_while_it_is_free_and_the_owners,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(an_allocation_without_an_owner_takes_any_node,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(an_allocation_is_served_or_failed_or_deleted_once,
                                        scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
