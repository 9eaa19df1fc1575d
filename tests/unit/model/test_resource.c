/* Records by field table: every field of every resource is set, read, copied and compared, and its
 * type is checked.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const Resource *const resources[] = {
    &node_resource,
    &port_resource,
    &portgroup_resource,
    &volume_connector_resource,
    &volume_target_resource,
    &chassis_resource,
    &allocation_resource,
    &deploy_template_resource,
    &runbook_resource,
    &inspection_rule_resource,
    &conductor_record_resource,
    &node_history_resource,
    &timeline_phase_resource,
    &bios_setting_resource,
};

/* Two valid values of each type, and one that is only valid as text. */
static const struct {
    const char *first, *second;
} samples[] = {
    [FIELD_STRING] = {"\"one\"", "\"two\""},
    [FIELD_UUID] = {"\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"",
                    "\"2be26c0b-03f2-4d2e-ae87-c02d7f33c781\""},
    [FIELD_NAME] = {"\"rack1.node~1\"", "\"rack-2_node\""},
    [FIELD_MAC] = {"\"52:54:00:12:34:56\"", "\"52:54:00:12:34:57\""},
    [FIELD_TIME] = {"\"2026-11-21T09:14:02+00:00\"", "\"2026-11-21T09:14:03+00:00\""},
    [FIELD_INTEGER] = {"-7", "9223372036854775807"},
    [FIELD_BOOLEAN] = {"true", "false"},
    [FIELD_TRISTATE] = {"true", "false"},
    [FIELD_OBJECT] = {"{\"a\":{\"b\":[1,2]}}", "{\"a\":{\"b\":[1,3]}}"},
    [FIELD_ARRAY] = {"[{\"a\":1},\"b\"]", "[{\"a\":2},\"b\"]"},
};

static json_t *
parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    return value;
}

static void
set(const Resource *resource, void *record, const Field *field, const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = text != NULL ? parsed(text) : NULL;
    if (!record_set(resource, record, field, value, &error))
        fail_msg("%s.%s = %s: %s", resource->name, field->name, text, error->message);
    json_decref(value);
}

static void
refused(const Resource *resource, void *record, const Field *field, const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = parsed(text);
    if (record_set(resource, record, field, value, &error))
        fail_msg("%s.%s = %s was taken", resource->name, field->name, text);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    json_decref(value);
}

static void
holds(const void *record, const Field *field, const char *text)
{
    json_t *value = record_get(record, field);
    g_autofree char *written = json_text_dump(value);
    json_decref(value);
    assert_string_equal(written, text);
}

/* The value of a field in a new record. */
static const char *
zero_of(const Field *field)
{
    switch (field->type) {
    case FIELD_INTEGER:
        return field->flags & FIELD_NULLABLE ? "null" : "0";
    case FIELD_BOOLEAN:
        return "false";
    case FIELD_OBJECT:
        return "{}";
    case FIELD_ARRAY:
        return "[]";
    case FIELD_STRING:
    case FIELD_UUID:
    case FIELD_NAME:
    case FIELD_MAC:
    case FIELD_TIME:
    case FIELD_TRISTATE:
    case FIELD_COMPUTED:
        break;
    }
    return "null";
}

typedef void (*FieldCase)(const Resource *resource, const Field *field);

static void
each_field(FieldCase run)
{
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
        for (size_t k = 0; k < resources[i]->field_count; k++, count++)
            if (resources[i]->fields[k].type != FIELD_COMPUTED)
                run(resources[i], &resources[i]->fields[k]);
    assert_true(count > 150);
}

static void
case_new(const Resource *resource, const Field *field)
{
    void *record = record_new(resource);
    holds(record, field, zero_of(field));
    record_free(resource, record);
}

static void
a_new_record_holds_the_null_of_each_type(void **state)
{
    (void)state;
    each_field(case_new);
}

static void
case_set(const Resource *resource, const Field *field)
{
    void *record = record_new(resource);
    set(resource, record, field, samples[field->type].first);
    bool folded = field->flags & FIELD_LOWER;
    g_autofree char *lower = g_ascii_strdown(samples[field->type].first, -1);
    holds(record, field, folded ? lower : samples[field->type].first);
    set(resource, record, field, samples[field->type].second);
    holds(record, field, samples[field->type].second);
    record_free(resource, record);
}

static void
set_values_are_read_back(void **state)
{
    (void)state;
    each_field(case_set);
}

static void
case_absent(const Resource *resource, const Field *field)
{
    void *record = record_new(resource);
    set(resource, record, field, samples[field->type].first);
    set(resource, record, field, NULL);
    holds(record, field, field->absent != NULL ? field->absent : zero_of(field));
    record_free(resource, record);
}

static void
an_absent_value_means_the_default(void **state)
{
    (void)state;
    each_field(case_absent);
}

static void
case_null(const Resource *resource, const Field *field)
{
    void *record = record_new(resource);
    set(resource, record, field, samples[field->type].first);
    if (field->flags & FIELD_NOT_NULL) {
        refused(resource, record, field, "null");
        holds(record, field, samples[field->type].first);
    } else {
        set(resource, record, field, "null");
        holds(record, field, field->absent != NULL ? field->absent : zero_of(field));
    }
    record_free(resource, record);
}

static void
null_means_the_default_unless_the_field_must_have_a_value(void **state)
{
    (void)state;
    each_field(case_null);
}

static void
case_copy(const Resource *resource, const Field *field)
{
    void *record = record_new(resource);
    set(resource, record, field, samples[field->type].first);
    void *copy = record_copy(resource, record);
    for (size_t i = 0; i < resource->field_count; i++)
        assert_true(record_same(&resource->fields[i], record, copy));
    set(resource, copy, field, samples[field->type].second);
    for (size_t i = 0; i < resource->field_count; i++)
        assert_int_equal(record_same(&resource->fields[i], record, copy),
                         &resource->fields[i] != field);
    holds(record, field, samples[field->type].first); /* the copy shares nothing with it */
    record_copy_field(field, copy, record);
    assert_true(record_same(field, record, copy));
    record_free(resource, copy);
    holds(record, field, samples[field->type].second);
    record_free(resource, record);
}

static void
a_copy_is_the_same_until_either_is_changed(void **state)
{
    (void)state;
    each_field(case_copy);
}

static void
case_wrong_type(const Resource *resource, const Field *field)
{
    static const char *const values[] = {"\"x y\"",   "7",   "1.5",        "true",
                                         "{\"a\":1}", "[1]", "\"\\u00e4\""};
    static const char *const good[] = {
        [FIELD_STRING] = "1000001",  [FIELD_UUID] = "0000000",     [FIELD_NAME] = "0000000",
        [FIELD_MAC] = "0000000",     [FIELD_TIME] = "1000001",     [FIELD_INTEGER] = "0100000",
        [FIELD_BOOLEAN] = "0001000", [FIELD_TRISTATE] = "0001000", [FIELD_OBJECT] = "0000100",
        [FIELD_ARRAY] = "0000010",
    };
    void *record = record_new(resource);
    set(resource, record, field, samples[field->type].second);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
        if (good[field->type][i] == '0')
            refused(resource, record, field, values[i]);
    holds(record, field, samples[field->type].second);
    record_free(resource, record);
}

static void
values_of_a_wrong_type_are_refused_and_change_nothing(void **state)
{
    (void)state;
    each_field(case_wrong_type);
}

static void
case_secret(const Resource *resource, const Field *field)
{
    g_autoptr(GError) error = NULL;
    void *record = record_new(resource);
    json_t *value = parsed("\"auth_password=Opensesame1\"");
    assert_false(record_set(resource, record, field, value, &error));
    json_decref(value);
    if (strstr(error->message, "Opensesame1") != NULL)
        fail_msg("%s", error->message);
    record_free(resource, record);
}

/* Errors are logged. */
static void
a_refusal_does_not_repeat_an_object_with_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
        for (size_t j = 0; j < resources[i]->field_count; j++)
            if (resources[i]->fields[j].flags & FIELD_SECRETS)
                case_secret(resources[i], &resources[i]->fields[j]);
}

static void
case_limit(const Resource *resource, const Field *field)
{
    if (field->limit == 0 || field->type != FIELD_STRING)
        return;
    g_autoptr(GString) fits = g_string_new("\""), longer = g_string_new("\"");
    for (unsigned i = 0; i < field->limit; i++)
        g_string_append(fits, "\u00e4"); /* characters count, not bytes */
    g_string_append_printf(longer, "%sx\"", fits->str + 1);
    g_string_append_c(fits, '"');
    void *record = record_new(resource);
    set(resource, record, field, fits->str);
    refused(resource, record, field, longer->str);
    holds(record, field, fits->str);
    record_free(resource, record);
}

static void
text_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    (void)state;
    each_field(case_limit);
}

static void
fields_are_found_by_name_and_computed_ones_cannot_be_set(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = node_new();
    const Field *links = resource_field(&node_resource, "links");
    json_t *value = json_array();
    (void)state;
    assert_string_equal(resource_field(&node_resource, "driver_info")->name, "driver_info");
    assert_null(resource_field(&node_resource, "nonsense"));
    assert_null(resource_field(&node_resource, ""));
    assert_int_equal(links->type, FIELD_COMPUTED);
    assert_false(record_set(&node_resource, node, links, value, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    holds(node, links, "null");
    json_decref(value);
}

static void
every_resource_has_its_key_and_name_among_its_fields_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(resources); i++) {
        const Resource *resource = resources[i];
        g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
        assert_non_null(resource_field(resource, resource->key));
        if (resource->name_field != NULL)
            assert_non_null(resource_field(resource, resource->name_field));
        for (size_t k = 0; k < resource->field_count; k++) {
            const Field *field = &resource->fields[k];
            assert_true(g_hash_table_add(names, (void *)(uintptr_t)field->name));
            assert_true(field->since >= 1 && field->since <= 115);
            assert_true(field->type == FIELD_COMPUTED || field->offset < resource->size);
            assert_true(strlen(field_type_words(field->type)) > 0);
        }
    }
}

static void
booleans_are_taken_in_the_words_clients_use(void **state)
{
    static const char *const yes[] = {"\"true\"", "\"Yes\"", "\"on\"", "\"1\"", "1"};
    static const char *const no[] = {"\"false\"", "\"No\"", "\"OFF\"", "\"0\"", "0", "\"f\""};
    static const char *const neither[] = {"2", "-1", "\"maybe\"", "\"\"", "1.0"};
    const Field *field = resource_field(&node_resource, "maintenance");
    g_autoptr(Node) node = node_new();
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        node->maintenance = false;
        set(&node_resource, node, field, yes[i]);
        assert_true(node->maintenance);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(no); i++) {
        node->maintenance = true;
        set(&node_resource, node, field, no[i]);
        assert_false(node->maintenance);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(neither); i++)
        refused(&node_resource, node, field, neither[i]);
}

static void
numbers_are_taken_as_decimal_text_and_the_reserved_one_is_refused(void **state)
{
    const Field *field = resource_field(&volume_target_resource, "boot_index");
    g_autoptr(VolumeTarget) target = volume_target_new();
    (void)state;
    set(&volume_target_resource, target, field, "\"3\"");
    assert_true(target->boot_index == 3);
    refused(&volume_target_resource, target, field, "\"three\"");
    refused(&volume_target_resource, target, field, "-9223372036854775808");
    refused(&volume_target_resource, target, field, "\"-9223372036854775808\"");
    assert_true(target->boot_index == 3);
}

static void
identities_and_addresses_are_folded_so_that_they_are_found_again(void **state)
{
    g_autoptr(Node) node = node_new();
    g_autoptr(Port) port = port_new();
    (void)state;
    set(&node_resource, node, resource_field(&node_resource, "uuid"),
        "\"1BE26C0B-03F2-4D2E-AE87-C02D7F33C781\"");
    assert_string_equal(node->uuid, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    set(&node_resource, node, resource_field(&node_resource, "conductor_group"), "\"Rack-A\"");
    assert_string_equal(node->conductor_group, "rack-a");
    set(&port_resource, port, resource_field(&port_resource, "address"), "\"AA-BB-CC-DD-EE-0F\"");
    assert_string_equal(port->address, "aa:bb:cc:dd:ee:0f");
}

static void
names_that_the_rules_forbid_are_refused(void **state)
{
    const Field *field = resource_field(&node_resource, "name");
    g_autoptr(Node) node = node_new();
    (void)state;
    refused(&node_resource, node, field, "\"with blank\"");
    refused(&node_resource, node, field, "\"\"");
    refused(&node_resource, node, field, "\"detail\"");
    refused(&node_resource, node, field, "\"1be26c0b-03f2-4d2e-ae87-c02d7f33c781\"");
}

static void
a_refusal_quotes_no_more_than_the_head_of_a_long_value(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node = node_new();
    g_autofree char *filler = g_strnfill(100000, 'x');
    json_t *value = json_string(filler);
    (void)state;
    assert_false(
        record_set(&node_resource, node, resource_field(&node_resource, "extra"), value, &error));
    assert_true(strlen(error->message) < 200);
    assert_non_null(strstr(error->message, "extra must be an object"));
    json_decref(value);
}

static void
text_may_be_replaced_by_a_part_of_itself(void **state)
{
    char *text = g_strdup("prefix-rest");
    (void)state;
    record_set_text(&text, text + 7);
    assert_string_equal(text, "rest");
    record_set_text(&text, NULL);
    assert_null(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_record_holds_the_null_of_each_type),
        cmocka_unit_test(set_values_are_read_back),
        cmocka_unit_test(an_absent_value_means_the_default),
        cmocka_unit_test(null_means_the_default_unless_the_field_must_have_a_value),
        cmocka_unit_test(a_copy_is_the_same_until_either_is_changed),
        cmocka_unit_test(values_of_a_wrong_type_are_refused_and_change_nothing),
        cmocka_unit_test(a_refusal_does_not_repeat_an_object_with_secrets),
        cmocka_unit_test(text_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(fields_are_found_by_name_and_computed_ones_cannot_be_set),
        cmocka_unit_test(every_resource_has_its_key_and_name_among_its_fields_once),
        cmocka_unit_test(booleans_are_taken_in_the_words_clients_use),
        cmocka_unit_test(numbers_are_taken_as_decimal_text_and_the_reserved_one_is_refused),
        cmocka_unit_test(identities_and_addresses_are_folded_so_that_they_are_found_again),
        cmocka_unit_test(names_that_the_rules_forbid_are_refused),
        cmocka_unit_test(a_refusal_quotes_no_more_than_the_head_of_a_long_value),
        cmocka_unit_test(text_may_be_replaced_by_a_part_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
