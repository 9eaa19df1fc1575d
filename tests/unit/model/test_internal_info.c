/* The table of driver_internal_info: lifetimes end whole, types are checked, secrets are masked,
 * the documentation has every key.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "model/internal_info.h"
#include "model/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A node with a value for every key. */
static Node *
full_node(void)
{
    Node *node = node_new();
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        json_object_set_new(node->driver_internal_info, info_row(key)->key, json_string("x"));
    return node;
}

static bool
shall_end(InfoLifetime ended, InfoLifetime other)
{
    static const char *const with[LIFETIME_COUNT] = {
        [LIFETIME_STEP] = "STEP",
        [LIFETIME_OPERATION] = "OPERATION STEP",
        [LIFETIME_AGENT] = "AGENT",
        [LIFETIME_INSTANCE] = "INSTANCE AGENT OPERATION STEP",
        [LIFETIME_NODE] = "NODE INSTANCE AGENT OPERATION STEP",
    };
    return strstr(with[ended], info_lifetime_name(other)) != NULL;
}

static void
the_end_of_a_lifetime_takes_its_keys_and_no_others(void **state)
{
    (void)state;
    for (InfoLifetime ended = 0; ended < LIFETIME_COUNT; ended++) {
        g_autoptr(Node) node = full_node();
        info_forget(node, ended);
        for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
            if (info_has(node, key) == shall_end(ended, info_row(key)->lifetime))
                fail_msg("after the end of %s, %s is %s", info_lifetime_name(ended),
                         info_row(key)->key, info_has(node, key) ? "still there" : "gone");
    }
}

static void
every_key_and_every_purpose_is_named_once(void **state)
{
    (void)state;
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++) {
        assert_true(*info_row(key)->key != '\0' && *info_row(key)->purpose != '\0');
        for (InfoKey other = 0; other < key; other++)
            assert_string_not_equal(info_row(key)->key, info_row(other)->key);
    }
}

static void
values_come_back_as_they_were_set(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_new();
    assert_null(info_text(node, INFO_AGENT_URL));
    assert_int_equal(info_integer(node, INFO_CLEAN_STEP_INDEX), 0);
    assert_false(info_true(node, INFO_WORK_BEGUN));
    assert_null(info_json(node, INFO_BOOT));
    info_set_text(node, INFO_AGENT_URL, "http://192.0.2.1:9999");
    info_set_integer(node, INFO_CLEAN_STEP_INDEX, INT64_C(1) << 40);
    info_set_boolean(node, INFO_WORK_BEGUN, true);
    info_set_json(node, INFO_BOOT, json_pack("{s:s}", "mode", "iscsi"));
    assert_string_equal(info_text(node, INFO_AGENT_URL), "http://192.0.2.1:9999");
    assert_true(info_integer(node, INFO_CLEAN_STEP_INDEX) == INT64_C(1) << 40);
    assert_true(info_true(node, INFO_WORK_BEGUN));
    assert_string_equal(json_string_member(info_json(node, INFO_BOOT), "mode"), "iscsi");
    info_set_text(node, INFO_AGENT_URL, NULL);
    assert_false(info_has(node, INFO_AGENT_URL));
    info_set_boolean(node, INFO_NEXT_BOOT_PERSISTENT, false);
    assert_true(info_has(node, INFO_NEXT_BOOT_PERSISTENT));
    assert_true(info_remove(node, INFO_NEXT_BOOT_PERSISTENT));
    assert_false(info_remove(node, INFO_NEXT_BOOT_PERSISTENT));
    json_t *boot = info_take_json(node, INFO_BOOT);
    assert_non_null(boot);
    json_decref(boot);
    assert_null(info_take_json(node, INFO_BOOT));
}

/* A BMC's text need not be UTF-8; its reason must not be lost for that. */
static void
text_that_is_no_utf_8_is_kept_readable(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_new();
    info_set_text(node, INFO_FAILING, "the BMC said '\xff'");
    assert_non_null(info_text(node, INFO_FAILING));
    assert_non_null(strstr(info_text(node, INFO_FAILING), "the BMC said '"));
}

static void
a_value_of_another_type_reads_as_absent(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_new();
    json_object_set_new(node->driver_internal_info, "agent_url", json_integer(5));
    json_object_set_new(node->driver_internal_info, "clean_step_index", json_string("5"));
    json_object_set_new(node->driver_internal_info, "work_begun", json_string("true"));
    assert_null(info_text(node, INFO_AGENT_URL));
    assert_int_equal(info_integer(node, INFO_CLEAN_STEP_INDEX), 0);
    assert_false(info_true(node, INFO_WORK_BEGUN));
    assert_true(info_has(node, INFO_WORK_BEGUN));
}

static void
only_secrets_are_masked(void **state)
{
    (void)state;
    g_autoptr(Node) node = full_node();
    secret_mask(node->driver_internal_info);
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++) {
        const char *shown = json_string_member(node->driver_internal_info, info_row(key)->key);
        assert_string_equal(shown, info_row(key)->secret ? SECRET_MASK : "x");
    }
}

static void
concurrent_changes_are_merged_key_by_key(void **state)
{
    (void)state;
    g_autoptr(Node) before = node_new();
    info_set_integer(before, INFO_CLEAN_STEP_INDEX, 1);
    info_set_boolean(before, INFO_WORK_BEGUN, true);
    info_set_json(before, INFO_CLEAN_STEPS, json_pack("[s]", "first"));
    g_autoptr(Node) node = node_copy(before);
    const json_t *steps = info_json(node, INFO_CLEAN_STEPS);
    info_set_integer(node, INFO_CLEAN_STEP_INDEX, 2);
    info_remove(node, INFO_WORK_BEGUN);
    json_t *now = json_deep_copy(before->driver_internal_info);
    json_object_set_new(now, "agent_version", json_string("9"));
    info_merge(node, before, now);
    json_decref(now);
    assert_int_equal(info_integer(node, INFO_CLEAN_STEP_INDEX), 2);
    assert_false(info_has(node, INFO_WORK_BEGUN));
    assert_string_equal(info_text(node, INFO_AGENT_VERSION), "9");
    assert_ptr_equal(info_json(node, INFO_CLEAN_STEPS), steps); /* a reader of them may continue */
}

static void
an_agent_that_was_forgotten_stays_forgotten_whatever_it_has_said_meanwhile(void **state)
{
    (void)state;
    g_autoptr(Node) before = node_new();
    info_set_text(before, INFO_AGENT_SECRET_TOKEN, "t");
    g_autoptr(Node) node = node_copy(before);
    info_forget(node, LIFETIME_AGENT);
    json_t *now = json_deep_copy(before->driver_internal_info);
    json_object_set_new(now, "agent_url", json_string("http://192.0.2.1:9999"));
    info_merge(node, before, now);
    json_decref(now);
    assert_int_equal(json_object_size(node->driver_internal_info), 0);
}

/* docs/architecture.md has a row for each key, with its lifetime and its purpose. */
static void
the_documentation_has_every_key(void **state)
{
    (void)state;
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(SOURCE_ROOT "/docs/architecture.md", &text, NULL, NULL));
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++) {
        const InfoRow *row = info_row(key);
        g_autofree char *line = g_strdup_printf("| `%s` | %s | %s |\n", row->key,
                                                info_lifetime_name(row->lifetime), row->purpose);
        if (strstr(text, line) == NULL)
            fail_msg("docs/architecture.md has no row %s", line);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_lifetime_takes_its_keys_and_no_others),
        cmocka_unit_test(every_key_and_every_purpose_is_named_once),
        cmocka_unit_test(values_come_back_as_they_were_set),
        cmocka_unit_test(text_that_is_no_utf_8_is_kept_readable),
        cmocka_unit_test(a_value_of_another_type_reads_as_absent),
        cmocka_unit_test(only_secrets_are_masked),
        cmocka_unit_test(concurrent_changes_are_merged_key_by_key),
        cmocka_unit_test(
            an_agent_that_was_forgotten_stays_forgotten_whatever_it_has_said_meanwhile),
        cmocka_unit_test(the_documentation_has_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
