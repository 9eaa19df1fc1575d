/* Query strings and percent-encoding.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/query.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
splits_queries_into_arguments(void **state)
{
    static const struct {
        const char *query, *shown; /* "name=value;" for each argument */
    } rows[] = {
        {"a=1&b=2",        "a=1;b=2;"},
        {"a",              "a=;"},
        {"a=",             "a=;"},
        {"a=1&&b=2&",      "a=1;b=2;"},
        {"a=b=c",          "a=b=c;"},
        {"a+b=c+d",        "a b=c d;"},
        {"a=%31%2b+%zz%2", "a=1+ %zz%2;"},
        {"a=x%00y",        "a=x\001y;"},
        {"=x",             "=x;"},
        {"",               ""},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *query = g_strdup(rows[i].query);
        g_autoptr(GString) shown = g_string_new(NULL);
        HttpArgument arguments[4];
        size_t count;
        assert_true(http_query_parse(query, arguments, 4, &count));
        for (size_t j = 0; j < count; j++)
            g_string_append_printf(shown, "%s=%s;", arguments[j].name, arguments[j].value);
        assert_string_equal(shown->str, rows[i].shown);
    }
}

static void
reports_too_many_arguments(void **state)
{
    (void)state;
    char query[] = "a=1&b=2&c=3";
    HttpArgument arguments[2];
    size_t count;
    assert_false(http_query_parse(query, arguments, 2, &count));
    assert_int_equal(count, 2);
    assert_true(http_query_parse(NULL, arguments, 2, &count));
    assert_int_equal(count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_queries_into_arguments),
        cmocka_unit_test(reports_too_many_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
