/* clouds.yaml, its YAML, and the requests to keystone for it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cloud_config.h"
#include "cli/keystone.h"
#include "common/json_text.h"
#include "common/yaml_scalar.h"
#include "common/yaml_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static json_t *
yaml(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = yaml_text_parse(text, strlen(text), &error);
    if (value == NULL)
        fail_msg("%s", error->message);
    return value;
}

static void
assert_yaml(const char *text, const char *expected)
{
    json_auto_t *value = yaml(text);
    g_autofree char *seen = json_text_dump(value);
    assert_string_equal(seen, expected);
}

static const char clouds_text[] = "clouds:\n"
                                  "  basic: &basic\n"
                                  "    auth_type: http_basic\n"
                                  "    auth: {endpoint: 'https://steel:6385', username: admin}\n"
                                  "    verify: false\n"
                                  "  second:\n"
                                  "    <<: *basic\n"
                                  "    auth_type: none\n"
                                  "  vendor: {profile: somewhere}\n"
                                  "  broken: [1]\n";

static void
a_cloud_is_found_by_name_with_its_secrets_over_it(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    json_auto_t *clouds = yaml(clouds_text);
    json_auto_t *secure = yaml("clouds: {basic: {auth: {password: s3cret}}}");
    json_auto_t *cloud = cloud_config_select(clouds, secure, "basic", &error);
    assert_non_null(cloud);
    static const char *const rows[][2] = {
        {"auth_type",     "http_basic"},
        {"auth.endpoint", "https://steel:6385"},
        {"auth.username", "admin"},
        {"auth.password", "s3cret"},
        {"verify",        "False"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *value = cloud_value(cloud, rows[i][0]);
        assert_string_equal(value, rows[i][1]);
    }
    assert_null(cloud_value(cloud, "auth.nothing"));
    assert_null(cloud_value(cloud, "auth"));
    assert_null(cloud_value(cloud, "auth_type.deeper"));
}

static void
merge_keys_add_only_missing_keys(void **state)
{
    (void)state;
    json_auto_t *clouds = yaml(clouds_text);
    json_auto_t *cloud = cloud_config_select(clouds, NULL, "second", NULL);
    assert_non_null(cloud);
    g_autofree char *type = cloud_value(cloud, "auth_type");
    g_autofree char *user = cloud_value(cloud, "auth.username");
    assert_string_equal(type, "none");
    assert_string_equal(user, "admin");
}

static void
clouds_that_cannot_be_used_say_why(void **state)
{
    (void)state;
    json_auto_t *clouds = yaml(clouds_text);
    json_auto_t *nothing = yaml("");
    static const char *const rows[][2] = {
        {"nope",   "there are: basic, broken, second, vendor"},
        {"vendor", "vendor profile"},
        {"broken", "must be mappings"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(cloud_config_select(clouds, NULL, rows[i][0], &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_non_null(strstr(error->message, rows[i][1]));
    }
    g_autoptr(GError) error = NULL;
    assert_null(cloud_config_select(nothing, NULL, "x", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
}

static void
plain_scalars_have_the_types_of_yaml_1_1(void **state)
{
    (void)state;
    assert_yaml("[1, -2, 0x1F, 0b11, 017, 1_000, 12:30:45, '1', 1.5, .5, 1e3, 1.0e+3]",
                "[1,-2,31,3,15,1000,45045,\"1\",1.5,0.5,\"1e3\",1000.0]");
    assert_yaml("[yes, No, TRUE, off, y, null, ~, abc]",
                "[true,false,true,false,\"y\",null,null,\"abc\"]");
    assert_yaml(
        "[2026-01-01, .inf, .nan, 99999999999999999999, 52:54:00:ab:cd:ef]",
        "[\"2026-01-01\",\".inf\",\".nan\",\"99999999999999999999\",\"52:54:00:ab:cd:ef\"]");
    assert_yaml("{1: a, true: b, a: 1, a: 2}", "{\"1\":\"a\",\"True\":\"b\",\"a\":2}");
}

static void
json_is_yaml_too(void **state)
{
    (void)state;
    assert_yaml("{\"a\": [1, \"x\\n\", null, {\"b\": true}]}",
                "{\"a\":[1,\"x\\n\",null,{\"b\":true}]}");
}

static void
broken_yaml_names_its_place(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a: [1, 2\nb: 3", "line 2"},
        {"a: *unknown",    "line 1"},
        {"? [a]\n: 1",     "must be a scalar"},
        {"<<: 5",          "needs a mapping"},
        {"a: &x [*x]",     "nested too deep"},
        {"a: \"\\0\"",     "zero byte"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_t *value = yaml_text_parse(rows[i][0], strlen(rows[i][0]), &error);
        if (value != NULL)
            fail_msg("taken: %s", rows[i][0]);
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        if (strstr(error->message, rows[i][1]) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", rows[i][1], error->message);
    }
}

static void
aliases_that_multiply_are_refused(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_new("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++)
        g_string_append_printf(
            text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
            i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    g_autoptr(GError) error = NULL;
    assert_null(yaml_text_parse(text->str, text->len, &error));
    assert_non_null(strstr(error->message, "too many values"));
}

static void
written_yaml_reads_back_the_same(void **state)
{
    (void)state;
    json_auto_t *value = yaml("{a: ['1', 'true', null, '', 'x: y', \"two\\nlines\", -5, 1.5, {}], "
                              "b: {c: '~', '=': '<<'}}");
    g_autoptr(GString) text = g_string_new(NULL);
    yaml_text_append(text, value);
    json_auto_t *again = yaml(text->str);
    assert_true(json_equal(value, again));
}

static Settings *
settings_of(const SettingId *ids, const char *const *texts, size_t count)
{
    Settings *settings = g_new0(Settings, 1);
    for (size_t i = 0; i < count; i++)
        settings->texts[ids[i]] = g_strdup(texts[i]);
    return settings;
}

static void
keystone_is_asked_with_password_and_project(void **state)
{
    (void)state;
    static const SettingId ids[] = {SETTING_USERNAME, SETTING_PASSWORD, SETTING_PROJECT_NAME,
                                    SETTING_USER_DOMAIN_NAME};
    static const char *const texts[] = {"u", "p", "proj", "D"};
    g_autoptr(Settings) settings = settings_of(ids, texts, 4);
    g_autoptr(GError) error = NULL;
    json_auto_t *body = keystone_auth_body(settings, &error);
    assert_non_null(body);
    g_autofree char *seen = json_text_dump(body);
    assert_string_equal(seen, "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{"
                              "\"user\":{\"name\":\"u\",\"domain\":{\"name\":\"D\"},"
                              "\"password\":\"p\"}}},\"scope\":{"
                              "\"project\":{\"name\":\"proj\","
                              "\"domain\":{\"id\":\"default\"}}}}}");
}

static void
keystone_is_asked_with_application_credential_without_scope(void **state)
{
    (void)state;
    static const SettingId ids[] = {SETTING_AUTH_TYPE, SETTING_APPLICATION_CREDENTIAL_ID,
                                    SETTING_APPLICATION_CREDENTIAL_SECRET, SETTING_PROJECT_NAME};
    static const char *const texts[] = {"v3applicationcredential", "i", "s", "p"};
    g_autoptr(Settings) settings = settings_of(ids, texts, 4);
    json_auto_t *body = keystone_auth_body(settings, NULL);
    g_autofree char *seen = json_text_dump(body);
    assert_string_equal(seen, "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
                              "\"application_credential\":{\"id\":\"i\",\"secret\":\"s\"}}}}");
}

static void
an_application_credential_with_a_name_is_its_users(void **state)
{
    (void)state;
    static const SettingId ids[] = {SETTING_APPLICATION_CREDENTIAL_NAME,
                                    SETTING_APPLICATION_CREDENTIAL_SECRET, SETTING_USERNAME};
    static const char *const texts[] = {"n", "s", "u"};
    g_autoptr(Settings) settings = settings_of(ids, texts, 3),
                        ownerless = settings_of(ids, texts, 2);
    json_auto_t *body = keystone_auth_body(settings, NULL);
    g_autofree char *seen = json_text_dump(body);
    g_autoptr(GError) error = NULL;
    assert_string_equal(seen, "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
                              "\"application_credential\":{\"name\":\"n\",\"secret\":\"s\","
                              "\"user\":{\"name\":\"u\",\"domain\":{\"id\":\"default\"}}}}}}");
    assert_null(keystone_auth_body(ownerless, &error));
    assert_non_null(strstr(error->message, "OS_APPLICATION_CREDENTIAL_NAME and the user"));
}

static void
a_missing_password_is_named(void **state)
{
    (void)state;
    static const SettingId ids[] = {SETTING_USERNAME};
    static const char *const texts[] = {"u"};
    g_autoptr(Settings) settings = settings_of(ids, texts, 1);
    g_autoptr(GError) error = NULL;
    assert_null(keystone_auth_body(settings, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
}

static void
the_endpoint_is_found_by_type_interface_and_region(void **state)
{
    (void)state;
    json_auto_t *answer =
        yaml("token: {catalog: [{type: compute, endpoints: []}, {type: baremetal, endpoints: ["
             "{interface: internal, region: one, url: 'http://int'},"
             "{interface: public, region: one, url: 'http://one'},"
             "{interface: public, region: two, url: 'http://two'}]}]}");
    g_autoptr(GError) error = NULL;
    g_autofree char *first = keystone_find_endpoint(answer, "baremetal", "public", NULL, &error);
    g_autofree char *second =
        keystone_find_endpoint(answer, "baremetal", "publicURL", "two", &error);
    assert_string_equal(first, "http://one");
    assert_string_equal(second, "http://two");
    assert_null(keystone_find_endpoint(answer, "baremetal", "admin", NULL, &error));
    assert_non_null(strstr(error->message, "compute, baremetal"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cloud_is_found_by_name_with_its_secrets_over_it),
        cmocka_unit_test(merge_keys_add_only_missing_keys),
        cmocka_unit_test(clouds_that_cannot_be_used_say_why),
        cmocka_unit_test(plain_scalars_have_the_types_of_yaml_1_1),
        cmocka_unit_test(json_is_yaml_too),
        cmocka_unit_test(broken_yaml_names_its_place),
        cmocka_unit_test(aliases_that_multiply_are_refused),
        cmocka_unit_test(written_yaml_reads_back_the_same),
        cmocka_unit_test(keystone_is_asked_with_password_and_project),
        cmocka_unit_test(keystone_is_asked_with_application_credential_without_scope),
        cmocka_unit_test(an_application_credential_with_a_name_is_its_users),
        cmocka_unit_test(a_missing_password_is_named),
        cmocka_unit_test(the_endpoint_is_found_by_type_interface_and_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
