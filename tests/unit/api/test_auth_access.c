/* The policy for requests: every route's rule exists, fields are hidden, targets are loaded if
 * needed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/pipeline.h"
#include "api/router.h"
#include "auth/credentials.h"
#include "auth/policy.h"
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((char *)(uintptr_t)(literal))
#define ROLES(...)                                                                                 \
    .roles = (char **)(uintptr_t)(const char *const[])                                             \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static const Credentials system_reader = {.system_scope = TEXT("all"), ROLES("reader")};
static const Credentials owner_reader = {.project_id = TEXT("own"), ROLES("reader")};
static const Credentials lessee_admin = {.project_id = TEXT("let"), ROLES("admin", "reader")};

static const char *
no_header(void *carrier, const char *name)
{
    (void)carrier;
    (void)name;
    return NULL;
}

static const RequestTransport transport = {.header = no_header};

static void
configure(const char *setting)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    if (!config_set(config, setting, &error) || !config_finish(config, &error))
        fail_msg("%s", error->message);
    config_publish(config);
}

static int
with_keystone(void **state)
{
    (void)state;
    configure("auth_strategy=keystone");
    return 0;
}

static int
without_authentication(void **state)
{
    (void)state;
    configure("auth_strategy=noauth");
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    access_stop();
    config_shutdown();
    return 0;
}

/* A routed request of one of these callers. */
static Request *
request_of(const char *method, const char *path, const Credentials *who)
{
    unsigned status = 0;
    const char *allow = NULL;
    Request *request = request_new(NULL, &transport, NULL, method, path);
    request->route = route_find(request, &status, &allow);
    request->version = 82;
    assert_non_null(request->route);
    request->identity.credentials = g_new0(Credentials, 1);
    credentials_copy(request->identity.credentials, who);
    request->identity.project_id = request->identity.credentials->project_id;
    return request;
}

static void
every_rule_of_a_route_is_in_the_table(void **state)
{
    (void)state;
    size_t route_count = 0, rule_count = 0;
    const Route *routes = route_table(&route_count);
    const PolicyRule *rules = policy_rules(&rule_count);
    for (size_t i = 0; i < route_count; i++) {
        bool found = routes[i].policy == NULL;
        for (size_t k = 0; k < rule_count && !found; k++)
            found = strcmp(routes[i].policy, rules[k].name) == 0;
        if (!found)
            fail_msg("%s of %s", routes[i].policy, routes[i].pattern);
    }
}

static unsigned
visible(const Credentials *who, const char *owner, const char *lessee)
{
    g_autoptr(Request) request = request_of("GET", "/v1/nodes/x", who);
    const PolicyTarget target = {owner, lessee, NULL};
    return policy_visibility(request, &target, NULL);
}

static void
lessees_do_not_see_how_a_node_is_run(void **state)
{
    (void)state;
    const unsigned insides = POLICY_HIDE_DRIVER_INFO | POLICY_HIDE_DRIVER_INTERNAL_INFO |
                             POLICY_HIDE_LAST_ERROR | POLICY_HIDE_RESERVATION;
    assert_int_equal(visible(&system_reader, "own", "let"), 0);
    assert_int_equal(visible(&owner_reader, "own", "let"), POLICY_HIDE_TARGET_PROPERTIES);
    assert_int_equal(visible(&lessee_admin, "own", "let"), insides);
    for (unsigned bit = 1; bit <= POLICY_HIDE_TARGET_PROPERTIES; bit <<= 1) {
        json_auto_t *value = json_loads(policy_hidden_json(bit), JSON_DECODE_ANY, NULL);
        assert_true(json_is_object(value) || json_is_string(value));
    }
}

static void
visibility_is_judged_per_item_only_if_it_depends_on_the_item(void **state)
{
    (void)state;
    bool depends = true;
    g_autoptr(Request) system = request_of("GET", "/v1/nodes", &system_reader);
    assert_int_equal(policy_visibility(system, NULL, &depends), 0);
    assert_false(depends);
    g_autoptr(Request) project = request_of("GET", "/v1/nodes", &owner_reader);
    policy_visibility(project, NULL, &depends);
    assert_true(depends);
}

static void
owners_are_loaded_only_if_a_rule_needs_them(void **state)
{
    (void)state;
    g_autoptr(Request) system = request_of("GET", "/v1/nodes/x", &system_reader);
    g_autoptr(Request) project = request_of("GET", "/v1/nodes/x", &owner_reader);
    assert_false(policy_wants_target(system, "baremetal:node:get"));
    assert_true(policy_wants_target(project, "baremetal:node:get"));
    assert_null(policy_list_project(system));
    assert_string_equal(policy_list_project(project), "own");
}

static void
a_patch_is_judged_field_by_field(void **state)
{
    (void)state;
    static const struct {
        const char *patch;
        const Credentials *who;
        const char *refused; /* NULL: allowed */
    } rows[] = {
        {"[{\"op\":\"add\",\"path\":\"/instance_info/a\",\"value\":1}]", &lessee_admin, NULL},
        {"[{\"op\":\"add\",\"path\":\"/driver_info/a\",\"value\":1}]", &lessee_admin,
         "update:driver_info"},
        {"[{\"op\":\"add\",\"path\":\"/instance_info/"
         "a\",\"value\":1},{\"op\":\"remove\",\"path\":\"/name\"}]",
         &lessee_admin, "update:name"},
        {"[{\"op\":\"remove\",\"path\":\"/boot_interface\"}]", &lessee_admin,
         "update:driver_interfaces"},
        {"[{\"op\":\"add\",\"path\":\"/automated_clean\",\"value\":\"No\"}]", &lessee_admin,
         "disable_cleaning"},
        {"[{\"op\":\"add\",\"path\":\"/retired_reason\",\"value\":\"x\"}]", &lessee_admin,
         "update:retired"},
        {"[]", &lessee_admin, "baremetal:node:update"},
        {"[7, {\"path\": 7}, {\"path\": \"\"}]", &lessee_admin, "baremetal:node:update"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Request) request = request_of("PATCH", "/v1/nodes/x", rows[i].who);
        request->json = json_loads(rows[i].patch, 0, NULL);
        assert_non_null(request->json);
        const PolicyTarget target = {"own", "let", NULL};
        g_autoptr(GError) error = NULL;
        bool allowed = policy_check(request, "baremetal:node:update", &target, &error);
        assert_int_equal(allowed, rows[i].refused == NULL);
        if (!allowed && strstr(error->message, rows[i].refused) == NULL)
            fail_msg("row %zu: %s", i, error->message);
    }
}

static void
the_owner_that_admitted_a_caller_is_kept(void **state)
{
    (void)state;
    static const PolicyTarget target = {"own", NULL, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"};
    static const struct {
        const Credentials *who;
        bool by_owner;
    } rows[] = {
        {&system_reader, false},
        {&owner_reader, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Request) request = request_of("GET", "/v1/nodes/x", rows[i].who);
        assert_true(policy_sees(request, "baremetal:node:get", &target));
        assert_int_equal(request->judged_by_owner, rows[i].by_owner);
        json_auto_t *wanted =
            json_pack("{s:{s:s, s:n}}", target.node_uuid, "owner", "own", "lessee");
        assert_true(json_equal(request->judged, wanted));
    }
    g_autoptr(Request) other = request_of("GET", "/v1/nodes/x", &lessee_admin);
    assert_false(policy_sees(other, "baremetal:node:get", &target));
    assert_null(other->judged);
}

static void
without_authentication_everything_is_allowed_and_secrets_stay_hidden(void **state)
{
    (void)state;
    static const Credentials nobody = {0};
    g_autoptr(Request) request = request_of("GET", "/v1/nodes/x", &nobody);
    const PolicyTarget target = {"own", "let", NULL};
    g_autoptr(GError) error = NULL;
    bool depends = true;
    assert_true(policy_check(request, "baremetal:node:delete", &target, &error));
    assert_null(policy_list_project(request));
    assert_false(policy_wants_target(request, "baremetal:node:get"));
    assert_int_equal(policy_visibility(request, NULL, &depends), 0);
    assert_false(depends);
}

int
main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_a_route_is_in_the_table),
        cmocka_unit_test_setup_teardown(lessees_do_not_see_how_a_node_is_run, with_keystone,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            visibility_is_judged_per_item_only_if_it_depends_on_the_item, with_keystone, tear_down),
        cmocka_unit_test_setup_teardown(owners_are_loaded_only_if_a_rule_needs_them, with_keystone,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_owner_that_admitted_a_caller_is_kept, with_keystone,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_patch_is_judged_field_by_field, with_keystone, tear_down),
        cmocka_unit_test_setup_teardown(
            without_authentication_everything_is_allowed_and_secrets_stay_hidden,
            without_authentication, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
