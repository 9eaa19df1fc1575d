/* The version that a request gets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/versions.h"
#include "common/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
gives_the_requested_version(void **state)
{
    (void)state;
    static const struct {
        const char *legacy, *standard;
        unsigned minor;
    } cases[] = {
        {NULL,     NULL,                           1},
        {"1.1",    NULL,                           1},
        {"1.82",   NULL,                           82},
        {"latest", NULL,                           115},
        {"LATEST", NULL,                           115},
        {NULL,     "baremetal 1.50",               50},
        {"1.5",    "baremetal 1.50",               50},
        {"1.5",    "compute 2.90, baremetal 1.40", 40},
        {"1.5",    "compute 2.90",                 5},
        {"1.5",    "",                             5},
        {NULL,     "Baremetal latest",             115},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned minor = 0;
        g_autoptr(GError) error = NULL;
        assert_true(api_version_negotiate(API_VERSION_MAXIMUM, cases[i].legacy, cases[i].standard,
                                          &minor, &error));
        assert_null(error);
        assert_int_equal(minor, cases[i].minor);
    }
}

static void
refuses_versions_that_are_not_served(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "1",    "1.",       "1.0",           "1.116",  "2.1",  "0.1",
        "x",   "1.1x", ".1",       "1.1.1",         "-1.1",   "1.-1", " 1.1x",
        "1,1", "+1.1", "999999.1", "1.99999999999", "latest1"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        unsigned minor = 77;
        g_autoptr(GError) error = NULL;
        if (api_version_negotiate(API_VERSION_MAXIMUM, bad[i], NULL, &minor, &error))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(error->code, STEEL_ERROR_NOT_ACCEPTABLE);
        assert_int_equal(minor, 77);
    }
}

static void
serves_no_more_than_the_newest_version_of_a_pinned_release(void **state)
{
    (void)state;
    unsigned newest = api_version_of_release("21.4"), minor = 0;
    assert_int_equal(newest, 82);
    assert_int_equal(api_version_of_release("2025.2"), 101);
    assert_int_equal(api_version_of_release(NULL), API_VERSION_MAXIMUM);
    assert_int_equal(api_version_of_release("1.0"), API_VERSION_MAXIMUM);
    assert_true(api_version_negotiate(newest, "latest", NULL, &minor, NULL));
    assert_int_equal(minor, 82);
    g_autoptr(GError) error = NULL;
    assert_false(api_version_negotiate(newest, "1.83", NULL, &minor, &error));
    assert_non_null(strstr(error->message, "[1.1, 1.82]"));
}

static void
every_release_that_may_be_pinned_has_a_version(void **state)
{
    (void)state;
    static const char all[] =
#define RELEASE(name, minor) "," name
#include "model/releases.def"
#undef RELEASE
        ;
    assert_string_equal(config_option_info(OPT_PIN_RELEASE_VERSION)->choices, all + 1);
}

static void
names_every_served_version(void **state)
{
    (void)state;
    for (unsigned minor = API_VERSION_MINIMUM; minor <= API_VERSION_MAXIMUM; minor++) {
        g_autofree char *expected = g_strdup_printf("1.%u", minor);
        assert_string_equal(api_version_text(minor), expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_requested_version),
        cmocka_unit_test(refuses_versions_that_are_not_served),
        cmocka_unit_test(serves_no_more_than_the_newest_version_of_a_pinned_release),
        cmocka_unit_test(every_release_that_may_be_pinned_has_a_version),
        cmocka_unit_test(names_every_served_version),
    };
    return cmocka_run_group_tests_name("api_versions", tests, NULL, NULL);
}
