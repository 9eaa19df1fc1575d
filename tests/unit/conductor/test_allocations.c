/* Allocations, called as the API calls them: which node they get, and what stays when they end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"
#include "db/sql.h"

/* An available node of class "gold" with some traits (JSON text). The caller frees. */
static Node *
gold_node(ConductorFixture *fixture, const char *name, const char *traits)
{
    g_autoptr(GError) error = NULL;
    Node *node = conductor_fixture_node(fixture, "available", NULL);
    g_autoptr(Node) stored = node_copy(node);
    record_set_text(&node->name, name);
    record_set_text(&node->resource_class, "gold");
    json_decref(node->traits);
    node->traits = conductor_fixture_json(traits);
    if (!db_record_save(fixture->db, &node_resource, node, stored, &error))
        fail_msg("%s", error->message);
    return node;
}

static bool
is_settled(const Allocation *allocation)
{
    return strcmp(allocation->state, "allocating") != 0;
}

/* Creates an allocation and waits until its search ends; the caller frees. */
static Allocation *
allocate(ConductorFixture *fixture, const char *values)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *arguments =
        g_strdup_printf("{\"resource\": \"allocation\", \"values\": %s}", values);
    json_t *answer = conductor_fixture_call(fixture, RPC_CREATE, NULL, arguments, &error);
    if (answer == NULL)
        fail_msg("%s: %s", values, error->message);
    g_autofree char *uuid = g_strdup(json_string_member(answer, "uuid"));
    json_decref(answer);
    g_autofree char *settled =
        g_strdup_printf("(SELECT COUNT(*) FROM allocations WHERE uuid = '%s' AND"
                        " state <> 'allocating') = 1",
                        uuid);
    conductor_fixture_await_that(fixture,
                                 settled); /* there is a node in every test that gets here */
    Allocation *allocation =
        db_record_find(fixture->db, &allocation_resource, "uuid", uuid, &error);
    assert_non_null(allocation);
    assert_true(is_settled(allocation));
    return allocation;
}

static void
an_allocation_gets_a_node_of_its_class_with_all_its_traits(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) plain = gold_node(fixture, "plain", "[]");
    g_autoptr(Node) some = gold_node(fixture, "some", "[\"CUSTOM_A\"]");
    g_autoptr(Node) both = gold_node(fixture, "both", "[\"CUSTOM_B\", \"CUSTOM_A\"]");
    g_autoptr(Allocation) allocation = allocate(
        fixture, "{\"resource_class\": \"gold\", \"traits\": [\"CUSTOM_A\", \"CUSTOM_B\"]}");
    assert_string_equal(allocation->state, "active");
    assert_string_equal(allocation->node_uuid, both->uuid);
    g_autoptr(Node) taken = conductor_fixture_load(fixture, both->uuid);
    assert_string_equal(taken->instance_uuid, allocation->uuid);
    assert_string_equal(taken->allocation_uuid, allocation->uuid);
    g_autoptr(Allocation) second = allocate(
        fixture, "{\"resource_class\": \"gold\", \"traits\": [\"CUSTOM_A\", \"CUSTOM_B\"]}");
    assert_string_equal(second->state, "error"); /* there is no other */
    assert_non_null(strstr(second->last_error, "no available nodes match"));
    g_autoptr(Node) untouched = conductor_fixture_load(fixture, some->uuid);
    assert_null(untouched->instance_uuid);
}

static void
an_allocation_keeps_to_its_candidates_and_prefers_its_name(void **state)
{
    ConductorFixture *fixture = *state;
    Node *nodes[5];
    for (int i = 0; i < 5; i++) {
        g_autofree char *name = g_strdup_printf("n%d", i);
        nodes[i] = gold_node(fixture, name, "[]");
    }
    g_autofree char *values = g_strdup_printf(
        "{\"resource_class\": \"gold\", \"candidate_nodes\": [\"%s\"]}", nodes[3]->uuid);
    g_autoptr(Allocation) chosen = allocate(fixture, values);
    assert_string_equal(chosen->node_uuid, nodes[3]->uuid);
    g_autoptr(Allocation) named =
        allocate(fixture, "{\"resource_class\": \"gold\", \"name\": \"n1\"}");
    assert_string_equal(named->node_uuid, nodes[1]->uuid);
    g_autoptr(Allocation) gone = allocate(fixture, values);
    assert_string_equal(gone->state, "error");
    for (int i = 0; i < 5; i++)
        node_free(nodes[i]);
}

static void
nodes_that_are_not_free_are_no_candidates(void **state)
{
    static const struct {
        const char *column, *value, *back;
    } rows[] = {
        {"maintenance",     "1",                                    "0"},
        {"provision_state", "manageable",                           "available"},
        {"instance_uuid",   "1be26c0b-03f2-4d2e-ae87-c02d7f33c781", NULL},
        {"resource_class",  "silver",                               "gold"},
        {"power_state",     NULL,                                   "power off"},
    };
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "only", "[]");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        conductor_fixture_write(fixture, rows[i].column, rows[i].value);
        g_autoptr(Allocation) none = allocate(fixture, "{\"resource_class\": \"gold\"}");
        if (strcmp(none->state, "error") != 0)
            fail_msg("a node with %s = %s was taken", rows[i].column, rows[i].value);
        conductor_fixture_write(fixture, rows[i].column, rows[i].back);
    }
    g_autoptr(Allocation) found = allocate(fixture, "{\"resource_class\": \"gold\"}");
    assert_string_equal(found->state, "active");
}

static void
a_locked_node_is_no_candidate(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = gold_node(fixture, "only", "[]");
    Task *task = task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    g_autoptr(Allocation) none = allocate(fixture, "{\"resource_class\": \"gold\"}");
    assert_string_equal(none->state, "error");
    task_release(task);
    g_autoptr(Allocation) found = allocate(fixture, "{\"resource_class\": \"gold\"}");
    assert_string_equal(found->state, "active");
}

static void
an_owners_allocation_takes_the_owners_nodes_only(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "theirs", "[]");
    const char *values = "{\"resource_class\": \"gold\", \"owner\": \"me\"}";
    conductor_fixture_write(fixture, "owner", "them");
    g_autoptr(Allocation) none = allocate(fixture, values);
    assert_string_equal(none->state, "error");
    conductor_fixture_write(fixture, "lessee", "me");
    g_autoptr(Allocation) leased = allocate(fixture, values);
    assert_string_equal(leased->state, "active");
}

static void
many_allocations_at_once_get_each_a_node_of_their_own(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int i = 0; i < 12; i++)
        node_free(gold_node(fixture, NULL, "[]"));
    for (int i = 0; i < 12; i++)
        conductor_fixture_do(
            fixture, RPC_CREATE, NULL,
            "{\"resource\": \"allocation\", \"values\": {\"resource_class\": \"gold\"}}");
    conductor_fixture_await_that(fixture,
                                 "(SELECT COUNT(*) FROM allocations WHERE state = 'active') = 12");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows =
        db_records_where(fixture->db, &allocation_resource, "1 = 1", NULL, 0, &error);
    for (guint i = 0; i < rows->len; i++)
        assert_true(g_hash_table_add(
            taken, g_strdup(((Allocation *)g_ptr_array_index(rows, i))->node_uuid)));
}

static void
a_destroyed_allocation_gives_its_node_back_unless_it_is_deployed(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "one", "[]");
    g_autoptr(Allocation) allocation = allocate(fixture, "{\"resource_class\": \"gold\"}");
    g_autofree char *arguments =
        g_strdup_printf("{\"resource\": \"allocation\", \"key\": \"%s\"}", allocation->uuid);
    conductor_fixture_write(fixture, "provision_state", "active");
    conductor_fixture_refused(fixture, RPC_DESTROY, NULL, arguments, STEEL_ERROR_INVALID_STATE,
                              "undeploy it first");
    conductor_fixture_write(fixture, "provision_state", "available");
    conductor_fixture_do(fixture, RPC_DESTROY, NULL, arguments);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_null(after->instance_uuid);
    assert_null(after->allocation_uuid);
}

/* ---- backfill ---- */

static const char instance[] = "1be26c0b-03f2-4d2e-ae87-c02d7f33c781";

/* The call that creates an allocation for a node; `more` is JSON of further members, or "". */
static char *
backfill_of(const Node *node, const char *more)
{
    return g_strdup_printf("{\"resource\": \"allocation\", \"values\": {\"node\": \"%s\"%s}}",
                           node->uuid, more);
}

static void
backfill(ConductorFixture *fixture, const Node *node, const char *more)
{
    g_autofree char *arguments = backfill_of(node, more);
    conductor_fixture_do(fixture, RPC_CREATE, NULL, arguments);
}

/* The call is refused and leaves nothing. */
static void
backfill_refused(ConductorFixture *fixture, const Node *node, const char *more, SteelErrorCode code,
                 const char *part)
{
    g_autofree char *arguments = backfill_of(node, more);
    g_autoptr(Node) before = conductor_fixture_load(fixture, node->uuid);
    conductor_fixture_refused(fixture, RPC_CREATE, NULL, arguments, code, part);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_int_equal(g_strcmp0(after->instance_uuid, before->instance_uuid), 0);
    assert_int_equal(g_strcmp0(after->allocation_uuid, before->allocation_uuid), 0);
    conductor_fixture_await_that(fixture, before->allocation_uuid == NULL
                                              ? "(SELECT COUNT(*) FROM allocations) = 0"
                                              : "(SELECT COUNT(*) FROM allocations) = 1");
}

/* Ends the allocation of a node, which goes into maintenance for that. */
static Node *
release(ConductorFixture *fixture, const Node *node)
{
    g_autoptr(Node) before = conductor_fixture_load(fixture, node->uuid);
    assert_non_null(before->allocation_uuid);
    g_autofree char *arguments =
        g_strdup_printf("{\"resource\": \"allocation\", \"key\": \"%s\"}", before->allocation_uuid);
    conductor_fixture_write(fixture, "maintenance", "1");
    conductor_fixture_do(fixture, RPC_DESTROY, NULL, arguments);
    Node *after = conductor_fixture_load(fixture, node->uuid);
    assert_null(after->allocation_uuid);
    assert_null(after->reservation);
    return after;
}

static void
an_instance_that_was_there_before_its_allocation_stays_after_it(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "runs", "[]");
    conductor_fixture_write(fixture, "provision_state", "active");
    conductor_fixture_write(fixture, "instance_uuid", instance);
    conductor_fixture_write(fixture, "instance_info", "{\"traits\": [\"CUSTOM_MINE\"]}");
    backfill(fixture, node, "");
    g_autoptr(Node) during = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(during->allocation_uuid, instance);
    g_autoptr(Node) after = release(fixture, node);
    assert_string_equal(after->instance_uuid, instance);
    assert_int_equal(json_array_size(json_object_get(after->instance_info, "traits")), 1);
}

static void
an_instance_that_came_with_its_allocation_goes_with_it(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "runs", "[]");
    conductor_fixture_write(fixture, "provision_state", "active");
    backfill(fixture, node, "");
    g_autoptr(Node) during = conductor_fixture_load(fixture, node->uuid);
    assert_non_null(during->instance_uuid);
    assert_string_equal(during->instance_uuid, during->allocation_uuid);
    g_autoptr(Node) after = release(fixture, node);
    assert_null(after->instance_uuid);
}

static void
an_ended_allocation_takes_only_its_own_traits_from_the_instance(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "one", "[\"CUSTOM_A\"]");
    g_autoptr(Allocation) allocation =
        allocate(fixture, "{\"resource_class\": \"gold\", \"traits\": [\"CUSTOM_A\"]}");
    assert_string_equal(allocation->state, "active");
    conductor_fixture_write(fixture, "instance_info",
                            "{\"traits\": [\"CUSTOM_A\", \"CUSTOM_MINE\"], \"a\": 1}");
    g_autoptr(Node) after = release(fixture, node);
    json_auto_t *kept = conductor_fixture_json("{\"traits\": [\"CUSTOM_MINE\"], \"a\": 1}");
    assert_true(json_equal(after->instance_info, kept));
    assert_null(after->instance_uuid);
}

static void
only_a_node_that_fits_is_backfilled(void **state)
{
    static const struct {
        const char *column, *value, *back, *more;
        SteelErrorCode code;
        const char *part;
    } rows[] = {
        {"provision_state", "available", "active", "", STEEL_ERROR_INVALID_STATE, "available"},
        {"name", "runs", "runs", ", \"resource_class\": \"silver\"", STEEL_ERROR_INVALID, "gold"},
        {"instance_uuid", instance, NULL, ", \"uuid\": \"2be26c0b-03f2-4d2e-ae87-c02d7f33c781\"",
         STEEL_ERROR_NODE_ASSOCIATED, instance},
        {"owner", "them", NULL, ", \"owner\": \"me\"", STEEL_ERROR_INVALID, "neither owned"},
    };
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "runs", "[]");
    conductor_fixture_write(fixture, "provision_state", "active");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        conductor_fixture_write(fixture, rows[i].column, rows[i].value);
        backfill_refused(fixture, node, rows[i].more, rows[i].code, rows[i].part);
        conductor_fixture_write(fixture, rows[i].column, rows[i].back);
    }
    conductor_fixture_write(fixture, "lessee", "me");
    backfill(fixture, node, ", \"owner\": \"me\"");
    backfill_refused(fixture, node, "", STEEL_ERROR_NODE_ASSOCIATED, "already");
}

static void
a_locked_node_is_neither_backfilled_nor_released(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = gold_node(fixture, "runs", "[]");
    conductor_fixture_write(fixture, "provision_state", "active");
    Task *task = task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    backfill_refused(fixture, node, "", STEEL_ERROR_LOCKED, "test");
    task_release(task);
    backfill(fixture, node, "");
    g_autoptr(Node) during = conductor_fixture_load(fixture, node->uuid);
    conductor_fixture_write(fixture, "maintenance", "1");
    task = task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    g_autofree char *arguments =
        g_strdup_printf("{\"resource\": \"allocation\", \"key\": \"%s\"}", during->allocation_uuid);
    conductor_fixture_refused(fixture, RPC_DESTROY, NULL, arguments, STEEL_ERROR_LOCKED, "test");
    task_release(task);
    conductor_fixture_do(fixture, RPC_DESTROY, NULL, arguments);
}

/* ---- what others have ---- */

static void
a_failed_allocation_counts_only_what_its_owner_may_see(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) one = gold_node(fixture, "one", "[]");
    g_autoptr(Node) two = gold_node(fixture, "two", "[]");
    conductor_fixture_write(fixture, "owner", "them");
    g_autoptr(Allocation) mine =
        allocate(fixture, "{\"resource_class\": \"gold\", \"owner\": \"me\", \"traits\": "
                          "[\"CUSTOM_NO\"]}");
    assert_non_null(strstr(mine->last_error, ": 0 of the class are available, 0 match"));
    g_autoptr(Allocation) theirs =
        allocate(fixture, "{\"resource_class\": \"gold\", \"owner\": \"them\", \"traits\": "
                          "[\"CUSTOM_NO\"]}");
    assert_non_null(strstr(theirs->last_error, ": 2 of the class are available, 0 match"));
}

static void
an_allocation_cannot_have_the_uuid_of_an_instance_elsewhere(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = gold_node(fixture, "theirs", "[]");
    conductor_fixture_write(fixture, "instance_uuid", instance);
    g_autofree char *arguments =
        g_strdup_printf("{\"resource\": \"allocation\", \"values\": {\"resource_class\": \"gold\","
                        " \"uuid\": \"%s\"}}",
                        instance);
    conductor_fixture_refused(fixture, RPC_CREATE, NULL, arguments, STEEL_ERROR_CONFLICT, instance);
}

static void
a_node_cannot_run_the_allocation_of_another_project(void **state)
{
    ConductorFixture *fixture = *state;
    g_autofree char *values = g_strdup_printf(
        "{\"resource_class\": \"none\", \"owner\": \"them\", \"uuid\": \"%s\"}", instance);
    g_autoptr(Node) node = gold_node(fixture, "mine", "[]");
    g_autoptr(Allocation) theirs = allocate(fixture, values);
    assert_string_equal(theirs->state, "error");
    g_autofree char *patch =
        g_strdup_printf("{\"resource\": \"node\", \"key\": \"%s\", \"patch\": [{\"op\": \"add\","
                        " \"path\": \"/instance_uuid\", \"value\": \"%s\"}]}",
                        node->uuid, instance);
    conductor_fixture_write(fixture, "owner", "me");
    conductor_fixture_refused(fixture, RPC_UPDATE, node->uuid, patch, STEEL_ERROR_CONFLICT,
                              "already exists");
    conductor_fixture_write(fixture, "lessee", "them");
    conductor_fixture_do(fixture, RPC_UPDATE, node->uuid, patch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(an_allocation_gets_a_node_of_its_class_with_all_its_traits),
        fixture_test(an_allocation_keeps_to_its_candidates_and_prefers_its_name),
        fixture_test(nodes_that_are_not_free_are_no_candidates),
        fixture_test(a_locked_node_is_no_candidate),
        fixture_test(an_owners_allocation_takes_the_owners_nodes_only),
        fixture_test(many_allocations_at_once_get_each_a_node_of_their_own),
        fixture_test(a_destroyed_allocation_gives_its_node_back_unless_it_is_deployed),
        fixture_test(an_instance_that_was_there_before_its_allocation_stays_after_it),
        fixture_test(an_instance_that_came_with_its_allocation_goes_with_it),
        fixture_test(an_ended_allocation_takes_only_its_own_traits_from_the_instance),
        fixture_test(only_a_node_that_fits_is_backfilled),
        fixture_test(a_locked_node_is_neither_backfilled_nor_released),
        fixture_test(a_failed_allocation_counts_only_what_its_owner_may_see),
        fixture_test(an_allocation_cannot_have_the_uuid_of_an_instance_elsewhere),
        fixture_test(a_node_cannot_run_the_allocation_of_another_project),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
