/* Rules of nodes, called as the API calls them: which fields may change in which states.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"
#include "db/sql.h"

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
    assert_null(after->reservation); /* a refusal releases the lock */
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
        {"{}", "driver"},
        {"{\"driver\": \"nonsense\"}", "nonsense"},
        {"{\"driver\": \"fake-hardware\", \"power_interface\": \"nonsense\"}", "power"},
        {"{\"driver\": \"fake-hardware\", \"name\": \"a b\"}", "not a name"},
        {"{\"driver\": \"fake-hardware\", \"retired_reason\": \"old\"}", "retired"},
        {"{\"driver\": \"fake-hardware\", \"conductor_group\": \"a b\"}", "conductor_group"},
        {"{\"driver\": \"fake-hardware\", \"chassis_uuid\": "
         "\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"}",
         "could not be found"},
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

/* A reference to an absent record is the client's fault; a database error is not. */
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
        {"enroll",         true},
        {"manageable",     true},
        {"available",      true},
        {"adopt failed",   true},
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

/* {"traits": ["CUSTOM_0", ...]}; the caller frees. */
static char *
traits(int count)
{
    g_autoptr(GString) text = g_string_new("{\"traits\": [");
    for (int i = 0; i < count; i++)
        g_string_append_printf(text, "%s\"CUSTOM_%d\"", i > 0 ? "," : "", i);
    return g_string_free(g_string_append(g_steal_pointer(&text), "]}"), FALSE);
}

static void
a_node_has_fifty_traits_at_most(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    g_autofree char *many = traits(51), *all = traits(50);
    conductor_fixture_refused(fixture, RPC_SET_TRAITS, node->uuid, many, STEEL_ERROR_INVALID,
                              "at most 50");
    conductor_fixture_do(fixture, RPC_SET_TRAITS, node->uuid, all);
    conductor_fixture_do(fixture, RPC_ADD_TRAIT, node->uuid, "{\"trait\": \"CUSTOM_0\"}");
    conductor_fixture_refused(fixture, RPC_ADD_TRAIT, node->uuid, "{\"trait\": \"CUSTOM_X\"}",
                              STEEL_ERROR_INVALID, "at most 50");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_node_has_fifty_traits_at_most),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
