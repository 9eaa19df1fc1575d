/* driver_info becomes an IPMI target, by Ironic's names and rules.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/config.h"
#include "drivers/ipmi_node.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Node *
node_with(const char *driver_info)
{
    Node *node = node_new();
    record_set_text(&node->uuid, FIXTURE_NODE);
    record_set_text(&node->name, "rack1-07");
    json_decref(node->driver_info);
    node->driver_info = driver_fixture_json(driver_info);
    return node;
}

static void
a_wrong_key_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *driver_info;
        SteelErrorCode code;
        const char *part;
    } rows[] = {
        {"{}", STEEL_ERROR_MISSING, "no ipmi_address"},
        {"{\"ipmi_address\": \"\"}", STEEL_ERROR_MISSING, "steel node set rack1-07 --driver-info"},
        {"{\"ipmi_address\": 5}", STEEL_ERROR_MISSING, "no ipmi_address"},
        {"{\"ipmi_address\": \"a\", \"ipmi_port\": 0}", STEEL_ERROR_INVALID,
         "ipmi_port must be a port number, 1 to 65535"},
        {"{\"ipmi_address\": \"a\", \"ipmi_port\": \"65536\"}", STEEL_ERROR_INVALID, "ipmi_port"},
        {"{\"ipmi_address\": \"a\", \"ipmi_port\": \"six\"}", STEEL_ERROR_INVALID, "ipmi_port"},
        {"{\"ipmi_address\": \"a\", \"ipmi_port\": true}", STEEL_ERROR_INVALID, "ipmi_port"},
        {"{\"ipmi_address\": \"a\", \"ipmi_terminal_port\": \"x\"}", STEEL_ERROR_INVALID,
         "ipmi_terminal_port"},
        {"{\"ipmi_address\": \"a\", \"ipmi_username\": {}}", STEEL_ERROR_INVALID,
         "ipmi_username must be a string"},
        {"{\"ipmi_address\": \"a\", \"ipmi_password\": [\"secret\"]}", STEEL_ERROR_INVALID,
         "ipmi_password must be a string"},
        {"{\"ipmi_address\": \"a\", \"ipmi_username\": \"12345678901234567\"}", STEEL_ERROR_INVALID,
         "ipmi_username must be at most 16 bytes"},
        {"{\"ipmi_address\": \"a\", \"ipmi_priv_level\": \"ROOT\"}", STEEL_ERROR_INVALID,
         "ipmi_priv_level must be ADMINISTRATOR"},
        {"{\"ipmi_address\": \"a\", \"ipmi_hex_kg_key\": \"abc\"}", STEEL_ERROR_INVALID,
         "ipmi_hex_kg_key must be an even number"},
        {"{\"ipmi_address\": \"a\", \"ipmi_hex_kg_key\": \"xy\"}", STEEL_ERROR_INVALID,
         "ipmi_hex_kg_key must be of hexadecimal"},
        {"{\"ipmi_address\": \"a\", \"ipmi_hex_kg_key\": 12}", STEEL_ERROR_INVALID,
         "ipmi_hex_kg_key"},
        {"{\"ipmi_address\": \"a\", \"ipmi_hex_kg_key\": "
         "\"000000000000000000000000000000000000000000\"}",
         STEEL_ERROR_INVALID, "at most 40"},
        {"{\"ipmi_address\": \"a\", \"ipmi_cipher_suite\": \"x\"}", STEEL_ERROR_INVALID,
         "ipmi_cipher_suite must be a number"},
        {"{\"ipmi_address\": \"a\", \"ipmi_cipher_suite\": 0}", STEEL_ERROR_UNSUPPORTED,
         "ipmi_cipher_suite 0 is not supported"},
        {"{\"ipmi_address\": \"a\", \"ipmi_protocol_version\": 1.5}", STEEL_ERROR_UNSUPPORTED,
         "ipmi_protocol_version 1.5 is not supported"},
        {"{\"ipmi_address\": \"a\", \"ipmi_protocol_version\": \"3\"}", STEEL_ERROR_INVALID,
         "ipmi_protocol_version must be 2.0"},
        {"{\"ipmi_address\": \"a\", \"ipmi_bridging\": \"dual\"}", STEEL_ERROR_UNSUPPORTED,
         "ipmi_bridging 'dual' is not supported"},
        {"{\"ipmi_address\": \"a\", \"ipmi_bridging\": \"some\"}", STEEL_ERROR_INVALID,
         "ipmi_bridging must be no"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Node) node = node_with(rows[i].driver_info);
        g_autoptr(GError) error = NULL;
        IpmiNode untouched = {.force_boot_device = true};
        assert_false(ipmi_node_read(node, &untouched, &error));
        assert_true(untouched.force_boot_device);
        assert_null(strstr(error->message, "secret"));
        assert_error(&error, rows[i].code, rows[i].part);
    }
}

static void
what_is_absent_has_its_default(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_with("{\"ipmi_address\": \"bmc.example\", \"ipmi_password\": null,"
                                     " \"ipmi_bridging\": \"no\", \"ipmi_target_channel\": 1}");
    g_autoptr(GError) error = NULL;
    g_auto(IpmiNode) ipmi = {0};
    ipmi_node_read(node, &ipmi, &error);
    assert_no_error(error);
    assert_string_equal(ipmi.target.address, "bmc.example");
    assert_int_equal(ipmi.target.port, 0);
    assert_null(ipmi.target.username);
    assert_null(ipmi.target.password);
    assert_int_equal(ipmi.target.cipher_suite, -1);
    assert_int_equal(ipmi.target.kg_size, 0);
    assert_int_equal(ipmi.target.min_command_interval_ms, 5000);
    assert_true(ipmi.disable_boot_timeout);
    assert_false(ipmi.force_boot_device);
}

static void
numbers_that_a_command_line_makes_of_strings_are_taken(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_with(
        "{\"ipmi_address\": \"192.0.2.9\", \"ipmi_port\": \"6230\", \"ipmi_username\": 42,"
        " \"ipmi_password\": 12345678, \"ipmi_protocol_version\": 2.0, \"ipmi_cipher_suite\": "
        "\"17\","
        " \"ipmi_priv_level\": \"OPERATOR\", \"ipmi_hex_kg_key\": \"0aFF\","
        " \"ipmi_force_boot_device\": \"True\", \"ipmi_disable_boot_timeout\": \"false\","
        " \"ipmi_terminal_port\": 8023}");
    g_autoptr(GError) error = NULL;
    g_auto(IpmiNode) ipmi = {0};
    ipmi_node_read(node, &ipmi, &error);
    assert_no_error(error);
    assert_int_equal(ipmi.target.port, 6230);
    assert_string_equal(ipmi.target.username, "42");
    assert_string_equal(ipmi.target.password, "12345678");
    assert_int_equal(ipmi.target.cipher_suite, 17);
    assert_int_equal(ipmi.target.privilege, IPMI_PRIVILEGE_OPERATOR);
    assert_int_equal(ipmi.target.kg_size, 2);
    assert_int_equal(ipmi.target.kg[0], 0x0a);
    assert_int_equal(ipmi.target.kg[1], 0xff);
    assert_true(ipmi.force_boot_device);
    assert_false(ipmi.disable_boot_timeout);
}

/* The log lines of a call of `read` for a node, in a file of its own. */
static char *
log_of(Node *node, unsigned times)
{
    g_autofree char *path = NULL, *text = NULL;
    int saved = dup(STDERR_FILENO);
    int fd = g_file_open_tmp("steel-log-XXXXXX", &path, NULL);
    assert_true(saved >= 0 && fd >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    for (unsigned i = 0; i < times; i++) {
        g_auto(IpmiNode) ipmi = {0};
        assert_true(ipmi_node_read(node, &ipmi, NULL));
    }
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(fd);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    assert_int_equal(remove(path), 0);
    return g_steal_pointer(&text);
}

static void
a_password_beyond_twenty_bytes_is_cut_with_one_warning_per_node(void **state)
{
    static const char long_one[] = "{\"ipmi_address\": \"a\", "
                                   "\"ipmi_password\": \"abcdefghijklmnopqrstuvwxyz\"}";
    static const char fitting[] = "{\"ipmi_address\": \"a\", "
                                  "\"ipmi_password\": \"abcdefghijklmnopqrst\"}";
    (void)state;
    g_autoptr(Node) node = node_with(long_one);
    g_auto(IpmiNode) ipmi = {0};
    record_set_text(&node->uuid, "11111111-2222-3333-4444-555555555555");
    g_autofree char *log = log_of(node, 3);
    const char *first = strstr(log, "WARNING");
    assert_non_null(first);
    assert_non_null(strstr(first, "longer than the 20 bytes"));
    assert_null(strstr(first + 1, "WARNING"));
    assert_null(strstr(log, "abcdef"));
    assert_true(ipmi_node_read(node, &ipmi, NULL));
    assert_string_equal(ipmi.target.password, "abcdefghijklmnopqrst");
    /* Another node is warned of again, one with a password that fits is not. */
    record_set_text(&node->uuid, "11111111-2222-3333-4444-666666666666");
    g_autofree char *other = log_of(node, 1);
    assert_non_null(strstr(other, "11111111-2222-3333-4444-666666666666"));
    g_autoptr(Node) proper = node_with(fitting);
    g_autofree char *silent = log_of(proper, 1);
    assert_string_equal(silent, "");
}

static void
the_operators_words_are_ipmitools(void **state)
{
    (void)state;
    Config *config = config_new();
    assert_true(config_set(
        config, "ipmi.additional_retryable_ipmi_errors=Invalid data field in request", NULL));
    assert_true(config_finish(config, NULL));
    config_publish(config);
    g_autoptr(Node) node = node_with("{\"ipmi_address\": \"a\"}");
    g_auto(IpmiNode) ipmi = {0};
    assert_true(ipmi_node_read(node, &ipmi, NULL));
    assert_true(ipmi_code_set_has(&ipmi.target.passing, IPMI_CC_INVALID_FIELD));
    assert_false(ipmi_code_set_has(&ipmi.target.passing, IPMI_CC_INVALID_COMMAND));
    assert_true(ipmi_node_is_passing(IPMI_CC_INVALID_FIELD));
    config_shutdown();
}

static void
a_single_configured_cipher_suite_is_an_order(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        int suite;
    } rows[] = {
        {"ipmi.cipher_suite_versions=3",     3},
        {"ipmi.cipher_suite_versions=17",    17},
        {"ipmi.cipher_suite_versions=3,17",  -1},
        {"ipmi.cipher_suite_versions=1,2,8", -1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Config *config = config_new();
        assert_true(config_set(config, rows[i].setting, NULL));
        assert_true(config_finish(config, NULL));
        config_publish(config);
        g_autoptr(Node) node = node_with("{\"ipmi_address\": \"a\"}");
        g_auto(IpmiNode) ipmi = {0};
        assert_true(ipmi_node_read(node, &ipmi, NULL));
        assert_int_equal(ipmi.target.cipher_suite, rows[i].suite);
    }
    config_shutdown();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_key_is_named),
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(numbers_that_a_command_line_makes_of_strings_are_taken),
        cmocka_unit_test(a_password_beyond_twenty_bytes_is_cut_with_one_warning_per_node),
        cmocka_unit_test(the_operators_words_are_ipmitools),
        cmocka_unit_test(a_single_configured_cipher_suite_is_an_order),
    };
    return cmocka_run_group_tests_name("ipmi_node", tests, NULL, NULL);
}
