/* What is read of other services' answers, and what Keystone is told.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "openstack/answer.h"
#include "openstack/endpoint.h"
#include "openstack/login.h"
#include "openstack/section.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
assert_words(const char *body, const char *expected)
{
    const HttpResponse response = {
        .status = 400, .body = (char *)(uintptr_t)body, .body_size = strlen(body)};
    g_autofree char *words = answer_words(&response);
    assert_string_equal(words, expected);
}

static void
words_of_each_service_are_found(void **state)
{
    (void)state;
    assert_words("{\"error\": {\"code\": 401, \"message\": \"You must\\n log in.\"}}",
                 "You must log in.");
    assert_words("{\"badRequest\": {\"code\": 400, \"message\": \"Invalid volume\"}}",
                 "Invalid volume");
    assert_words("{\"NeutronError\": {\"type\": \"PortBound\", \"message\": \"Port is bound\"}}",
                 "Port is bound");
    assert_words("{\"message\": \"No image found\"}", "No image found");
    assert_words("<html><h1>Not Found</h1><p>The resource\ncould not be found.</p></html>",
                 "Not Found The resource could not be found.");
    assert_words("Temp URL invalid", "Temp URL invalid");
}

static void
words_that_are_none_are_replaced(void **state)
{
    (void)state;
    assert_words("", "no reason given");
    assert_words("<html></html>", "no reason given");
    assert_words("\x01\x02\x1b[31m", "[31m");
    g_autofree char *long_text = g_strnfill(10000, 'x');
    const HttpResponse response = {.body = long_text, .body_size = 10000};
    g_autofree char *words = answer_words(&response);
    assert_true(strlen(words) < ANSWER_WORDS_LIMIT);
}

/* ---- the catalog ---- */

static const char catalog_text[] =
    "[{\"type\": \"image\", \"name\": \"glance\", \"endpoints\": ["
    "  {\"interface\": \"public\", \"region\": \"One\", \"url\": \"http://public-one:9292/\"},"
    "  {\"interface\": \"internal\", \"region_id\": \"Two\", \"url\": \"http://inside-two\"}]},"
    " {\"type\": \"block-storage\", \"endpoints\": ["
    "  {\"interface\": \"public\", \"region\": \"One\", \"url\": \"https://volumes/v3/p//\"}]},"
    " {\"type\": \"object-store\", \"endpoints\": ["
    "  {\"interface\": \"public\", \"region\": \"One\", \"url\": \"file:///etc/passwd\"}]},"
    " 5, {\"endpoints\": 7}]";

static char *
find(const char *type, const char *region, GError **error)
{
    static const char *const interfaces[] = {"internal", "public", NULL};
    json_auto_t *catalog = json_text_parse(catalog_text, strlen(catalog_text), 0, NULL);
    const EndpointQuery query = {.type = type, .interfaces = interfaces, .region = region};
    return endpoint_find(catalog, &query, error);
}

static void
an_endpoint_is_found_by_type_interface_and_region(void **state)
{
    (void)state;
    g_autofree char *first = find("image", NULL, NULL), *one = find("image", "One", NULL),
                    *volumes = find("volumev3", "One", NULL);
    assert_string_equal(first, "http://inside-two");
    assert_string_equal(one, "http://public-one:9292");
    assert_string_equal(volumes, "https://volumes/v3/p");
}

static void
an_endpoint_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"network", NULL}, {"image", "Three"}, {"object-store", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(find(rows[i][0], rows[i][1], &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_non_null(strstr(error->message, rows[i][0]));
        assert_non_null(strstr(error->message, "it has: image, block-storage, object-store"));
    }
}

/* ---- the login ---- */

static Config *
config_of(const char *const *lines)
{
    Config *config = config_new();
    for (; *lines != NULL; lines++)
        assert_true(config_set(config, *lines, NULL));
    assert_true(config_finish(config, NULL));
    return config;
}

static void
assert_body(const char *const *lines, const char *expected)
{
    g_autoptr(Config) config = config_of(lines);
    g_autoptr(GError) error = NULL;
    g_autofree char *body = login_body(config, "swift", NULL, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    json_auto_t *made = json_text_parse(body, strlen(body), 0, NULL);
    json_auto_t *wanted = json_text_parse(expected, strlen(expected), 0, NULL);
    assert_non_null(wanted);
    if (!json_equal(made, wanted))
        fail_msg("%s", body);
}

static void
each_kind_of_login_has_its_body(void **state)
{
    (void)state;
    const char *const project[] = {"swift.username=u",           "swift.password=p",
                                   "swift.project_name=service", "swift.user_domain_name=Default",
                                   "swift.default_domain_id=d",  NULL};
    assert_body(project, "{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": "
                         "{\"user\": {\"name\": \"u\", \"password\": \"p\", \"domain\": {\"name\": "
                         "\"Default\"}}}}, \"scope\": {\"project\": {\"name\": \"service\", "
                         "\"domain\": {\"id\": \"d\"}}}}}");
    const char *const whole[] = {"swift.user_id=i", "swift.password=p", "swift.system_scope=all",
                                 "swift.project_name=service", NULL};
    assert_body(whole, "{\"auth\": {\"identity\": {\"methods\": [\"password\"], \"password\": "
                       "{\"user\": {\"id\": \"i\", \"password\": \"p\"}}}, \"scope\": {\"system\": "
                       "{\"all\": true}}}}");
    const char *const credential[] = {
        "swift.auth_type=v3applicationcredential", "swift.application_credential_id=i",
        "swift.application_credential_secret=s", "swift.project_name=other", NULL};
    assert_body(credential, "{\"auth\": {\"identity\": {\"methods\": [\"application_credential\"], "
                            "\"application_credential\": {\"id\": \"i\", \"secret\": \"s\"}}}}");
}

static void
a_login_names_the_option_that_is_missing(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"[swift]username", "swift.password=p", NULL},
        {"[swift]password", "swift.username=u", NULL},
        {"[swift]auth_type", "swift.auth_type=kerberos", NULL},
        {"[swift]application_credential_secret", "swift.auth_type=v3applicationcredential",
         "swift.application_credential_id=i", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Config) config = config_of(rows[i] + 1);
        g_autoptr(GError) error = NULL;
        assert_null(login_body(config, "swift", NULL, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
        assert_non_null(strstr(error->message, rows[i][0]));
    }
}

static void
a_section_without_a_login_uses_another_ones(void **state)
{
    (void)state;
    const char *const lines[] = {"swift.auth_type=password", "cinder.auth_section=swift", NULL};
    g_autoptr(Config) config = config_of(lines);
    assert_string_equal(section_of_login(config, "swift"), "swift");
    assert_string_equal(section_of_login(config, "cinder"), "swift");
    assert_string_equal(section_of_login(config, "glance"), "keystone_authtoken");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_each_service_are_found),
        cmocka_unit_test(words_that_are_none_are_replaced),
        cmocka_unit_test(an_endpoint_is_found_by_type_interface_and_region),
        cmocka_unit_test(an_endpoint_that_is_not_there_is_named),
        cmocka_unit_test(each_kind_of_login_has_its_body),
        cmocka_unit_test(a_login_names_the_option_that_is_missing),
        cmocka_unit_test(a_section_without_a_login_uses_another_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
