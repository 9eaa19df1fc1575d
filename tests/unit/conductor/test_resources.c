/* Rules of nodes and allocations, called as the API calls them: what may change when, and which node an allocation gets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"

/* A call about a node with one PATCH operation; `value` is JSON text, NULL removes. */
static char *
patch_of(const char *uuid, const char *path, const char *value)
{
    return value != NULL ? g_strdup_printf("{\"resource\": \"node\", \"key\": \"%s\", \"patch\":"
                                           " [{\"op\": \"add\", \"path\": \"%s\", \"value\": %s}]}",
                                           uuid, path, value)
                         : g_strdup_printf("{\"resource\": \"node\", \"key\": \"%s\", \"patch\":"
                                           " [{\"op\": \"remove\", \"path\": \"%s\"}]}",
                                           uuid, path);
}

static void
patch(ConductorFixture *fixture, const Node *node, const char *path, const char *value)
{
    g_autofree char *arguments = patch_of(node->uuid, path, value);
    conductor_fixture_do(fixture, RPC_UPDATE, node->uuid, arguments);
}

static void
patch_refused(ConductorFixture *fixture, const Node *node, const char *path, const char *value,
              SteelErrorCode code, const char *part)
{
    g_autofree char *arguments = patch_of(node->uuid, path, value);
    conductor_fixture_refused(fixture, RPC_UPDATE, node->uuid, arguments, code, part);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_null(after->reservation); /* a refusal gives the lock back */
}

static void
a_new_node_is_enrolled_with_the_interfaces_of_its_driver(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    json_t *answer = conductor_fixture_call(
        fixture, RPC_CREATE, NULL,
        "{\"resource\": \"node\", \"values\": {\"driver\": \"fake-hardware\", \"name\": \"n1\"}}",
        &error);
    assert_null(error);
    g_autoptr(Node) node = conductor_fixture_load(fixture, json_string_member(answer, "uuid"));
    json_decref(answer);
    assert_string_equal(node->provision_state, "enroll");
    assert_string_equal(node->name, "n1");
    assert_string_equal(node->conductor_group, "");
    for (int type = 0; type < INTERFACE_COUNT; type++)
        assert_non_null(*node_interface_field(node, (InterfaceType)type));
}

static void
a_node_that_cannot_work_here_is_refused(void **state)
{
    static const struct {
        const char *values, *part;
    } rows[] = {
        {"{}",                                                                 "driver"            },
        {"{\"driver\": \"nonsense\"}",                                         "nonsense"          },
        {"{\"driver\": \"fake-hardware\", \"power_interface\": \"nonsense\"}", "power"             },
        {"{\"driver\": \"fake-hardware\", \"name\": \"a b\"}",                 "not a name"        },
        {"{\"driver\": \"fake-hardware\", \"retired_reason\": \"old\"}",       "retired"           },
        {"{\"driver\": \"fake-hardware\", \"conductor_group\": \"a b\"}",      "conductor_group"   },
        {"{\"driver\": \"fake-hardware\", \"chassis_uuid\": "
         "\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"}",                 "could not be found"},
    };
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *arguments =
            g_strdup_printf("{\"resource\": \"node\", \"values\": %s}", rows[i].values);
        json_t *answer = conductor_fixture_call(fixture, RPC_CREATE, NULL, arguments, &error);
        if (answer != NULL)
            fail_msg("%s was accepted", rows[i].values);
        assert_int_equal(steel_error_info(error)->http_status, 400);
        if (strstr(error->message, rows[i].part) == NULL)
            fail_msg("'%s' does not say '%s'", error->message, rows[i].part);
    }
}

static void
a_taken_name_conflicts_and_says_which(void **state)
{
    ConductorFixture *fixture = *state;
    const char *arguments =
        "{\"resource\": \"node\", \"values\": {\"driver\": \"fake-hardware\", \"name\": \"twin\"}}";
    conductor_fixture_do(fixture, RPC_CREATE, NULL, arguments);
    conductor_fixture_refused(fixture, RPC_CREATE, NULL, arguments, STEEL_ERROR_CONFLICT, "twin");
}

static void
nothing_changes_while_a_node_is_on_its_way(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "wait call-back", NULL);
    conductor_fixture_write(fixture, "target_provision_state", "active");
    patch_refused(fixture, node, "/extra/a", "1", STEEL_ERROR_CONFLICT,
                  "transition is in progress");
    conductor_fixture_write(fixture, "provision_state", "deploy failed");
    patch(fixture, node, "/extra/a", "1");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_int_equal(json_integer_value(json_object_get(after->extra, "a")), 1);
}

static void
interfaces_change_only_where_nothing_rests_on_them(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    const char *path = "/storage_interface", *other = "\"external\"";
    patch_refused(fixture, node, path, other, STEEL_ERROR_INVALID_STATE, "interfaces");
    conductor_fixture_write(fixture, "maintenance", "1");
    patch(fixture, node, path, other);
    conductor_fixture_write(fixture, "maintenance", "0");
    conductor_fixture_write(fixture, "provision_state", "available");
    patch(fixture, node, path, "\"noop\"");
    patch_refused(fixture, node, path, "\"nonsense\"", STEEL_ERROR_INVALID, "nonsense");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(after->storage_interface, "noop");
}

static void
an_instance_is_not_taken_over_by_another(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    patch(fixture, node, "/instance_uuid", "\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"");
    patch_refused(fixture, node, "/instance_uuid", "\"2be26c0b-03f2-4d2e-ae87-c02d7f33c781\"",
                  STEEL_ERROR_NODE_ASSOCIATED, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    patch(fixture, node, "/instance_uuid", NULL);
    patch(fixture, node, "/instance_uuid", "\"2be26c0b-03f2-4d2e-ae87-c02d7f33c781\"");
}

static void
only_deployed_nodes_are_protected_and_a_protected_one_is_not_deleted(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", NULL);
    patch_refused(fixture, node, "/protected", "true", STEEL_ERROR_INVALID_STATE, "only in active");
    patch_refused(fixture, node, "/protected_reason", "\"why\"", STEEL_ERROR_INVALID, "protected");
    conductor_fixture_write(fixture, "provision_state", "active");
    patch(fixture, node, "/protected", "true");
    patch(fixture, node, "/protected_reason", "\"paid for\"");
    conductor_fixture_refused(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"deleted\"}",
                              STEEL_ERROR_NODE_PROTECTED, "protected");
    patch(fixture, node, "/protected", "false");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_null(after->protected_reason); /* goes with what it explains */
}

static void
leaving_maintenance_forgets_reason_and_fault(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid,
                         "{\"maintenance\": true, \"reason\": \"new disk\"}");
    conductor_fixture_write(fixture, "fault", "power failure");
    g_autoptr(Node) during = conductor_fixture_load(fixture, node->uuid);
    assert_string_equal(during->maintenance_reason, "new disk");
    patch(fixture, node, "/maintenance", "false");
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_false(after->maintenance);
    assert_null(after->maintenance_reason);
    assert_null(after->fault);
}

/* A reference to nothing is the client's fault; that nobody can look is not. */
static void
a_database_that_cannot_look_a_reference_up_is_told_as_such(void **state)
{
    ConductorFixture *fixture = *state;
    static const char values[] =
        "{\"resource\": \"node\", \"values\": {\"driver\": \"fake-hardware\", "
        "\"chassis_uuid\": \"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"}}";
    g_autoptr(GError) error = NULL;
    conductor_fixture_refused(fixture, RPC_CREATE, NULL, values, STEEL_ERROR_INVALID, "1be26c0b");
    if (!db_execute(fixture->db, "ALTER TABLE chassis RENAME TO elsewhere", NULL, 0, NULL, &error))
        fail_msg("%s", error->message);
    conductor_fixture_refused(fixture, RPC_CREATE, NULL, values, STEEL_ERROR_DATABASE, "chassis");
}

static void
nodes_are_deleted_where_nothing_is_lost(void **state)
{
    static const struct {
        const char *state;
        bool allowed;
    } rows[] = {
        {"enroll",         true },
        {"manageable",     true },
        {"available",      true },
        {"adopt failed",   true },
        {"active",         false},
        {"wait call-back", false},
        {"clean failed",   false},
        {"error",          false},
        {"deploy failed",  false},
    };
    ConductorFixture *fixture = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Node) node = conductor_fixture_node(fixture, "enroll", NULL);
        g_autofree char *arguments =
            g_strdup_printf("{\"resource\": \"node\", \"key\": \"%s\"}", node->uuid);
        conductor_fixture_do(fixture, RPC_SET_MAINTENANCE, node->uuid, "{\"maintenance\": false}");
        conductor_fixture_write(fixture, "reservation", NULL);
        conductor_fixture_write(fixture, "provision_state", rows[i].state);
        if (rows[i].allowed) {
            conductor_fixture_do(fixture, RPC_DESTROY, node->uuid, arguments);
            continue;
        }
        conductor_fixture_refused(fixture, RPC_DESTROY, node->uuid, arguments,
                                  STEEL_ERROR_INVALID_STATE, rows[i].state);
        conductor_fixture_write(fixture, "maintenance", "1");
        conductor_fixture_do(fixture, RPC_DESTROY, node->uuid, arguments);
    }
}

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

/* Creates an allocation and waits for what comes of it; the caller frees. */
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
    g_autoptr(Allocation) chosen =
        allocate(fixture, "{\"resource_class\": \"gold\", \"candidate_nodes\": [\"n3\"]}");
    assert_string_equal(chosen->node_uuid, nodes[3]->uuid);
    g_autoptr(Allocation) named =
        allocate(fixture, "{\"resource_class\": \"gold\", \"name\": \"n1\"}");
    assert_string_equal(named->node_uuid, nodes[1]->uuid);
    g_autoptr(Allocation) gone =
        allocate(fixture, "{\"resource_class\": \"gold\", \"candidate_nodes\": [\"n3\", \"n1\"]}");
    assert_string_equal(gone->state, "error");
    conductor_fixture_refused(fixture, RPC_CREATE, NULL,
                              "{\"resource\": \"allocation\", \"values\":"
                              " {\"resource_class\": \"gold\", \"candidate_nodes\": [\"nobody\"]}}",
                              STEEL_ERROR_INVALID, "nobody");
    for (int i = 0; i < 5; i++)
        node_free(nodes[i]);
}

static void
nodes_that_are_not_free_are_no_candidates(void **state)
{
    static const struct {
        const char *column, *value, *back;
    } rows[] = {
        {"maintenance",     "1",                                    "0"        },
        {"provision_state", "manageable",                           "available"},
        {"instance_uuid",   "1be26c0b-03f2-4d2e-ae87-c02d7f33c781", NULL       },
        {"resource_class",  "silver",                               "gold"     },
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
    patch(fixture, node, "/owner", "\"them\"");
    g_autoptr(Allocation) none = allocate(fixture, values);
    assert_string_equal(none->state, "error");
    patch(fixture, node, "/lessee", "\"me\"");
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_new_node_is_enrolled_with_the_interfaces_of_its_driver),
        fixture_test(a_node_that_cannot_work_here_is_refused),
        fixture_test(a_taken_name_conflicts_and_says_which),
        fixture_test(nothing_changes_while_a_node_is_on_its_way),
        fixture_test(interfaces_change_only_where_nothing_rests_on_them),
        fixture_test(an_instance_is_not_taken_over_by_another),
        fixture_test(only_deployed_nodes_are_protected_and_a_protected_one_is_not_deleted),
        fixture_test(leaving_maintenance_forgets_reason_and_fault),
        fixture_test(a_database_that_cannot_look_a_reference_up_is_told_as_such),
        fixture_test(nodes_are_deleted_where_nothing_is_lost),
        fixture_test(an_allocation_gets_a_node_of_its_class_with_all_its_traits),
        fixture_test(an_allocation_keeps_to_its_candidates_and_prefers_its_name),
        fixture_test(nodes_that_are_not_free_are_no_candidates),
        fixture_test(a_locked_node_is_no_candidate),
        fixture_test(an_owners_allocation_takes_the_owners_nodes_only),
        fixture_test(many_allocations_at_once_get_each_a_node_of_their_own),
        fixture_test(a_destroyed_allocation_gives_its_node_back_unless_it_is_deployed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
