/* Request lines of the agent's API. SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/server_route.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
each_path_has_its_route(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        ServerRoute route;
        const char *id;
    } rows[] = {
        {"GET",    "/",                  SERVER_ROUTE_ROOT,         NULL},
        {"GET",    "/v1",                SERVER_ROUTE_V1,           NULL},
        {"GET",    "/v1/",               SERVER_ROUTE_V1,           NULL},
        {"GET",    "/v1/status",         SERVER_ROUTE_STATUS,       NULL},
        {"GET",    "/status",            SERVER_ROUTE_STATUS,       NULL},
        {"GET",    "/v1/commands",       SERVER_ROUTE_LIST,         NULL},
        {"GET",    "/v1/commands/",      SERVER_ROUTE_LIST,         NULL},
        {"POST",   "/v1/commands/",      SERVER_ROUTE_RUN,          NULL},
        {"POST",   "/commands",          SERVER_ROUTE_RUN,          NULL},
        {"GET",    "/v1/commands/abc",   SERVER_ROUTE_COMMAND,      "abc"},
        {"GET",    "/v1/commands/abc/d", SERVER_ROUTE_NONE,         NULL},
        {"POST",   "/v1/commands/abc",   SERVER_ROUTE_WRONG_METHOD, "abc"},
        {"DELETE", "/v1/status",         SERVER_ROUTE_WRONG_METHOD, NULL},
        {"GET",    "/v1/log",            SERVER_ROUTE_LOG,          NULL},
        {"GET",    "/v2",                SERVER_ROUTE_NONE,         NULL},
        {"GET",    "/v1/v1/status",      SERVER_ROUTE_NONE,         NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *id;
        assert_int_equal(server_route(rows[i].method, rows[i].path, &id), rows[i].route);
        if (rows[i].id != NULL)
            assert_string_equal(id, rows[i].id);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_path_has_its_route)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
