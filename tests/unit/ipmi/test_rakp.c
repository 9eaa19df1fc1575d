/* The login messages: built and parsed alike, bounded, and with codes that depend on everything
 * they should.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bmc/ipmi/wire/channel.h"
#include "bmc/ipmi/wire/rakp.h"
#include "common/error.h"

static void
open_session_messages_survive_the_wire(void **state)
{
    const IpmiOpenRequest request = {7, 4, 0xa1b2c3d4, 3, 4, 1};
    const IpmiOpenResponse response = {7, 0, 4, 0xa1b2c3d4, 0x01020304, 3, 4, 1};
    IpmiOpenRequest request_parsed;
    IpmiOpenResponse response_parsed;
    uint8_t bytes[IPMI_LOGIN_MESSAGE_MAX];
    size_t size;
    (void)state;
    assert_true(ipmi_open_request_build(&request, bytes, sizeof bytes, &size, NULL));
    assert_int_equal(size, 32); /* 13.17 */
    for (size_t cut = 0; cut < size; cut++) {
        g_autofree uint8_t *exact = g_memdup2(bytes, cut);
        assert_false(ipmi_open_request_parse(exact, cut, &request_parsed, NULL));
    }
    assert_true(ipmi_open_request_parse(bytes, size, &request_parsed, NULL));
    assert_int_equal(request_parsed.tag, 7);
    assert_int_equal(request_parsed.console_id, 0xa1b2c3d4);
    assert_int_equal(request_parsed.authentication, 3);
    assert_int_equal(request_parsed.integrity, 4);
    assert_int_equal(request_parsed.confidentiality, 1);

    assert_true(ipmi_open_response_build(&response, bytes, sizeof bytes, &size, NULL));
    assert_int_equal(size, 36); /* 13.18 */
    for (size_t cut = 0; cut < size; cut++) {
        g_autofree uint8_t *exact = g_memdup2(bytes, cut);
        assert_false(ipmi_open_response_parse(exact, cut, &response_parsed, NULL));
    }
    assert_true(ipmi_open_response_parse(bytes, size, &response_parsed, NULL));
    assert_int_equal(response_parsed.bmc_id, 0x01020304);
    assert_int_equal(response_parsed.integrity, 4);
}

static void
a_refused_open_session_may_be_short(void **state)
{
    const uint8_t refused[] = {9, IPMI_STATUS_NO_CIPHER_SUITE_MATCH, 0, 0, 1, 0, 0, 0};
    IpmiOpenResponse parsed;
    (void)state;
    for (size_t size = 2; size <= sizeof refused; size++) {
        assert_true(ipmi_open_response_parse(refused, size, &parsed, NULL));
        assert_int_equal(parsed.tag, 9);
        assert_int_equal(parsed.status, IPMI_STATUS_NO_CIPHER_SUITE_MATCH);
    }
    assert_int_equal(parsed.console_id, 1);
    assert_false(ipmi_open_response_parse(refused, 1, &parsed, NULL));
}

static void
algorithm_records_must_be_in_order_and_of_their_length(void **state)
{
    const IpmiOpenRequest request = {1, 0, 1, 1, 1, 1};
    IpmiOpenRequest parsed;
    uint8_t bytes[IPMI_LOGIN_MESSAGE_MAX];
    size_t size;
    (void)state;
    assert_true(ipmi_open_request_build(&request, bytes, sizeof bytes, &size, NULL));
    bytes[16] = 2; /* kind */
    assert_false(ipmi_open_request_parse(bytes, size, &parsed, NULL));
    bytes[16] = 1;
    bytes[11] = 9; /* length */
    assert_false(ipmi_open_request_parse(bytes, size, &parsed, NULL));
    bytes[11] = 0; /* "any" */
    assert_true(ipmi_open_request_parse(bytes, size, &parsed, NULL));
    assert_int_equal(parsed.authentication, 0);
}

static void
rakp_messages_survive_the_wire_and_are_bounded(void **state)
{
    IpmiRakp1 one = {.tag = 1, .bmc_id = 2, .role = 0x14, .username_size = 5, .username = "admin"};
    IpmiRakp2 two = {.tag = 2, .console_id = 3, .code_size = 32};
    IpmiRakp34 three = {.tag = 3, .session_id = 4, .code_size = 20};
    IpmiRakp1 one_parsed;
    IpmiRakp2 two_parsed;
    IpmiRakp34 three_parsed;
    uint8_t bytes[IPMI_LOGIN_MESSAGE_MAX] = {0};
    size_t size;
    (void)state;
    assert_true(ipmi_rakp1_build(&one, bytes, sizeof bytes, &size, NULL));
    assert_int_equal(size, 33);
    for (size_t cut = 0; cut < size; cut++) {
        g_autofree uint8_t *exact = g_memdup2(bytes, cut);
        assert_false(ipmi_rakp1_parse(exact, cut, &one_parsed, NULL));
    }
    assert_true(ipmi_rakp1_parse(bytes, size, &one_parsed, NULL));
    assert_int_equal(one_parsed.role, 0x14);
    assert_memory_equal(one_parsed.username, "admin", 5);
    bytes[27] = IPMI_USERNAME_MAX + 1;
    assert_false(ipmi_rakp1_parse(bytes, sizeof bytes, &one_parsed, NULL));
    bytes[27] = 255;
    assert_false(ipmi_rakp1_parse(bytes, sizeof bytes, &one_parsed, NULL));

    memset(two.code, 0x77, sizeof two.code);
    assert_true(ipmi_rakp2_build(&two, bytes, sizeof bytes, &size, NULL));
    assert_int_equal(size, 72);
    assert_true(ipmi_rakp2_parse(bytes, size, &two_parsed, NULL));
    assert_int_equal(two_parsed.code_size, 32);
    assert_memory_equal(two_parsed.code, two.code, 32);
    assert_false(ipmi_rakp2_parse(bytes, 73, &two_parsed, NULL)); /* no code is that long */
    assert_false(ipmi_rakp2_parse(bytes, 39, &two_parsed, NULL));

    assert_true(ipmi_rakp34_build(&three, bytes, sizeof bytes, &size, NULL));
    assert_int_equal(size, 28);
    assert_true(ipmi_rakp34_parse(bytes, size, &three_parsed, NULL));
    assert_int_equal(three_parsed.code_size, 20);
    assert_false(ipmi_rakp34_parse(bytes, 8 + 33, &three_parsed, NULL));
    assert_false(ipmi_rakp34_parse(bytes, 7, &three_parsed, NULL));
}

static IpmiLogin
sample_login(int suite)
{
    IpmiLogin login = {.suite = ipmi_suite(suite),
                       .console_id = 0x01020304,
                       .bmc_id = 0x05060708,
                       .role = 0x14,
                       .username_size = 5,
                       .username = "admin",
                       .password = "secret",
                       .kg = "secret"};
    for (size_t i = 0; i < IPMI_RANDOM_SIZE; i++) {
        login.console_random[i] = (uint8_t)i;
        login.bmc_random[i] = (uint8_t)(0x10 + i);
        login.guid[i] = (uint8_t)(0x20 + i);
    }
    return login;
}

/* Reference values, computed with Python's hmac and hashlib from the definitions in 13.21, 13.22
 * and 13.31. */
static const struct {
    int suite;
    const char *code_2;
    const char *code_3;
    const char *sik;
    const char *k2;
    const char *check_4;
} vectors[] = {
#include "rakp_vectors.inc"
};

static char *
hex(const uint8_t *bytes, size_t size)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

static void
assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    g_autofree char *text = hex(bytes, size);
    assert_string_equal(text, expected);
}

static void
codes_and_keys_are_those_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        IpmiLogin login = sample_login(vectors[i].suite);
        IpmiKeys keys;
        uint8_t code[IPMI_DIGEST_MAX];
        assert_true(ipmi_login_code_2(&login, code, NULL));
        assert_hex(code, login.suite->digest_size, vectors[i].code_2);
        assert_true(ipmi_login_code_3(&login, code, NULL));
        assert_hex(code, login.suite->digest_size, vectors[i].code_3);
        assert_true(ipmi_login_keys(&login, &keys, NULL));
        assert_hex(keys.sik, login.suite->digest_size, vectors[i].sik);
        assert_hex(keys.k2, IPMI_AES_KEY_SIZE, vectors[i].k2);
        assert_true(ipmi_login_check_4(&login, &keys, code, NULL));
        assert_hex(code, login.suite->check_size, vectors[i].check_4);
    }
}

static void
the_suites_are_listed_as_records(void **state)
{
    static const uint8_t both[] = {0xc0, 3, 1, 0x41, 0x81, 0xc0, 17, 3, 0x44, 0x81};
    uint8_t records[IPMI_CIPHER_SUITE_BYTES_MAX];
    (void)state;
    assert_int_equal(ipmi_cipher_suites_build(0, records, sizeof records), sizeof both);
    assert_memory_equal(records, both, sizeof both);
    assert_int_equal(ipmi_cipher_suites_build(3, records, sizeof records), 5);
    assert_memory_equal(records, both, 5);
    assert_int_equal(ipmi_cipher_suites_build(17, records, sizeof records), 5);
    assert_memory_equal(records, both + 5, 5);
}

static void
capabilities_survive_the_wire(void **state)
{
    const IpmiAuthCapabilities sent = {
        .channel = 1, .ipmi_20 = true, .kg_required = true, .named_users = true};
    IpmiAuthCapabilities found;
    IpmiResponse response;
    (void)state;
    ipmi_auth_capabilities_response(&sent, &response);
    assert_int_equal(response.size, 8);
    assert_true(ipmi_auth_capabilities_parse(response.data, response.size, &found, NULL));
    assert_true(found.ipmi_20 && found.kg_required && found.named_users);
    assert_false(found.anonymous_login || found.null_usernames);
    for (size_t cut = 0; cut < 4; cut++)
        assert_false(ipmi_auth_capabilities_parse(response.data, cut, &found, NULL));
}

static void
every_code_has_words(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        assert_true(strlen(ipmi_completion_text((uint8_t)code)) > 3);
        assert_true(strlen(ipmi_status_text((uint8_t)code)) > 3);
    }
    IpmiPrivilege privilege;
    assert_true(ipmi_privilege_from_name("operator", &privilege));
    assert_int_equal(privilege, IPMI_PRIVILEGE_OPERATOR);
    assert_false(ipmi_privilege_from_name("root", &privilege));
    assert_string_equal(ipmi_privilege_name(IPMI_PRIVILEGE_DEFAULT), "ADMINISTRATOR");
    assert_null(ipmi_suite(0));
    assert_null(ipmi_suite_from_algorithms(0, 0, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_session_messages_survive_the_wire),
        cmocka_unit_test(a_refused_open_session_may_be_short),
        cmocka_unit_test(algorithm_records_must_be_in_order_and_of_their_length),
        cmocka_unit_test(rakp_messages_survive_the_wire_and_are_bounded),
        cmocka_unit_test(codes_and_keys_are_those_of_the_specification),
        cmocka_unit_test(the_suites_are_listed_as_records),
        cmocka_unit_test(capabilities_survive_the_wire),
        cmocka_unit_test(every_code_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
