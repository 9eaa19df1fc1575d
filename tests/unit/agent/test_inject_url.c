/* URLs of injected files have values of the node. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/inject_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *
expand(const char *text, GError **error)
{
    json_t *node = json_pack("{s:s,s:n,s:{s:i,s:s}}", "uuid", "1be2", "name", "properties", "cpus",
                             8, "zone", "a{b}");
    json_t *ports =
        json_pack("[{s:s},{s:s}]", "address", "52:54:00:00:00:01", "address", "52:54:00:00:00:02");
    char *found = inject_url_expand(text, node, ports, error);
    json_decref(node);
    json_decref(ports);
    return found;
}

static void
values_of_the_node_and_its_ports_are_put_in(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://a/x",                                "http://a/x"},
        {"http://a/{node[uuid]}/{ports[1][address]}", "http://a/1be2/52:54:00:00:00:02"},
        {"http://a/{node[properties][cpus]}?{{x}}",   "http://a/8?{x}"},
        {"http://a/{node[properties][zone]}",         "http://a/a{b}"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *found = expand(rows[i][0], &error);
        if (found == NULL)
            fail_msg("%s", error->message);
        assert_string_equal(found, rows[i][1]);
    }
}

static void
what_is_not_there_is_named(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"http://a/{node[nothing]}",      "{node[nothing]}"},
        {"http://a/{node[name]}",         "{node[name]}"},
        {"http://a/{node[properties]}",   "{node[properties]}"},
        {"http://a/{ports[2][address]}",  "{ports[2][address]}"},
        {"http://a/{ports[-1][address]}", "{ports[-1]"},
        {"http://a/{node.uuid}",          "{node.uuid}"},
        {"http://a/{node[uuid}",          "{node[uuid}"},
        {"http://a/{}",                   "{}"},
        {"http://a/{node[uuid]",          "not closed"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *found = expand(rows[i][0], &error);
        assert_null(found);
        if (strstr(error->message, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], error->message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_node_and_its_ports_are_put_in),
        cmocka_unit_test(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests_name("inject_url", tests, NULL, NULL);
}
