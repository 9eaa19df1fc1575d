/* Whole records in and out of the database: every field of every resource comes back, and conflicts
 * name the value.
 * SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "common/uuid.h"
#include "db/inspection_rules.h"

/* Two values of each type; a field that names another record gets an existing one. */
static const struct {
    const char *first, *second;
} samples[] = {
    [FIELD_STRING] = {"\"one'\\\"\"", "\"tw\u00f6\""},
    [FIELD_UUID] = {"\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"",
                    "\"2be26c0b-03f2-4d2e-ae87-c02d7f33c781\""},
    [FIELD_NAME] = {"\"rack1.node~1\"", "\"rack-2_node\""},
    [FIELD_MAC] = {"\"52:54:00:12:34:56\"", "\"52:54:00:12:34:57\""},
    [FIELD_TIME] = {"\"2026-11-21T09:14:02+00:00\"", "\"2026-11-21T09:14:03+00:00\""},
    [FIELD_INTEGER] = {"-7", "9223372036854775807"},
    [FIELD_BOOLEAN] = {"true", "false"},
    [FIELD_TRISTATE] = {"true", "false"},
    [FIELD_OBJECT] = {"{\"a\":{\"b\":[1,\"\u00e4\"]}}", "{\"a\":null}"},
    [FIELD_ARRAY] = {"[{\"a\":1},\"b\"]", "[[]]"},
};

static const struct {
    const Resource *resource;
    const char *key_column; /* the field by which a test finds the row again */
} cases[] = {
    {&chassis_resource,          "uuid"},
    {&node_resource,             "uuid"},
    {&port_resource,             "uuid"},
    {&portgroup_resource,        "uuid"},
    {&volume_connector_resource, "uuid"},
    {&volume_target_resource,    "uuid"},
    {&allocation_resource,       "uuid"},
    {&deploy_template_resource,  "uuid"},
    {&runbook_resource,          "uuid"},
    {&inspection_rule_resource,  "uuid"},
    {&conductor_record_resource, "hostname"},
    {&node_history_resource,     "uuid"},
    {&timeline_phase_resource,   "uuid"},
    {&bios_setting_resource,     "name"},
};

static void
set(const Resource *resource, void *record, const Field *field, const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL || !record_set(resource, record, field, value, &error))
        fail_msg("%s.%s = %s: %s", resource->name, field->name, text, error->message);
    json_decref(value);
}

/* The nodes and chassis that samples refer to. */
static void
insert_referred(Db *db)
{
    for (int i = 0; i < 2; i++) {
        const char *text = i == 0 ? samples[FIELD_UUID].first : samples[FIELD_UUID].second;
        g_autoptr(Node) node = node_new();
        g_autoptr(Chassis) chassis = chassis_new();
        set(&node_resource, node, resource_field(&node_resource, "uuid"), text);
        set(&chassis_resource, chassis, resource_field(&chassis_resource, "uuid"), text);
        record_set_text(&node->driver, "fake-hardware");
        scratch_insert(db, &chassis_resource, chassis);
        scratch_insert(db, &node_resource, node);
    }
}

static void
fill(const Resource *resource, void *record, bool first)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field->type != FIELD_COMPUTED)
            set(resource, record, field,
                first ? samples[field->type].first : samples[field->type].second);
    }
}

static char *
text_of(const Resource *resource, const void *record, const char *name)
{
    return *(char **)field_member(resource_field(resource, name), record);
}

static void *
find(Db *db, const Resource *resource, const char *column, const char *value)
{
    g_autoptr(GError) error = NULL;
    void *record = db_record_find(db, resource, column, value, &error);
    if (record == NULL)
        fail_msg("%s %s: %s", resource->name, value, error->message);
    return record;
}

static void
assert_same(const Resource *resource, const void *a, const void *b)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (!record_same(field, a, b))
            fail_msg("%s.%s is not the same", resource->name, field->name);
    }
}

/* Deletes the rows that insert_referred made of the resource itself, so that unique values are
 * free. */
static void
prepare(Db *db, const Resource *resource)
{
    scratch_execute(db, "DELETE FROM nodes");
    scratch_execute(db, "DELETE FROM chassis");
    if (resource == &node_resource) {
        for (int i = 0; i < 2; i++) {
            g_autoptr(Chassis) chassis = chassis_new();
            set(&chassis_resource, chassis, resource_field(&chassis_resource, "uuid"),
                i == 0 ? samples[FIELD_UUID].first : samples[FIELD_UUID].second);
            scratch_insert(db, &chassis_resource, chassis);
        }
    } else if (resource != &chassis_resource) {
        insert_referred(db);
    }
}

static void
every_field_of_every_resource_survives_insert_save_and_find(void **state)
{
    const Scratch *scratch = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Resource *resource = cases[i].resource;
        g_autoptr(GError) error = NULL;
        prepare(scratch->db, resource);
        void *record = record_new(resource);
        fill(resource, record, true);
        scratch_insert(scratch->db, resource, record);
        const char *key = text_of(resource, record, cases[i].key_column);
        void *found = find(scratch->db, resource, cases[i].key_column, key);
        assert_same(resource, record, found);
        void *changed = record_copy(resource, found);
        fill(resource, changed, false);
        if (!db_record_save(scratch->db, resource, changed, found, &error))
            fail_msg("%s: %s", resource->name, error->message);
        if (resource_field(resource, "updated_at") != NULL)
            assert_string_not_equal(text_of(resource, changed, "updated_at"),
                                    "2026-11-21T09:14:03+00:00");
        key = text_of(resource, changed, cases[i].key_column);
        void *again = find(scratch->db, resource, cases[i].key_column, key);
        assert_same(resource, changed, again);
        record_free(resource, record);
        record_free(resource, found);
        record_free(resource, changed);
        record_free(resource, again);
    }
}

static void
an_empty_record_comes_back_with_the_null_of_each_type(void **state)
{
    const Scratch *scratch = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Resource *resource = cases[i].resource;
        prepare(scratch->db, resource);
        void *record = record_new(resource);
        for (size_t k = 0; k < resource->field_count; k++) {
            const Field *field = &resource->fields[k];
            if (field->flags & (FIELD_NOT_NULL | FIELD_REQUIRED) ||
                strcmp(field->name, cases[i].key_column) == 0)
                set(resource, record, field, samples[field->type].first);
        }
        scratch_insert(scratch->db, resource, record);
        void *found = find(scratch->db, resource, cases[i].key_column,
                           text_of(resource, record, cases[i].key_column));
        assert_same(resource, record, found);
        record_free(resource, record);
        record_free(resource, found);
    }
}

static void
an_insert_fills_identity_and_time_of_creation(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(Node) node = scratch_node(scratch->db, NULL);
    assert_true(uuid_valid(node->uuid));
    assert_non_null(node->created_at);
    assert_null(node->updated_at);
    g_autoptr(Node) named = node_new();
    record_set_text(&named->uuid, "3be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    record_set_text(&named->driver, "ipmi");
    scratch_insert(scratch->db, &node_resource, named);
    assert_string_equal(named->uuid, "3be26c0b-03f2-4d2e-ae87-c02d7f33c781");
}

static void
a_save_writes_only_what_differs(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    g_autoptr(Node) mine = node_copy(node);
    scratch_execute(scratch->db, "UPDATE nodes SET power_state = 'power on'"); /* another program */
    record_set_text(&mine->owner, "me");
    json_object_set_new(mine->extra, "a", json_integer(1));
    assert_true(db_record_save(scratch->db, &node_resource, mine, node, &error));
    assert_non_null(mine->updated_at);
    g_autoptr(Node) found = find(scratch->db, &node_resource, "uuid", node->uuid);
    assert_string_equal(found->owner, "me");
    assert_string_equal(found->power_state, "power on");
    assert_string_equal(found->updated_at, mine->updated_at);
    assert_true(json_integer_value(json_object_get(found->extra, "a")) == 1);
}

static void
a_save_without_changes_asks_the_database_nothing(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    g_autoptr(Node) same = node_copy(node);
    uint64_t before = db_statement_count();
    assert_true(db_record_save(scratch->db, &node_resource, same, node, &error));
    assert_true(db_statement_count() == before);
    assert_null(same->updated_at);
}

static void
saving_a_deleted_record_is_not_found(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    g_autoptr(Node) mine = node_copy(node);
    scratch_execute(scratch->db, "DELETE FROM nodes");
    record_set_text(&mine->owner, "me");
    assert_false(db_record_save(scratch->db, &node_resource, mine, node, &error));
    assert_error(error, STEEL_ERROR_NODE_NOT_FOUND);
    assert_says(error, node->uuid);
}

static void
an_absent_record_is_reported_by_its_name(void **state)
{
    const Scratch *scratch = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        const Resource *resource = cases[i].resource;
        bool is_node = resource == &node_resource;
        SteelErrorCode code = is_node ? STEEL_ERROR_NODE_NOT_FOUND : STEEL_ERROR_NOT_FOUND;
        assert_null(db_record_find(scratch->db, resource, cases[i].key_column, "nobody", &error));
        assert_error(error, code);
        assert_says(error, "nobody");
        assert_int_equal(steel_error_info(error)->http_status, 404);
        g_clear_error(&error);
        assert_false(db_record_delete(scratch->db, resource, "nobody", &error));
        assert_error(error, code);
    }
}

static void
a_record_is_found_by_uuid_in_any_case_and_by_name(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "rack1");
    g_autofree char *upper = g_ascii_strup(node->uuid, -1);
    const char *idents[] = {node->uuid, upper, "rack1"};
    for (size_t i = 0; i < G_N_ELEMENTS(idents); i++) {
        g_autoptr(Node) found =
            db_record_find_ident(scratch->db, &node_resource, idents[i], &error);
        if (found == NULL)
            fail_msg("%s", error->message);
        assert_string_equal(found->uuid, node->uuid);
    }
    assert_null(db_record_find_ident(scratch->db, &node_resource, "Rack1", &error));
    assert_error(error, STEEL_ERROR_NODE_NOT_FOUND);
    g_clear_error(&error);
    assert_null(db_record_find_ident(scratch->db, &node_resource, "x' OR '1'='1", &error));
    assert_error(error, STEEL_ERROR_NODE_NOT_FOUND);
}

static void
conflict(Db *db, const Resource *resource, void *record, const char *part, const char *value)
{
    g_autoptr(GError) error = NULL;
    assert_false(db_record_insert(db, resource, record, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, part);
    assert_says(error, value);
    assert_null(strstr(error->message, "constraint")); /* no engine's words */
}

static void
a_taken_value_is_named_in_the_conflict(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(Node) node = scratch_node(scratch->db, "taken");
    g_autoptr(Node) same_name = node_new();
    g_autoptr(Node) same_uuid = node_new();
    record_set_text(&same_name->driver, "ipmi");
    record_set_text(&same_name->name, "taken");
    conflict(scratch->db, &node_resource, same_name, "name", "taken");
    record_set_text(&same_uuid->driver, "ipmi");
    record_set_text(&same_uuid->uuid, node->uuid);
    conflict(scratch->db, &node_resource, same_uuid, "uuid", node->uuid);
    g_autoptr(Port) port = port_new();
    g_autoptr(Port) again = port_new();
    record_set_text(&port->node_uuid, node->uuid);
    record_set_text(&port->address, "52:54:00:00:00:01");
    scratch_insert(scratch->db, &port_resource, port);
    record_set_text(&again->node_uuid, node->uuid);
    record_set_text(&again->address, "52:54:00:00:00:01");
    conflict(scratch->db, &port_resource, again, "address", "52:54:00:00:00:01");
}

static void
a_taken_pair_of_values_is_named_by_the_one_that_is_chosen(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(Node) node = scratch_node(scratch->db, NULL);
    g_autoptr(VolumeTarget) target = volume_target_new();
    record_set_text(&target->node_uuid, node->uuid);
    record_set_text(&target->volume_type, "iscsi");
    record_set_text(&target->volume_id, "7");
    target->boot_index = 3;
    scratch_insert(scratch->db, &volume_target_resource, target);
    g_autoptr(VolumeTarget) again = volume_target_copy(target);
    record_set_text(&again->uuid, NULL);
    conflict(scratch->db, &volume_target_resource, again, "boot_index", "3");
    g_autoptr(VolumeConnector) connector = volume_connector_new();
    record_set_text(&connector->node_uuid, node->uuid);
    record_set_text(&connector->type, "iqn");
    record_set_text(&connector->connector_id, "iqn.2026-11.org:x");
    scratch_insert(scratch->db, &volume_connector_resource, connector);
    g_autoptr(VolumeConnector) same = volume_connector_copy(connector);
    record_set_text(&same->uuid, NULL);
    conflict(scratch->db, &volume_connector_resource, same, "connector", "iqn");
}

static void
a_save_with_a_taken_value_conflicts_and_changes_nothing(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) one = scratch_node(scratch->db, "one");
    g_autoptr(Node) two = scratch_node(scratch->db, "two");
    g_autoptr(Node) renamed = node_copy(two);
    record_set_text(&renamed->name, "one");
    assert_false(db_record_save(scratch->db, &node_resource, renamed, two, &error));
    assert_error(error, STEEL_ERROR_CONFLICT);
    assert_says(error, "one");
    g_autoptr(Node) found = find(scratch->db, &node_resource, "uuid", two->uuid);
    assert_string_equal(found->name, "two");
}

static void
a_record_that_refers_to_nothing_is_invalid(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Port) port = port_new();
    record_set_text(&port->node_uuid, "9be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    record_set_text(&port->address, "52:54:00:00:00:01");
    assert_false(db_record_insert(scratch->db, &port_resource, port, &error));
    assert_error(error, STEEL_ERROR_INVALID);
}

static void
deleting_a_node_deletes_its_children_only(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "gone");
    g_autoptr(Node) other = scratch_node(scratch->db, "kept");
    const Node *owners[] = {node, other};
    for (size_t i = 0; i < 2; i++) {
        g_autoptr(Port) port = port_new();
        g_autoptr(NodeHistory) history = node_history_new();
        g_autofree char *address = g_strdup_printf("52:54:00:00:00:0%zu", i);
        record_set_text(&port->node_uuid, owners[i]->uuid);
        record_set_text(&port->address, address);
        record_set_text(&history->node_uuid, owners[i]->uuid);
        scratch_insert(scratch->db, &port_resource, port);
        scratch_insert(scratch->db, &node_history_resource, history);
    }
    assert_true(db_record_delete(scratch->db, &node_resource, node->uuid, &error));
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM nodes") == 1);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM ports") == 1);
    assert_true(scratch_number(scratch->db, "SELECT COUNT(*) FROM node_history") == 1);
}

static void
a_record_with_references_to_it_cannot_be_deleted(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Chassis) chassis = chassis_new();
    scratch_insert(scratch->db, &chassis_resource, chassis);
    g_autoptr(Node) node = node_new();
    record_set_text(&node->driver, "ipmi");
    record_set_text(&node->chassis_uuid, chassis->uuid);
    scratch_insert(scratch->db, &node_resource, node);
    assert_false(db_record_delete(scratch->db, &chassis_resource, chassis->uuid, &error));
    assert_error(error, STEEL_ERROR_INVALID);
    assert_says(error, "still referred to");
}

static void
records_are_found_by_condition_in_its_order(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    static const char *const names[] = {"c", "a", "b"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        node_free(scratch_node(scratch->db, names[i]));
    const DbValue value = db_text("b");
    g_autoptr(GPtrArray) found = db_records_where(scratch->db, &node_resource,
                                                  "name <= ?1 ORDER BY name", &value, 1, &error);
    assert_int_equal(found->len, 2);
    assert_string_equal(((Node *)g_ptr_array_index(found, 0))->name, "a");
    assert_string_equal(((Node *)g_ptr_array_index(found, 1))->name, "b");
    g_autoptr(GPtrArray) none =
        db_records_where(scratch->db, &node_resource, "name = 'x'", NULL, 0, &error);
    assert_int_equal(none->len, 0);
    assert_null(db_records_where(scratch->db, &node_resource, "nonsense", NULL, 0, &error));
    assert_error(error, STEEL_ERROR_DATABASE);
}

static void
a_guarded_write_asks_for_the_stored_value(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    g_autoptr(Node) changed = node_copy(node);
    const DbGuard wrong = {"name = ", "two", ""}, right = {"name = ", "one", ""};
    bool written = true;
    record_set_text(&changed->description, "new");
    assert_true(db_record_save_guarded(scratch->db, &node_resource, changed, node, wrong, &written,
                                       &error));
    assert_false(written);
    assert_true(db_record_save_guarded(scratch->db, &node_resource, changed, node, right, &written,
                                       &error));
    assert_true(written);
    assert_true(
        db_record_delete_guarded(scratch->db, &node_resource, node->uuid, wrong, &written, &error));
    assert_false(written);
    assert_true(
        db_record_delete_guarded(scratch->db, &node_resource, node->uuid, right, &written, &error));
    assert_true(written);
}

static void
json_that_was_damaged_in_the_database_reads_as_empty(void **state)
{
    const Scratch *scratch = *state;
    g_autoptr(Node) node = scratch_node(scratch->db, "one");
    scratch_execute(scratch->db, "UPDATE nodes SET extra = '{broken', traits = 'null'");
    g_autoptr(Node) found = find(scratch->db, &node_resource, "uuid", node->uuid);
    assert_int_equal(json_object_size(found->extra), 0);
    assert_true(json_is_object(found->extra) && json_is_array(found->traits));
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

static void
insert_rule(Db *db, const char *description, int64_t priority, const char *phase)
{
    g_autoptr(InspectionRule) rule = inspection_rule_new();
    record_set_text(&rule->description, description);
    record_set_text(&rule->phase, phase);
    rule->priority = priority;
    json_array_append_new(rule->actions, json_object());
    scratch_insert(db, &inspection_rule_resource, rule);
}

static void
inspection_rules_of_a_phase_come_by_priority_and_then_as_created(void **state)
{
    const Scratch *scratch = *state;
    static const char *const expected[] = {"great", "first", "second", "small"};
    g_autoptr(GError) error = NULL;
    insert_rule(scratch->db, "first", 5, "main");
    insert_rule(scratch->db, "small", -1, "main");
    insert_rule(scratch->db, "other", 9, "early");
    insert_rule(scratch->db, "great", 7, "main");
    insert_rule(scratch->db, "second", 5, "main");
    g_autoptr(GPtrArray) rules = db_inspection_rules(scratch->db, "main", &error);
    assert_non_null(rules);
    assert_int_equal(rules->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < rules->len; i++)
        assert_string_equal(((const InspectionRule *)rules->pdata[i])->description, expected[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(every_field_of_every_resource_survives_insert_save_and_find),
        scratch_test(an_empty_record_comes_back_with_the_null_of_each_type),
        scratch_test(an_insert_fills_identity_and_time_of_creation),
        scratch_test(a_save_writes_only_what_differs),
        scratch_test(a_save_without_changes_asks_the_database_nothing),
        scratch_test(saving_a_deleted_record_is_not_found),
        scratch_test(an_absent_record_is_reported_by_its_name),
        scratch_test(a_record_is_found_by_uuid_in_any_case_and_by_name),
        scratch_test(a_taken_value_is_named_in_the_conflict),
        scratch_test(a_taken_pair_of_values_is_named_by_the_one_that_is_chosen),
        scratch_test(a_save_with_a_taken_value_conflicts_and_changes_nothing),
        scratch_test(a_record_that_refers_to_nothing_is_invalid),
        scratch_test(deleting_a_node_deletes_its_children_only),
        scratch_test(a_record_with_references_to_it_cannot_be_deleted),
        scratch_test(records_are_found_by_condition_in_its_order),
        scratch_test(json_that_was_damaged_in_the_database_reads_as_empty),
        scratch_test(a_guarded_write_asks_for_the_stored_value),
        scratch_test(inspection_rules_of_a_phase_come_by_priority_and_then_as_created),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
