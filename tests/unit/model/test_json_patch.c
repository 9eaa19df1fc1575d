/* JSON Patch: its form, the fields it may touch, and its effect on a record.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/json_patch.h"
#include "model/resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *
parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    return value;
}

static int
check_code(const char *patch, unsigned version)
{
    g_autoptr(GError) error = NULL;
    json_t *value = parsed(patch);
    bool good = json_patch_check(&node_resource, value, version, &error);
    json_decref(value);
    assert_int_equal(good, error == NULL);
    return good ? -1 : error->code;
}

static void
refuses_what_is_not_a_patch(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "\"x\"",
        "[1]",
        "[{}]",
        "[{\"op\":\"move\",\"path\":\"/extra/a\",\"value\":1}]",
        "[{\"op\":\"test\",\"path\":\"/extra/a\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"extra\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/extra//a\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/extra/a/\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/extra/a b\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/extra/a~1b\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/extra/a\"}]",
        "[{\"op\":\"replace\",\"path\":\"/extra/a\"}]",
        "[{\"op\":\"add\",\"path\":\"/extra/a\",\"value\":1,\"from\":\"/x\"}]",
        "[{\"op\":\"add\",\"path\":5,\"value\":1}]",
        "[{\"op\":[],\"path\":\"/extra\",\"value\":1}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        if (check_code(bad[i], 82) != STEEL_ERROR_PATCH)
            fail_msg("accepted: %s", bad[i]);
}

static void
refuses_fields_that_patch_may_not_change(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "uuid",     "traits",    "provision_state",   "links",
        "nonsense", "conductor", "reservation_lease", "created_at"};
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *patch =
            g_strdup_printf("[{\"op\":\"add\",\"path\":\"/%s\",\"value\":\"x\"}]", fields[i]);
        if (check_code(patch, 82) != STEEL_ERROR_PATCH)
            fail_msg("accepted: %s", fields[i]);
    }
    assert_int_equal(check_code("[{\"op\":\"remove\",\"path\":\"/driver\"}]", 82),
                     STEEL_ERROR_PATCH);
    assert_int_equal(check_code("[{\"op\":\"add\",\"path\":\"/name/x\",\"value\":1}]", 82),
                     STEEL_ERROR_PATCH);
}

static void
answers_not_acceptable_for_fields_newer_than_the_request(void **state)
{
    (void)state;
    const char *patch = "[{\"op\":\"add\",\"path\":\"/owner\",\"value\":\"me\"}]";
    assert_int_equal(check_code(patch, 49), STEEL_ERROR_NOT_ACCEPTABLE);
    assert_int_equal(check_code(patch, 50), -1);
}

/* A node with some content; the caller frees. */
static Node *
sample(void)
{
    Node *node = node_new();
    record_set_text(&node->uuid, "11111111-2222-3333-4444-555555555555");
    record_set_text(&node->driver, "ipmi");
    record_set_text(&node->owner, "them");
    json_decref(node->properties);
    node->properties = parsed("{\"cpus\":4,\"list\":[1,2,3],\"deep\":{\"er\":{\"x\":true}}}");
    return node;
}

/* Applies and returns the error code, -1 for success. */
static int
apply(Node *node, const char *patch)
{
    g_autoptr(GError) error = NULL;
    json_t *value = parsed(patch);
    bool good = json_patch_apply(&node_resource, node, value, &error);
    json_decref(value);
    assert_int_equal(good, error == NULL);
    return good ? -1 : error->code;
}

static void
assert_properties(const Node *node, const char *expected)
{
    g_autofree char *text = json_text_dump(node->properties);
    assert_string_equal(text, expected);
}

static void
changes_nested_keys_and_array_items(void **state)
{
    (void)state;
    static const struct {
        const char *patch, *properties;
    } cases[] = {
        {"[{\"op\":\"add\",\"path\":\"/properties/arch\",\"value\":\"x86_64\"}]",
         "{\"cpus\":4,\"list\":[1,2,3],\"deep\":{\"er\":{\"x\":true}},\"arch\":\"x86_64\"}"},
        {"[{\"op\":\"replace\",\"path\":\"/properties/cpus\",\"value\":8}]",
         "{\"cpus\":8,\"list\":[1,2,3],\"deep\":{\"er\":{\"x\":true}}}"},
        {"[{\"op\":\"remove\",\"path\":\"/properties/deep/er/x\"}]",
         "{\"cpus\":4,\"list\":[1,2,3],\"deep\":{\"er\":{}}}"},
        {"[{\"op\":\"add\",\"path\":\"/properties/list/1\",\"value\":9}]",
         "{\"cpus\":4,\"list\":[1,9,2,3],\"deep\":{\"er\":{\"x\":true}}}"},
        {"[{\"op\":\"add\",\"path\":\"/properties/list/-\",\"value\":9}]",
         "{\"cpus\":4,\"list\":[1,2,3,9],\"deep\":{\"er\":{\"x\":true}}}"},
        {"[{\"op\":\"replace\",\"path\":\"/properties/list/0\",\"value\":9}]",
         "{\"cpus\":4,\"list\":[9,2,3],\"deep\":{\"er\":{\"x\":true}}}"},
        {"[{\"op\":\"remove\",\"path\":\"/properties/list/2\"}]",
         "{\"cpus\":4,\"list\":[1,2],\"deep\":{\"er\":{\"x\":true}}}"},
        {"[{\"op\":\"remove\",\"path\":\"/properties\"}]", "{}"},
        {"[{\"op\":\"replace\",\"path\":\"/properties\",\"value\":{\"a\":1}}]", "{\"a\":1}"},
        {"[]", "{\"cpus\":4,\"list\":[1,2,3],\"deep\":{\"er\":{\"x\":true}}}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Node) node = sample();
        if (apply(node, cases[i].patch) != -1)
            fail_msg("refused: %s", cases[i].patch);
        assert_properties(node, cases[i].properties);
    }
}

static void
refuses_paths_that_lead_nowhere(void **state)
{
    (void)state;
    static const char *const patches[] = {
        "[{\"op\":\"remove\",\"path\":\"/properties/absent/x\"}]",
        "[{\"op\":\"replace\",\"path\":\"/properties/absent\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/properties/absent/x\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/properties/cpus/x\",\"value\":1}]",
        "[{\"op\":\"add\",\"path\":\"/properties/list/4\",\"value\":1}]",
        "[{\"op\":\"remove\",\"path\":\"/properties/list/3\"}]",
        "[{\"op\":\"remove\",\"path\":\"/properties/list/-\"}]",
        "[{\"op\":\"remove\",\"path\":\"/properties/list/01\"}]",
        "[{\"op\":\"remove\",\"path\":\"/properties/list/99999999999999999999\"}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(patches); i++) {
        g_autoptr(Node) node = sample();
        if (apply(node, patches[i]) != STEEL_ERROR_PATCH)
            fail_msg("accepted: %s", patches[i]);
    }
}

static void
accepts_the_removal_of_an_absent_key(void **state)
{
    (void)state;
    g_autoptr(Node) node = sample();
    assert_int_equal(apply(node, "[{\"op\":\"remove\",\"path\":\"/properties/absent\"}]"), -1);
    assert_null(json_object_get(node->properties, "absent"));
}

static void
gives_removed_fields_their_defaults(void **state)
{
    (void)state;
    g_autoptr(Node) node = sample();
    node->maintenance = true;
    record_set_text(&node->conductor_group, "blue");
    assert_int_equal(apply(node, "[{\"op\":\"remove\",\"path\":\"/owner\"},"
                                 "{\"op\":\"remove\",\"path\":\"/maintenance\"},"
                                 "{\"op\":\"remove\",\"path\":\"/conductor_group\"}]"),
                     -1);
    assert_null(node->owner);
    assert_false(node->maintenance);
    assert_string_equal(node->conductor_group, "");
}

static void
leaves_the_record_alone_when_one_operation_fails(void **state)
{
    (void)state;
    g_autoptr(Node) node = sample();
    g_autofree char *before = json_text_dump(node->properties);
    assert_int_equal(apply(node,
                           "[{\"op\":\"replace\",\"path\":\"/owner\",\"value\":\"me\"},"
                           "{\"op\":\"remove\",\"path\":\"/properties/cpus\"},"
                           "{\"op\":\"replace\",\"path\":\"/properties/absent\",\"value\":1}]"),
                     STEEL_ERROR_PATCH);
    assert_string_equal(node->owner, "them");
    assert_properties(node, before);
}

static void
holds_values_to_the_type_of_their_field(void **state)
{
    (void)state;
    static const char *const patches[] = {
        "[{\"op\":\"add\",\"path\":\"/driver\",\"value\":5}]",
        "[{\"op\":\"add\",\"path\":\"/driver\",\"value\":null}]",
        "[{\"op\":\"add\",\"path\":\"/maintenance\",\"value\":\"perhaps\"}]",
        "[{\"op\":\"add\",\"path\":\"/properties\",\"value\":[]}]",
        "[{\"op\":\"add\",\"path\":\"/instance_uuid\",\"value\":\"no-uuid\"}]",
        "[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"a name\"}]",
        "[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"\"}]",
        "[{\"op\":\"add\",\"path\":\"/name\",\"value\":\"11111111-2222-3333-4444-555555555555\"}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(patches); i++) {
        g_autoptr(Node) node = sample();
        if (apply(node, patches[i]) != STEEL_ERROR_INVALID)
            fail_msg("accepted: %s", patches[i]);
    }
}

static void
does_not_share_values_with_the_patch(void **state)
{
    (void)state;
    g_autoptr(Node) node = sample();
    json_t *patch = parsed("[{\"op\":\"add\",\"path\":\"/properties/o\",\"value\":{\"a\":1}}]");
    assert_true(json_patch_apply(&node_resource, node, patch, NULL));
    json_t *value = json_object_get(json_array_get(patch, 0), "value");
    json_object_clear(value);
    assert_int_equal(json_object_size(json_object_get(node->properties, "o")), 1);
    json_decref(patch);
}

static void
names_the_fields_that_a_patch_touches(void **state)
{
    (void)state;
    json_t *patch = parsed("[{\"op\":\"add\",\"path\":\"/driver\",\"value\":\"ilo\"},"
                           "{\"op\":\"add\",\"path\":\"/driver_info/x\",\"value\":1},"
                           "{\"op\":\"remove\",\"path\":\"/owner\"},"
                           "{\"op\":\"add\",\"path\":\"/lessee\",\"value\":null}]");
    assert_true(json_patch_touches(patch, "driver"));
    assert_true(json_patch_touches(patch, "driver_info"));
    assert_false(json_patch_touches(patch, "driv"));
    assert_false(json_patch_touches(patch, "name"));
    assert_true(json_patch_clears(patch, "owner"));
    assert_true(json_patch_clears(patch, "lessee"));
    assert_false(json_patch_clears(patch, "driver"));
    assert_string_equal(json_string_value(json_patch_value(patch, "driver")), "ilo");
    assert_null(json_patch_value(patch, "driver_info"));
    assert_null(json_patch_value(patch, "owner"));
    json_decref(patch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_a_patch),
        cmocka_unit_test(refuses_fields_that_patch_may_not_change),
        cmocka_unit_test(answers_not_acceptable_for_fields_newer_than_the_request),
        cmocka_unit_test(changes_nested_keys_and_array_items),
        cmocka_unit_test(refuses_paths_that_lead_nowhere),
        cmocka_unit_test(accepts_the_removal_of_an_absent_key),
        cmocka_unit_test(gives_removed_fields_their_defaults),
        cmocka_unit_test(leaves_the_record_alone_when_one_operation_fails),
        cmocka_unit_test(holds_values_to_the_type_of_their_field),
        cmocka_unit_test(does_not_share_values_with_the_patch),
        cmocka_unit_test(names_the_fields_that_a_patch_touches),
    };
    return cmocka_run_group_tests_name("json_patch", tests, NULL, NULL);
}
