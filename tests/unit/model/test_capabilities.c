/* Capabilities in every form that clients write, and their meaning.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/capabilities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
put(json_t *object, const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    json_object_set_new(object, "capabilities", value);
}

/* A node with capabilities, given as JSON text, in properties and instance_info; NULL: none. */
static Node *
node_with(const char *properties, const char *instance_info)
{
    Node *node = node_new();
    if (properties != NULL)
        put(node->properties, properties);
    if (instance_info != NULL)
        put(node->instance_info, instance_info);
    return node;
}

static const char *
words(const char *text)
{
    return text != NULL ? text : "absent";
}

static void
finds(const char *capabilities, const char *name, const char *expected)
{
    g_autoptr(Node) node = node_with(capabilities, NULL);
    g_autofree char *value = capability_get(node, name);
    if (g_strcmp0(value, expected) != 0)
        fail_msg("%s of %s is '%s', not '%s'", name, words(capabilities), words(value),
                 words(expected));
}

static void
capabilities_are_read_from_text_object_and_json_in_a_string(void **state)
{
    (void)state;
    finds("\"iscsi_boot:true,boot_mode:uefi\"", "boot_mode", "uefi");
    finds("\" iscsi_boot : true , boot_mode : uefi \"", "iscsi_boot", "true");
    finds("\" iscsi_boot : true , boot_mode : uefi \"", "boot_mode", "uefi");
    finds("\"url:http://x:80/\"", "url", "http://x:80/");
    finds("{\"iscsi_boot\": true, \"boot_mode\": \"uefi\"}", "iscsi_boot", "true");
    finds("{\"iscsi_boot\": false}", "iscsi_boot", "false");
    finds("{\"sockets\": 2}", "sockets", "2");
    finds("\"{\\\"boot_mode\\\": \\\"bios\\\"}\"", "boot_mode", "bios");
    finds("\"{\\\"iscsi_boot\\\": true}\"", "iscsi_boot", "true");
}

static void
malformed_capabilities_count_as_absent(void **state)
{
    (void)state;
    finds(NULL, "iscsi_boot", NULL);
    finds("null", "iscsi_boot", NULL);
    finds("5", "iscsi_boot", NULL);
    finds("[\"iscsi_boot:true\"]", "iscsi_boot", NULL);
    finds("\"\"", "iscsi_boot", NULL);
    finds("\"iscsi_boot\"", "iscsi_boot", NULL);
    finds("\",,:,\"", "iscsi_boot", NULL);
    finds("\"xiscsi_boot:true,iscsi_boot_x:true\"", "iscsi_boot", NULL);
    finds("\"{iscsi_boot:true}\"", "iscsi_boot", NULL);
    finds("\"{\\\"a\\\": [[[[[[[[[[[1]]]]]]]]]]]}\"", "a", NULL);
    finds("{\"iscsi_boot\": null}", "iscsi_boot", NULL);
}

static void
the_instance_comes_before_the_node(void **state)
{
    g_autoptr(Node) node =
        node_with("\"boot_mode:bios,iscsi_boot:true\"", "{\"boot_mode\": \"uefi\"}");
    (void)state;
    g_autofree char *mode = capability_get(node, "boot_mode");
    g_autofree char *iscsi = capability_get(node, "iscsi_boot");
    assert_string_equal(mode, "uefi");
    assert_string_equal(iscsi, "true");
}

static void
a_capability_is_true_only_by_the_words_for_true(void **state)
{
    static const char *const yes[] = {"\"iscsi_boot:true\"",
                                      "\"iscsi_boot:True\"",
                                      "\"iscsi_boot:1\"",
                                      "\"iscsi_boot:yes\"",
                                      "{\"iscsi_boot\":true}",
                                      "{\"iscsi_boot\":1}",
                                      "\"{\\\"iscsi_boot\\\":\\\"true\\\"}\""};
    static const char *const no[] = {NULL,
                                     "\"iscsi_boot:false\"",
                                     "\"iscsi_boot:False\"",
                                     "\"iscsi_boot:0\"",
                                     "\"iscsi_boot:\"",
                                     "\"iscsi_boot:no\"",
                                     "{\"iscsi_boot\":false}",
                                     "{\"iscsi_boot\":\"\"}",
                                     "{\"iscsi_boot\":[true]}",
                                     "\"iscsi_boot\""};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        g_autoptr(Node) node = node_with(yes[i], NULL);
        if (!capability_is_true(node, "iscsi_boot"))
            fail_msg("%s is not true", yes[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(no); i++) {
        g_autoptr(Node) node = node_with(no[i], NULL);
        if (capability_is_true(node, "iscsi_boot"))
            fail_msg("%s is true", no[i]);
    }
}

static void
an_instance_may_switch_off_what_the_node_offers(void **state)
{
    g_autoptr(Node) node = node_with("\"iscsi_boot:true\"", "{\"iscsi_boot\":\"false\"}");
    (void)state;
    assert_false(capability_is_true(node, "iscsi_boot"));
}

static void
fibre_channel_boot_is_known_by_both_spellings(void **state)
{
    g_autoptr(Node) plain = node_with("\"fibre_channel_boot:true\"", NULL);
    g_autoptr(Node) other = node_with("\"fiberchannel_boot:true\"", NULL);
    g_autoptr(Node) off = node_with("\"fibre_channel_boot:false,fiberchannel_boot:true\"", NULL);
    (void)state;
    assert_true(capability_is_true(plain, "fibre_channel_boot"));
    assert_true(capability_is_true(other, "fibre_channel_boot"));
    assert_false(capability_is_true(off, "fibre_channel_boot"));
    assert_false(capability_is_true(other, "iscsi_boot"));
}

static void
the_boot_mode_is_the_capability_then_the_nodes_own_then_the_standard(void **state)
{
    g_autoptr(Node) none = node_with(NULL, NULL);
    g_autoptr(Node) own = node_with(NULL, NULL);
    g_autoptr(Node) both = node_with("\"boot_mode:uefi\"", NULL);
    g_autoptr(Node) upper = node_with("\"boot_mode:UEFI\"", NULL);
    (void)state;
    own->boot_mode = g_strdup("uefi");
    both->boot_mode = g_strdup("bios");
    assert_string_equal(capability_boot_mode(none, "bios"), "bios");
    assert_string_equal(capability_boot_mode(none, "uefi"), "uefi");
    assert_string_equal(capability_boot_mode(own, "bios"), "uefi");
    assert_string_equal(capability_boot_mode(both, "bios"), "uefi");
    assert_string_equal(capability_boot_mode(upper, "bios"), "uefi");
}

static void
known_capabilities_are_held_to_their_values(void **state)
{
    static const char *const good[] = {NULL, "\"boot_mode:uefi,secure_boot:true,disk_label:gpt\"",
                                       "\"boot_mode:BIOS,disk_label:msdos\"", "\"other:thing\"",
                                       "{\"secure_boot\": false}"};
    static const struct {
        const char *text, *named;
    } bad[] = {
        {"\"boot_mode:legacy\"",  "boot_mode"},
        {"\"secure_boot:maybe\"", "secure_boot"},
        {"\"disk_label:bsd\"",    "disk_label"},
        {"{\"boot_mode\": 5}",    "boot_mode"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Node) node = node_with(good[i], NULL);
        if (!capabilities_validate(node, &error))
            fail_msg("%s: %s", good[i], error->message);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Node) node = node_with(bad[i].text, NULL);
        assert_false(capabilities_validate(node, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        assert_non_null(strstr(error->message, bad[i].named));
    }
}

/* What becomes of capabilities, as JSON text, when one is set. */
static void
sets(const char *before, const char *name, const char *value, const char *after)
{
    g_autoptr(Node) node = node_with(before, NULL);
    capability_set(node->properties, name, value);
    g_autofree char *text = json_text_dump(json_object_get(node->properties, "capabilities"));
    assert_string_equal(text, after);
}

static void
a_capability_is_set_and_the_others_stay(void **state)
{
    (void)state;
    sets(NULL, "boot_mode", "uefi", "\"boot_mode:uefi\"");
    sets("\"\"", "boot_mode", "uefi", "\"boot_mode:uefi\"");
    sets("\"a:1,boot_mode:bios,b:2\"", "boot_mode", "uefi", "\"a:1,boot_mode:uefi,b:2\"");
    sets("\" boot_mode : bios , url:http://x:80/,boot_mode:x\"", "boot_mode", "uefi",
         "\"boot_mode:uefi,url:http://x:80/\"");
    sets("{\"a\":true}", "boot_mode", "uefi", "{\"a\":true,\"boot_mode\":\"uefi\"}");
    sets("\"{\\\"a\\\":1}\"", "boot_mode", "uefi",
         "\"{\\\"a\\\":1,\\\"boot_mode\\\":\\\"uefi\\\"}\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities_are_read_from_text_object_and_json_in_a_string),
        cmocka_unit_test(malformed_capabilities_count_as_absent),
        cmocka_unit_test(the_instance_comes_before_the_node),
        cmocka_unit_test(a_capability_is_true_only_by_the_words_for_true),
        cmocka_unit_test(an_instance_may_switch_off_what_the_node_offers),
        cmocka_unit_test(fibre_channel_boot_is_known_by_both_spellings),
        cmocka_unit_test(the_boot_mode_is_the_capability_then_the_nodes_own_then_the_standard),
        cmocka_unit_test(a_capability_is_set_and_the_others_stay),
        cmocka_unit_test(known_capabilities_are_held_to_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
