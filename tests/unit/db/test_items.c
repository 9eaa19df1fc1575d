/* One item at a time: its row, its brief, and the questions about a node's children.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "db/bios_settings.h"
#include "db/node_brief.h"
#include "db/nodes.h"
#include "db/ports.h"
#include "db/volumes.h"

static Db *
database(void **state)
{
    return ((const Scratch *)*state)->db;
}

static Port *
add_port(Db *db, const Node *node, const char *address, const char *portgroup_uuid)
{
    Port *port = port_new();
    port->address = g_strdup(address);
    port->node_uuid = g_strdup(node->uuid);
    port->portgroup_uuid = g_strdup(portgroup_uuid);
    scratch_insert(db, &port_resource, port);
    return port;
}

/* ---- rows ---- */

static bool
read_texts(const DbRow *row, void *user_data)
{
    g_string_append_printf(user_data, "[%s|%s]", db_row_text(row, 0, NULL),
                           db_row_is_null(row, 1) ? "null" : db_row_text(row, 1, NULL));
    return true;
}

static void
an_item_is_found_by_key_and_by_name_and_not_by_what_is_neither(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(Node) a = scratch_node(db, "a"), b = scratch_node(db, "b");
    const DbColumn columns[] = {{.field = resource_field(&node_resource, "name")},
                                {.field = resource_field(&node_resource, "driver")}};
    g_autoptr(DbSelection) selection = db_selection_new(&node_resource, columns, 2);
    assert_true(db_item(db, selection, DB_BY_KEY, a->uuid, read_texts, found, &error));
    assert_true(db_item(db, selection, DB_BY_NAME, "b", read_texts, found, &error));
    assert_true(db_item(db, selection, DB_BY_KEY, "b", read_texts, found, &error));
    assert_true(db_item(db, selection, DB_BY_NAME, b->uuid, read_texts, found, &error));
    assert_true(db_item(db, selection, DB_BY_NAME, "' OR ''='", read_texts, found, &error));
    assert_string_equal(found->str, "[a|fake-hardware][b|fake-hardware]");
}

static void
a_fixed_column_has_its_text_whatever_is_stored(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(Node) node = scratch_node(db, "a");
    /* clang-format off */
    const DbColumn columns[] = {
        {.field = resource_field(&node_resource, "name"), .fixed = true, .text = "it's \"so\""},
        {.field = resource_field(&node_resource, "driver"), .fixed = true},
    };
    /* clang-format on */
    g_autoptr(DbSelection) selection = db_selection_new(&node_resource, columns, 2);
    assert_true(db_item(db, selection, DB_BY_KEY, node->uuid, read_texts, found, &error));
    assert_string_equal(found->str, "[it's \"so\"|null]");
}

static void
an_item_of_a_node_is_not_one_of_another(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(Node) mine = scratch_node(db, "mine"), other = scratch_node(db, "other");
    g_autoptr(Port) port = add_port(db, mine, "aa", NULL);
    const DbColumn columns[] = {{.field = resource_field(&port_resource, "address")},
                                {.field = resource_field(&port_resource, "physical_network")}};
    g_autoptr(DbSelection) selection = db_selection_new(&port_resource, columns, 2);
    assert_true(db_item_of_node(db, selection, port->uuid, other->uuid, read_texts, found, &error));
    assert_string_equal(found->str, "");
    assert_true(db_item_of_node(db, selection, port->uuid, mine->uuid, read_texts, found, &error));
    assert_string_equal(found->str, "[aa|null]");
}

/* ---- briefs ---- */

/* Compares a brief with "key node owner lessee"; nulls are dashes. */
static void
brief_is(Db *db, const Resource *resource, DbOwnership ownership, DbIdent by, const char *ident,
         const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_auto(ItemBrief) brief = {0};
    if (!db_item_brief(db, resource, ownership, by, ident, &brief, &error))
        fail_msg("%s", error->message);
    const char *parts[] = {brief.uuid, brief.node_uuid, brief.owner, brief.lessee, NULL};
    for (size_t i = 0; i < 4; i++)
        parts[i] = parts[i] != NULL ? parts[i] : "-";
    g_autofree char *text = g_strjoinv(" ", (char **)(uintptr_t)parts);
    assert_string_equal(text, expected);
}

static void
a_brief_names_the_owner_of_the_item(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) node = node_new();
    node->uuid = g_strdup("n");
    node->name = g_strdup("named");
    node->driver = g_strdup("ipmi");
    node->owner = g_strdup("x");
    node->lessee = g_strdup("y");
    scratch_insert(db, &node_resource, node);
    g_autoptr(Port) port = add_port(db, node, "aa", NULL);
    g_autoptr(Allocation) allocation = allocation_new();
    allocation->uuid = g_strdup("al");
    allocation->owner = g_strdup("z");
    allocation->node_uuid = g_strdup("n");
    scratch_insert(db, &allocation_resource, allocation);
    g_autoptr(Chassis) chassis = chassis_new();
    chassis->uuid = g_strdup("c");
    scratch_insert(db, &chassis_resource, chassis);
    g_autofree char *of_port = g_strdup_printf("%s n x y", port->uuid);
    brief_is(db, &node_resource, DB_OWNED_BY_FIELDS, DB_BY_KEY, "n", "n n x y");
    brief_is(db, &node_resource, DB_OWNED_BY_FIELDS, DB_BY_NAME, "named", "n n x y");
    brief_is(db, &node_resource, DB_OWNED_BY_FIELDS, DB_BY_NAME, "n", "- - - -");
    brief_is(db, &port_resource, DB_OWNED_BY_NODE, DB_BY_KEY, port->uuid, of_port);
    brief_is(db, &allocation_resource, DB_OWNED_BY_FIELDS, DB_BY_KEY, "al", "al n z -");
    brief_is(db, &chassis_resource, DB_OWNED_BY_NOBODY, DB_BY_KEY, "c", "c - - -");
}

static void
a_node_in_brief_is_found_both_ways(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "a");
    g_auto(NodeBrief) by_key = {0}, by_name = {0}, none = {0};
    assert_true(db_node_brief(db, DB_BY_KEY, node->uuid, &by_key, &error));
    assert_true(db_node_brief(db, DB_BY_NAME, "a", &by_name, &error));
    assert_true(db_node_brief(db, DB_BY_NAME, node->uuid, &none, &error));
    assert_string_equal(by_key.name, "a");
    assert_string_equal(by_name.uuid, node->uuid);
    assert_string_equal(by_name.driver, "fake-hardware");
    assert_false(by_name.maintenance);
    assert_null(none.uuid);
}

/* ---- children of a node ---- */

static void
addresses_of_one_node_name_it_those_of_two_do_not(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) a = scratch_node(db, "a"), b = scratch_node(db, "b");
    g_autoptr(Port) first = add_port(db, a, "a1", NULL), second = add_port(db, a, "a2", NULL),
                    third = add_port(db, b, "b1", NULL);
    static const char *const asked[] = {"x", "a1", "a2", "b1", "b1,"};
    const char *many[DB_ADDRESS_LIMIT];
    static const struct {
        size_t from, count;
        const char *name;
        bool ambiguous;
    } rows[] = {{0, 0, NULL, false}, {0, 1, NULL, false}, {0, 3, "a", false}, {2, 1, "a", false},
                {3, 1, "b", false},  {1, 3, "?", true},   {4, 1, NULL, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *uuid = NULL;
        bool ambiguous = true;
        assert_true(
            db_ports_node(db, asked + rows[i].from, rows[i].count, &uuid, &ambiguous, &error));
        assert_int_equal(ambiguous, rows[i].ambiguous);
        const char *wanted = rows[i].name == NULL             ? NULL
                             : strcmp(rows[i].name, "b") == 0 ? b->uuid
                                                              : a->uuid;
        if (!rows[i].ambiguous && g_strcmp0(uuid, wanted) != 0)
            fail_msg("row %zu finds %s", i, uuid != NULL ? uuid : "nothing");
    }
    for (size_t i = 0; i < DB_ADDRESS_LIMIT; i++)
        many[i] = i + 1 < DB_ADDRESS_LIMIT ? "x" : "b1";
    g_autofree char *uuid = NULL;
    bool ambiguous = true;
    assert_true(db_ports_node(db, many, DB_ADDRESS_LIMIT, &uuid, &ambiguous, &error));
    assert_string_equal(uuid, b->uuid);
}

static void
a_port_group_knows_its_members_and_strays(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) a = scratch_node(db, "a"), b = scratch_node(db, "b");
    g_autoptr(Port) first = add_port(db, a, "a1", "g");
    g_autoptr(GPtrArray) one = db_portgroup_member(db, "g", NULL, &error);
    g_autoptr(GPtrArray) none = db_portgroup_member(db, "g", first->uuid, &error);
    bool strays = true;
    assert_int_equal(one->len, 1);
    assert_int_equal(none->len, 0);
    assert_true(db_portgroup_has_strays(db, "g", a->uuid, &strays, &error) && !strays);
    g_autoptr(Port) second = add_port(db, b, "b1", "g");
    g_autoptr(GPtrArray) other = db_portgroup_member(db, "g", first->uuid, &error);
    assert_string_equal(((Port *)other->pdata[0])->address, "b1");
    assert_true(db_portgroup_has_strays(db, "g", a->uuid, &strays, &error) && strays);
    g_autoptr(Port) foreign = add_port(db, a, "a2", "h");
    g_autoptr(GPtrArray) all = db_portgroup_ports(db, "g", &error);
    assert_int_equal(all->len, 2);
}

static void
add_target(Db *db, const Node *node, const char *type, int64_t boot_index)
{
    g_autoptr(VolumeTarget) target = volume_target_new();
    target->node_uuid = g_strdup(node->uuid);
    target->volume_type = g_strdup(type);
    target->volume_id = g_strdup("v");
    target->boot_index = boot_index;
    scratch_insert(db, &volume_target_resource, target);
}

static void
targets_to_boot_from_come_in_the_order_of_their_index(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "a"), other = scratch_node(db, "b");
    add_target(db, node, "iscsi", 2);
    add_target(db, node, "iscsi", 0);
    add_target(db, node, "iscsi", -1);
    add_target(db, node, "fibre_channel", 1);
    add_target(db, other, "iscsi", 0);
    g_autoptr(GPtrArray) targets = db_volume_targets_to_boot(db, node->uuid, "iscsi", &error);
    assert_int_equal(targets->len, 2);
    assert_true(((VolumeTarget *)targets->pdata[0])->boot_index == 0);
    assert_true(((VolumeTarget *)targets->pdata[1])->boot_index == 2);
    assert_true(db_volume_targets_delete(db, node->uuid, &error));
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM volume_targets") == 1);
}

static void
the_first_connector_of_a_type_is_the_oldest(void **state)
{
    Db *db = database(state);
    static const char *const rows[][2] = {{"wwpn", "z"}, {"iqn", "y"}, {"iqn", "a"}};
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "a");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(VolumeConnector) connector = volume_connector_new();
        connector->node_uuid = g_strdup(node->uuid);
        connector->type = g_strdup(rows[i][0]);
        connector->connector_id = g_strdup(rows[i][1]);
        scratch_insert(db, &volume_connector_resource, connector);
    }
    g_autoptr(GPtrArray) iqn = db_volume_connector_first(db, node->uuid, "iqn", &error);
    g_autoptr(GPtrArray) none = db_volume_connector_first(db, node->uuid, "port", &error);
    assert_int_equal(iqn->len, 1);
    assert_string_equal(((VolumeConnector *)iqn->pdata[0])->connector_id, "y");
    assert_int_equal(none->len, 0);
}

static void
replace_settings(Db *db, const Node *node, const char *first, const char *second)
{
    const char *const names[] = {first, second};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) settings =
        g_ptr_array_new_with_free_func((GDestroyNotify)bios_setting_free);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        BiosSetting *setting = bios_setting_new();
        setting->node_uuid = g_strdup(node->uuid);
        setting->name = g_strdup(names[i]);
        setting->value = g_strdup("v");
        g_ptr_array_add(settings, setting);
    }
    if (!db_bios_settings_replace(db, node->uuid, settings, &error))
        fail_msg("%s", error->message);
}

static void
bios_settings_are_replaced_and_keep_the_time_they_were_first_seen(void **state)
{
    Db *db = database(state);
    g_autoptr(Node) node = scratch_node(db, "a"), other = scratch_node(db, "b");
    replace_settings(db, other, "kept", "too");
    replace_settings(db, node, "one", "two");
    scratch_execute(db, "UPDATE bios_settings SET created_at = 'then'");
    replace_settings(db, node, "two", "three");
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM bios_settings") == 4);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM bios_settings WHERE name = 'one'") == 0);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM bios_settings WHERE name = 'two' AND "
                                   "created_at = 'then'") == 1);
    assert_true(scratch_number(db, "SELECT COUNT(*) FROM bios_settings WHERE name = 'three' AND "
                                   "created_at <> 'then'") == 1);
}

static void
a_chassis_knows_whether_it_has_nodes(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    bool has_nodes = true;
    g_autoptr(Chassis) chassis = chassis_new();
    scratch_insert(db, &chassis_resource, chassis);
    assert_true(db_chassis_has_nodes(db, chassis->uuid, &has_nodes, &error) && !has_nodes);
    g_autoptr(Node) node = node_new();
    node->driver = g_strdup("ipmi");
    node->chassis_uuid = g_strdup(chassis->uuid);
    scratch_insert(db, &node_resource, node);
    assert_true(db_chassis_has_nodes(db, chassis->uuid, &has_nodes, &error) && has_nodes);
}

static void
looking_for_an_absent_record_is_no_error(void **state)
{
    Db *db = database(state);
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(db, "a"), found = NULL, none = node_new();
    assert_true(db_record_look(db, &node_resource, "name", "a", &found, &error));
    assert_string_equal(found->uuid, node->uuid);
    g_clear_pointer(&none, node_free);
    assert_true(db_record_look(db, &node_resource, "name", "x", &none, &error));
    assert_null(none);
    assert_true(db_record_look(db, &node_resource, "name", NULL, &none, &error));
    assert_null(none);
}

static void
a_record_is_found_by_its_own_fields_only(void **state)
{
    static const char *const fields[] = {"id", "links", "name\" = 'a' OR \"name"};
    Db *db = database(state);
    g_autoptr(Node) node = scratch_node(db, "a");
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Node) found = NULL;
        assert_false(db_record_look(db, &node_resource, fields[i], "1", &found, &error));
        assert_error(error, STEEL_ERROR_INTERNAL);
        assert_null(found);
    }
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(an_item_is_found_by_key_and_by_name_and_not_by_what_is_neither),
        scratch_test(a_fixed_column_has_its_text_whatever_is_stored),
        scratch_test(an_item_of_a_node_is_not_one_of_another),
        scratch_test(a_brief_names_the_owner_of_the_item),
        scratch_test(a_node_in_brief_is_found_both_ways),
        scratch_test(addresses_of_one_node_name_it_those_of_two_do_not),
        scratch_test(a_port_group_knows_its_members_and_strays),
        scratch_test(targets_to_boot_from_come_in_the_order_of_their_index),
        scratch_test(the_first_connector_of_a_type_is_the_oldest),
        scratch_test(bios_settings_are_replaced_and_keep_the_time_they_were_first_seen),
        scratch_test(a_chassis_knows_whether_it_has_nodes),
        scratch_test(a_record_is_found_by_its_own_fields_only),
        scratch_test(looking_for_an_absent_record_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
