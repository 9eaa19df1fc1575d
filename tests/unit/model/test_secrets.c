/* Masking: no secret is in an answer, in any case and at any depth; all other values stay.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "model/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const secret_keys[] = {
    "ipmi_password",
    "redfish_password",
    "ilo_password",
    "PASSWORD",
    "auth_password",
    "auth_secret",
    "agent_secret_token",
    "agent_secret_token_pregenerated",
    "admin_pass",
    "adminPass",
    "snmp_auth_key",
    "ipmi_hex_kg_key",
    "rescue_password",
    "hashed_rescue_password",
    "configdrive",
    "image_url",
    "private_key",
    "Token",
    "client_secret",
    "fernetkey",
    "sslkey",
    "passphrase",
    "encrypted_key_of_node",
    "sys_pswd",
    "new_pass",
    "encryption_key_id",
    "snmp_priv_key",
};
static const char *const open_keys[] = {
    "ipmi_username",
    "ipmi_address",
    "target_iqn",
    "target_portal",
    "auth_method",
    "auth_username",
    "deploy_kernel",
    "key",
    "pass",
    "image_source",
    "",
    "authentication",
};

static void
keys_that_hide_a_secret_are_known_in_any_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(secret_keys); i++)
        if (!secret_key(secret_keys[i]))
            fail_msg("%s is shown", secret_keys[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(open_keys); i++)
        if (secret_key(open_keys[i]))
            fail_msg("%s is masked", open_keys[i]);
}

static void
masks(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    secret_mask(value);
    g_autofree char *masked = json_text_dump(value);
    json_decref(value);
    assert_string_equal(masked, expected);
}

static void
secrets_are_masked_at_every_depth_and_of_every_type(void **state)
{
    (void)state;
    masks("{\"ipmi_password\":\"x\",\"ipmi_address\":\"10.0.0.1\"}",
          "{\"ipmi_password\":\"******\",\"ipmi_address\":\"10.0.0.1\"}");
    masks("{\"a\":{\"b\":[{\"Auth_Password\":\"x\"},[{\"token\":7}]]}}",
          "{\"a\":{\"b\":[{\"Auth_Password\":\"******\"},[{\"token\":\"******\"}]]}}");
    masks("[{\"password\":{\"deep\":\"x\"}},{\"password\":[\"x\"]},{\"password\":true}]",
          "[{\"password\":\"******\"},{\"password\":\"******\"},{\"password\":\"******\"}]");
    masks("{\"clean_steps\":[{\"args\":{\"password\":\"x\"},\"step\":\"y\"}]}",
          "{\"clean_steps\":[{\"args\":{\"password\":\"******\"},\"step\":\"y\"}]}");
}

static void
an_absent_secret_is_shown_as_absent(void **state)
{
    (void)state;
    masks("{\"password\":null}", "{\"password\":null}");
    masks("{\"password\":\"\"}", "{\"password\":\"\"}");
    masks("{\"password\":false}", "{\"password\":false}");
}

static void
values_without_secrets_stay_as_they_are(void **state)
{
    static const char *const rows[] = {"{}",
                                       "[]",
                                       "\"password\"",
                                       "null",
                                       "7",
                                       "[\"password\",\"secret\"]",
                                       "{\"a\":\"password\",\"b\":[1,{\"c\":null}]}"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        masks(rows[i], rows[i]);
    secret_mask(NULL);
}

/* The quick check may say yes too often, but never no if there is a secret. */
static void
the_cheap_look_misses_no_secret_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(secret_keys); i++) {
        g_autofree char *text = g_strdup_printf("{\"a\":[{\"%s\":1}]}", secret_keys[i]);
        if (!secret_text_suspicious(text, strlen(text)))
            fail_msg("%s is overlooked", text);
        for (size_t size = 0; size < strlen(text); size++) { /* reads no byte too far */
            char *part = g_memdup2(text, size);
            secret_text_suspicious(part, size);
            g_free(part);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(open_keys); i++) {
        g_autofree char *text = g_strdup_printf("{\"%s\":1}", open_keys[i]);
        assert_false(secret_text_suspicious(text, strlen(text)));
    }
    assert_false(secret_text_suspicious("{}", 2));
    assert_false(secret_text_suspicious("", 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_hide_a_secret_are_known_in_any_case),
        cmocka_unit_test(secrets_are_masked_at_every_depth_and_of_every_type),
        cmocka_unit_test(an_absent_secret_is_shown_as_absent),
        cmocka_unit_test(values_without_secrets_stay_as_they_are),
        cmocka_unit_test(the_cheap_look_misses_no_secret_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
