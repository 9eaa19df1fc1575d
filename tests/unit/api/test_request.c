/* Requests without a connection: routing, calls of the conductor and their answers, statements per
 * list.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"
#include "api/pipeline.h"
#include "api/router.h"
#include "api_fixture.h"
#include "db/conductors.h"
#include "db/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static Api *api;
static ApiFixture *fixture;

/* A slow machine must not have the hash ring read again between two counts of statements. */
static void
configure(void)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    if (!config_set(config, "DEFAULT.hash_ring_reset_interval=3600", &error) ||
        !config_finish(config, &error))
        fail_msg("%s", error->message);
    config_publish(config);
}

static int
set_up(void **state)
{
    (void)state;
    configure();
    fixture = api_fixture_new();
    const ApiServices services = {.db = fixture->db, .rpc = fixture->rpc};
    api = api_new(&services);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    api_free(api);
    api_fixture_free(fixture);
    config_shutdown();
    return 0;
}

/* The carrier of these requests: its version header. */
static const char *
header_of(void *carrier, const char *name)
{
    return strcmp(name, API_HEADER_VERSION) == 0 ? carrier : NULL;
}

static void
resume(void *carrier)
{
    (void)carrier; /* the conductor answers at once, so there is nothing to resume */
}

static const RequestTransport transport = {.header = header_of, .resume = resume};

/* Runs a request to its end. `query` is "name=value" or NULL. */
static Request *
run(const char *method, const char *path, const char *query, const char *body)
{
    static char version[] = "1.82";
    Request *request = request_new(api, &transport, version, method, path);
    static char text[256]; /* outlives the request; tests check one at a time */
    if (query != NULL) {
        assert_true(g_strlcpy(text, query, sizeof text) < sizeof text);
        request_take_query(request, text);
    }
    if (request_begin(request) && request_identify(request) == PIPELINE_NOT_ANSWERED) {
        if (body != NULL)
            request_take_body(request, g_strdup(body), strlen(body));
        if (!request_run(request))
            request_finish(request);
    }
    return request;
}

static void
finds_each_route_of_the_table_by_its_own_pattern(void **state)
{
    (void)state;
    size_t count;
    const Route *routes = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        g_autoptr(Request) request = request_new(
            api, &transport, NULL, http_method_name(routes[i].method), routes[i].pattern);
        unsigned status = 0;
        const char *allow = NULL;
        const Route *found = route_find(request, &status, &allow);
        if (found != &routes[i])
            fail_msg("%s %s is shadowed by %s", http_method_name(routes[i].method),
                     routes[i].pattern, found != NULL ? found->pattern : "nothing");
    }
}

static void
cuts_captures_and_their_json_suffix(void **state)
{
    (void)state;
    static const struct {
        const char *path, *first, *second, *suffix;
    } cases[] = {
        {"/v1/nodes/a",                 "a",      NULL,       NULL},
        {"nodes/a.json",                "a",      NULL,       ".json"},
        {"/v1//nodes//a.b.json//",      "a.b",    NULL,       ".json"},
        {"/v1/nodes/.json",             ".json",  NULL,       NULL},
        {"/v1/nodes/a.json/bios/b",     "a.json", "b",        NULL},
        {"/v1/nodes/a/traits/CUSTOM_A", "a",      "CUSTOM_A", NULL},
        {"/v1/nodes/v1",                "v1",     NULL,       NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *method = strstr(cases[i].path, "traits") != NULL ? "PUT" : "GET";
        g_autoptr(Request) request = request_new(api, &transport, NULL, method, cases[i].path);
        unsigned status;
        const char *allow;
        if (route_find(request, &status, &allow) == NULL)
            fail_msg("%s is not found", cases[i].path);
        assert_string_equal(request->captures[0], cases[i].first);
        assert_true(g_strcmp0(request->captures[1], cases[i].second) == 0);
        assert_true(g_strcmp0(request->capture_suffix, cases[i].suffix) == 0);
    }
}

static uint64_t
statements_of(const char *path, const char *query)
{
    uint64_t before = db_statement_count();
    g_autoptr(Request) request = run("GET", path, query, NULL);
    if (request->status != 200)
        fail_msg("%s: %s", path, request->out->str);
    return db_statement_count() - before;
}

static void
add_conductor(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConductorRecord) conductor = conductor_record_new();
    conductor->hostname = g_strdup("host");
    conductor->lease = g_strdup("lease");
    conductor->lease_expires_ms = INT64_MAX;
    json_decref(conductor->drivers);
    conductor->drivers = json_pack("[s]", "fake-hardware");
    if (!db_conductor_register(fixture->db, conductor, &error))
        fail_msg("%s", error->message);
}

static void
lists_take_as_many_statements_for_many_items_as_for_one(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/nodes", "/v1/nodes/detail"};
    add_conductor();               /* an empty ring is read again every second */
    statements_of(paths[0], NULL); /* the hash ring is read on first use */
    uint64_t few[G_N_ELEMENTS(paths)];
    g_free(api_fixture_add_node(fixture, "first"));
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        few[i] = statements_of(paths[i], NULL);
    for (int i = 0; i < 200; i++)
        g_free(api_fixture_add_node(fixture, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        assert_int_equal(few[i], 1);
        assert_int_equal(statements_of(paths[i], NULL), 1);
        assert_int_equal(statements_of(paths[i], "sort_key=name"), 1);
        assert_int_equal(statements_of(paths[i], "limit=50"), 1);
    }
    assert_int_equal(statements_of("/v1/nodes/first", NULL), 1);
    assert_int_equal(statements_of("/v1/nodes/first/ports", NULL), 2);
}

/* One more child of each kind for a node, and an allocation, a chassis and a template. */
static void
add_one_of_each(const char *node_uuid, int number)
{
    g_autofree char *text = g_strdup_printf("CUSTOM_%d", number);
    g_autofree char *mac =
        g_strdup_printf("52:54:00:00:%02x:%02x", (unsigned)number / 256, (unsigned)number % 256);
    const DbValue values[] = {db_text(text), db_text(mac), db_text(node_uuid)};
    static const char *const statements[] = {
        "INSERT INTO ports (uuid, address, node_uuid) VALUES (?1, ?2, ?3)",
        "INSERT INTO portgroups (uuid, address, node_uuid) VALUES (?1, ?2, ?3)",
        "INSERT INTO volume_connectors (uuid, connector_id, node_uuid, type) "
        "VALUES (?1, ?2, ?3, 'iqn')",
        "INSERT INTO volume_targets (uuid, volume_id, node_uuid, volume_type, boot_index) "
        "SELECT ?1, ?2, ?3, 'iscsi', count(*) FROM volume_targets",
        "INSERT INTO allocations (uuid, name, node_uuid, state) VALUES (?1, ?2, ?3, 'active')",
        "INSERT INTO chassis (uuid, description) VALUES (?1, ?2)",
        "INSERT INTO deploy_templates (uuid, name, steps) VALUES (?1, ?2, '[]')",
        "INSERT INTO node_history (uuid, event, node_uuid) VALUES (?1, ?2, ?3)",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(statements); i++) {
        g_autoptr(GError) error = NULL;
        size_t count = strstr(statements[i], "?3") != NULL ? 3 : 2;
        if (!db_execute(fixture->db, statements[i], values, count, NULL, &error))
            fail_msg("%s: %s", statements[i], error->message);
    }
}

static void
every_list_takes_as_many_statements_for_many_items_as_for_one(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v1/nodes",
                                        "/v1/ports",
                                        "/v1/portgroups",
                                        "/v1/volume/connectors",
                                        "/v1/volume/targets",
                                        "/v1/allocations",
                                        "/v1/chassis",
                                        "/v1/deploy_templates",
                                        "/v1/conductors",
                                        "/v1/shards",
                                        "/v1/drivers",
                                        "/v1/ports/detail",
                                        "/v1/portgroups/detail",
                                        "/v1/chassis/detail",
                                        "/v1/nodes/first/ports",
                                        "/v1/nodes/first/portgroups",
                                        "/v1/nodes/first/volume/connectors",
                                        "/v1/nodes/first/volume/targets",
                                        "/v1/nodes/first/history"};
    uint64_t few[G_N_ELEMENTS(paths)];
    g_autofree char *node = api_fixture_add_node(fixture, "first");
    add_conductor();               /* an empty ring is read again every second */
    statements_of(paths[0], NULL); /* the hash ring is read on first use */
    add_one_of_each(node, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        few[i] = statements_of(paths[i], NULL);
    for (int number = 1; number <= 300; number++) {
        g_autofree char *other = api_fixture_add_node(fixture, NULL);
        add_one_of_each(number % 2 == 0 ? node : other, number);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        uint64_t many = statements_of(paths[i], NULL);
        if (many != few[i] || many > 2)
            fail_msg("%s: %d statements for many, %d for one", paths[i], (int)many, (int)few[i]);
    }
}

static void
calls_the_conductor_and_shows_the_new_item(void **state)
{
    (void)state;
    g_autofree char *uuid = api_fixture_add_node(fixture, "made");
    fixture->result = json_pack("{s:s}", "uuid", uuid);
    g_autoptr(Request) request =
        run("POST", "/v1/nodes", NULL, "{\"driver\":\"ipmi\",\"name\":\"made\"}");
    assert_int_equal(request->status, 201);
    assert_int_equal(fixture->method, RPC_CREATE);
    assert_null(fixture->node_uuid);
    g_autofree char *asked = json_text_dump(fixture->arguments);
    assert_string_equal(
        asked, "{\"resource\":\"node\",\"values\":{\"driver\":\"ipmi\",\"name\":\"made\"}}");
    assert_true(g_str_has_suffix(request->location, uuid));
    assert_non_null(strstr(request->out->str, "\"ipmi_password\":\"******\""));
    assert_null(strstr(request->out->str, "hidden"));
}

static void
names_the_owner_that_admitted_the_caller_to_the_conductor(void **state)
{
    (void)state;
    static char version[] = "1.82";
    g_autofree char *uuid = api_fixture_add_node(fixture, "mine");
    for (int by_owner = 0; by_owner <= 1; by_owner++) {
        g_autoptr(Request) request =
            request_new(api, &transport, version, "DELETE", "/v1/nodes/mine/maintenance");
        assert_true(request_begin(request));
        request->judged = json_pack("{s:{s:s, s:n}}", uuid, "owner", "me", "lessee");
        request->judged_by_owner = by_owner != 0;
        if (!request_run(request))
            request_finish(request);
        assert_int_equal(request->status, 202);
        assert_int_equal(fixture->method, RPC_SET_MAINTENANCE);
        assert_true(by_owner ? json_equal(fixture->judged, request->judged)
                             : fixture->judged == NULL);
    }
}

static void
calls_nobody_if_the_body_is_wrong(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{",
                                         "[]",
                                         "{\"driver\":5}",
                                         "{\"driver\":\"a\",\"zork\":1}",
                                         "{\"driver\":\"a\",\"uuid\":\"x\"}",
                                         "{}"};
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(Request) request = run("POST", "/v1/nodes", NULL, bodies[i]);
        assert_int_equal(request->status, 400);
    }
    assert_int_equal(fixture->calls, 0);
}

static void
turns_the_conductors_errors_into_faults(void **state)
{
    (void)state;
    g_autofree char *uuid = api_fixture_add_node(fixture, "failing");
    for (int code = 0; code < STEEL_ERROR_COUNT; code++) {
        fixture->failure = code;
        g_autoptr(Request) request =
            run("PUT", "/v1/nodes/failing/states/power", NULL, "{\"target\":\"power on\"}");
        const GError error = {steel_error_quark(), code, NULL};
        assert_int_equal(request->status, steel_error_info(&error)->http_status);
        assert_non_null(strstr(request->out->str, "as the test wants it"));
        assert_null(request->location);
    }
}

static void
checks_policy_names_on_every_route_that_is_not_public(void **state)
{
    (void)state;
    size_t count;
    const Route *routes = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        bool refusal = g_str_has_prefix(routes[i].pattern, "nodes/{node}/") ||
                       routes[i].method == HTTP_PATCH || routes[i].method == HTTP_DELETE ||
                       routes[i].method == HTTP_POST;
        if (routes[i].policy == NULL && !(routes[i].flags & ROUTE_PUBLIC) && !refusal)
            fail_msg("%s %s has no policy", http_method_name(routes[i].method), routes[i].pattern);
        if (routes[i].policy != NULL)
            assert_true(g_str_has_prefix(routes[i].policy, "baremetal:"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_each_route_of_the_table_by_its_own_pattern, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(cuts_captures_and_their_json_suffix, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_take_as_many_statements_for_many_items_as_for_one,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            every_list_takes_as_many_statements_for_many_items_as_for_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_the_conductor_and_shows_the_new_item, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(names_the_owner_that_admitted_the_caller_to_the_conductor,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_nobody_if_the_body_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(turns_the_conductors_errors_into_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_policy_names_on_every_route_that_is_not_public,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("api_request", tests, NULL, NULL);
}
