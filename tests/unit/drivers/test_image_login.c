/* Who learns the login at image servers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/config.h"
#include "drivers/image_login.h"

#define LOGIN                                                                                      \
    "deploy.image_server_auth_strategy=http_basic", "deploy.image_server_user=images",             \
        "deploy.image_server_password=secret"

static Config *
configured(const char *const *settings)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    for (; *settings != NULL; settings++)
        assert_true(config_set(config, *settings, &error));
    assert_true(config_finish(config, &error));
    return config;
}

static void
check(const Config *config, const char *url, bool gets)
{
    ImageLogin login;
    if (image_login_for(config, url, &login) != gets)
        fail_msg("%s %s", url, gets ? "gets nothing" : "gets the password");
    if (gets)
        assert_string_equal(login.password, "secret");
    else
        assert_null(login.password);
}

static void
only_servers_that_are_named_get_it(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool gets;
    } rows[] = {
        {"https://images.example.org/debian.raw",      true},
        {"http://IMAGES.example.org:8080/debian.raw",  true},
        {"https://a.b.example.net/x",                  true},
        {"https://[2001:db8::1]/x",                    true},
        {"https://example.net/x",                      false},
        {"https://badexample.net/x",                   false},
        {"https://images.example.org.evil.test/x",     false},
        {"https://evil.test/images.example.org",       false},
        {"https://evil.test/?@images.example.org/",    false},
        {"https://evil.test#@images.example.org/",     false},
        {"https://evil.test\\@images.example.org/",    false},
        {"https://images.example.org@evil.test/x",     false},
        {"https://somebody:else@images.example.org/x", false},
        {"file://images.example.org/etc/passwd",       false},
        {"ftp://images.example.org/x",                 false},
        {"not a url",                                  false},
    };
    const char *const settings[] = {
        LOGIN, "deploy.image_server_auth_hosts=images.example.org,.example.net,2001:db8::1", NULL};
    g_autoptr(Config) config = configured(settings);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check(config, rows[i].url, rows[i].gets);
}

static void
without_names_nobody_gets_it_unless_the_operator_says_so(void **state)
{
    (void)state;
    const char *const nobody[] = {LOGIN, NULL};
    const char *const everybody[] = {LOGIN, "deploy.image_server_auth_permit_unknown_hosts=true",
                                     NULL};
    const char *const off[] = {"deploy.image_server_user=images",
                               "deploy.image_server_password=secret",
                               "deploy.image_server_auth_hosts=a", NULL};
    g_autoptr(Config) first = configured(nobody), second = configured(everybody),
                      third = configured(off);
    check(first, "https://a/x", false);
    check(second, "https://a/x", true);
    check(second, "https://b:c@a/x", false);
    check(third, "https://a/x", false);
}

static void
half_a_login_is_a_mistake_of_the_configuration(void **state)
{
    (void)state;
    const char *const basic = "deploy.image_server_auth_strategy=http_basic";
    const char *const rows[][4] = {
        {basic, "deploy.image_server_user=images", NULL},
        {basic, "deploy.image_server_password=secret", NULL},
        {
            basic,
            "deploy.image_server_user=a:b",
            "deploy.image_server_password=secret",
        },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Config) config = configured(rows[i]);
        g_autoptr(GError) error = NULL;
        assert_false(image_login_check(config, &error));
        assert_null(strstr(error->message, "secret"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_servers_that_are_named_get_it),
        cmocka_unit_test(without_names_nobody_gets_it_unless_the_operator_says_so),
        cmocka_unit_test(half_a_login_is_a_mistake_of_the_configuration),
    };
    return cmocka_run_group_tests_name("image_login", tests, NULL, NULL);
}
