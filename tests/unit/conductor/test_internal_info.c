/* Keys of driver_internal_info end with their lifetime: an agent's with its run, an operation's
 * with its state, an instance's with its undeploy. Each case plants every key of the lifetime
 * before the event and finds none after it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"

#include "common/json_text.h"
#include "conductor/steps/steps.h"

/* A value of the row's type, so that all readers accept it. */
static json_t *
something(InfoType type)
{
    switch (type) {
    case INFO_TYPE_TEXT:
        return json_string("planted");
    case INFO_TYPE_INTEGER:
        return json_integer(1000);
    case INFO_TYPE_BOOLEAN:
        return json_false();
    case INFO_TYPE_JSON:
        return json_object();
    }
    return NULL;
}

/* Adds every key of the lifetime that the node does not have yet. */
static void
plant(const ConductorFixture *fixture, const char *uuid, InfoLifetime lifetime)
{
    g_autoptr(Node) node = conductor_fixture_load(fixture, uuid);
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        if (info_row(key)->lifetime == lifetime && !info_has(node, key))
            json_object_set_new(node->driver_internal_info, info_row(key)->key,
                                something(info_row(key)->type));
    g_autofree char *text = json_text_dump(node->driver_internal_info);
    conductor_fixture_write(fixture, "driver_internal_info", text);
}

static void
nothing_is_left(const Node *node, InfoLifetime lifetime)
{
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        if (info_ends(lifetime, info_row(key)->lifetime) && info_has(node, key))
            fail_msg("%s is left in %s", info_row(key)->key, node->provision_state);
}

static Node *
deployed(ConductorFixture *fixture)
{
    Node *node = conductor_fixture_node(fixture, "available", NULL);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"active\"}");
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
    return node;
}

static void
a_power_change_ends_the_agent(void **state)
{
    static const char *const targets[] = {"power on", "rebooting", "power off"};
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *arguments = g_strdup_printf("{\"target\": \"%s\"}", targets[i]);
        plant(fixture, node->uuid, LIFETIME_AGENT);
        conductor_fixture_do(fixture, RPC_SET_POWER, node->uuid, arguments);
        g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "manageable");
        assert_null(after->last_error);
        nothing_is_left(after, LIFETIME_AGENT);
        assert_false(info_has(after, INFO_POWER_REQUEST));
    }
}

static void
a_machine_that_is_on_already_keeps_its_agent(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", NULL);
    conductor_fixture_write(fixture, "power_state", "power on");
    plant(fixture, node->uuid, LIFETIME_AGENT);
    conductor_fixture_do(fixture, RPC_SET_POWER, node->uuid, "{\"target\": \"power on\"}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "manageable");
    assert_true(info_has(after, INFO_AGENT_SECRET_TOKEN));
}

static void
an_undeploy_ends_the_instance_its_agent_and_its_operation(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = deployed(fixture);
    plant(fixture, node->uuid, LIFETIME_INSTANCE);
    plant(fixture, node->uuid, LIFETIME_AGENT);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"deleted\"}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "available");
    nothing_is_left(after, LIFETIME_INSTANCE);
    nothing_is_left(after, LIFETIME_AGENT);
}

static void
an_undeploy_that_fails_ends_the_instance_too(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(
        fixture, "available", "{\"fake\": {\"deploy.tear_down\": {\"fail\": \"POWER\"}}}");
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"active\"}");
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
    plant(fixture, node->uuid, LIFETIME_INSTANCE);
    plant(fixture, node->uuid, LIFETIME_AGENT);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"deleted\"}");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "error");
    nothing_is_left(after, LIFETIME_INSTANCE);
    nothing_is_left(after, LIFETIME_AGENT);
}

/* One verb on its way from a state to its end, good or bad. */
typedef struct Way {
    const char *from, *driver_info, *arguments,
        *wait;        /* wait: the state in which the keys are planted; NULL: before the verb */
    const char *then; /* the verb in the wait */
    const char *end;
} Way;

#define WAIT_IN(step) "{\"fake\": {\"" step "\": {\"wait\": true}}}"
#define FAIL_IN(step) "{\"fake\": {\"" step "\": {\"fail\": \"INTERNAL\"}}}"
#define CLEAN                                                                                      \
    "{\"target\": \"clean\", \"clean_steps\": [{\"interface\": \"deploy\", \"step\": "             \
    "\"erase_devices\"}]}"
#define ABORT "{\"target\": \"abort\"}"
#define HOLD "{\"interface\": \"deploy\", \"step\": \"hold\"}"
#define SERVICE                                                                                    \
    "{\"target\": \"service\", \"service_steps\": [{\"interface\": \"deploy\", \"step\": "         \
    "\"look\"}]}"
#define SERVICE_HELD "{\"target\": \"service\", \"service_steps\": [" HOLD "]}"

static const Way ways[] = {
    {"enroll", NULL, "{\"target\": \"manage\"}", NULL, NULL, "manageable"},
    {"enroll", FAIL_IN("power.get"), "{\"target\": \"manage\"}", NULL, NULL, "enroll"},
    {"available", NULL, "{\"target\": \"active\"}", NULL, NULL, "active"},
    {"available", FAIL_IN("deploy.prepare"), "{\"target\": \"active\"}", NULL, NULL,
     "deploy failed"},
    {"available", FAIL_IN("deploy.deploy"), "{\"target\": \"active\"}", NULL, NULL,
     "deploy failed"},
    {"available", WAIT_IN("deploy.deploy"), "{\"target\": \"active\"}", "wait call-back", ABORT,
     "deploy failed"},
    {"available", WAIT_IN("deploy.deploy"), "{\"target\": \"active\"}", "wait call-back",
     "{\"target\": \"deleted\"}", "available"},
    {"active", NULL, "{\"target\": \"rebuild\"}", NULL, NULL, "active"},
    {"manageable", NULL, CLEAN, NULL, NULL, "manageable"},
    {"manageable", FAIL_IN("deploy.erase_devices"), CLEAN, NULL, NULL, "clean failed"},
    {"manageable", FAIL_IN("deploy.tear_down_cleaning"), CLEAN, NULL, NULL, "clean failed"},
    {"manageable", WAIT_IN("deploy.erase_devices"), CLEAN, "clean wait", ABORT, "clean failed"},
    {"manageable", NULL, "{\"target\": \"provide\"}", NULL, NULL, "available"},
    {"manageable", NULL, "{\"target\": \"inspect\"}", NULL, NULL, "manageable"},
    {"manageable", FAIL_IN("inspect.inspect"), "{\"target\": \"inspect\"}", NULL, NULL,
     "inspect failed"},
    {"manageable", WAIT_IN("inspect.inspect"), "{\"target\": \"inspect\"}", "inspect wait", ABORT,
     "inspect failed"},
    {"manageable", NULL, "{\"target\": \"adopt\"}", NULL, NULL, "active"},
    {"manageable", FAIL_IN("deploy.take_over"), "{\"target\": \"adopt\"}", NULL, NULL,
     "adopt failed"},
    {"active", NULL, "{\"target\": \"rescue\", \"rescue_password\": \"p\"}", NULL, NULL, "rescue"},
    {"active", FAIL_IN("rescue.rescue"), "{\"target\": \"rescue\", \"rescue_password\": \"p\"}",
     NULL, NULL, "rescue failed"},
    {"active", WAIT_IN("rescue.rescue"), "{\"target\": \"rescue\", \"rescue_password\": \"p\"}",
     "rescue wait", ABORT, "rescue failed"},
    {"rescue", NULL, "{\"target\": \"unrescue\"}", NULL, NULL, "active"},
    {"rescue", FAIL_IN("rescue.unrescue"), "{\"target\": \"unrescue\"}", NULL, NULL,
     "unrescue failed"},
    {"rescue", NULL, "{\"target\": \"deleted\"}", NULL, NULL, "available"},
    {"manageable", NULL, "{\"target\": \"clean\", \"clean_steps\": [" HOLD "]}", "clean hold",
     ABORT, "clean failed"},
    {"active", NULL, SERVICE, NULL, NULL, "active"},
    {"active", FAIL_IN("deploy.look"), SERVICE, NULL, NULL, "service failed"},
    {"active", WAIT_IN("deploy.look"), SERVICE, "service wait", ABORT, "active"},
    {"active", WAIT_IN("deploy.look"), SERVICE, "service wait", "{\"target\": \"deleted\"}",
     "available"},
    {"active", NULL, SERVICE_HELD, "service hold", ABORT, "active"},
};

static void
plant_operation(const ConductorFixture *fixture, const char *uuid)
{
    plant(fixture, uuid, LIFETIME_OPERATION);
    plant(fixture, uuid, LIFETIME_STEP);
}

/* The keys' operation ends with its final state, by success or failure. */
static void
go(ConductorFixture *fixture, const Way *way)
{
    g_autoptr(Node) node = conductor_fixture_node(fixture, way->from, way->driver_info);
    if (way->wait == NULL)
        plant_operation(fixture, node->uuid);
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, way->arguments);
    if (way->wait != NULL) {
        node_free(conductor_fixture_await(fixture, node->uuid, way->wait));
        plant_operation(fixture, node->uuid);
        conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, way->then);
    }
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, way->end);
    nothing_is_left(after, LIFETIME_OPERATION);
    assert_int_equal(json_object_size(after->clean_step), 0);
    assert_int_equal(json_object_size(after->deploy_step), 0);
}

static void
the_end_of_every_way_ends_the_operation(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        ConductorFixture *fixture = conductor_fixture_new(NULL);
        go(fixture, &ways[i]);
        conductor_fixture_free(fixture);
    }
}

static void
a_wait_that_is_late_ends_the_operation(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "available", WAIT_IN("deploy.deploy"));
    conductor_fixture_do(fixture, RPC_PROVISION, node->uuid, "{\"target\": \"active\"}");
    node_free(conductor_fixture_await(fixture, node->uuid, "wait call-back"));
    plant_operation(fixture, node->uuid);
    conductor_fixture_write(fixture, "wait_deadline_ms", "1");
    g_autoptr(Node) after = conductor_fixture_await(fixture, node->uuid, "deploy failed");
    nothing_is_left(after, LIFETIME_OPERATION);
}

static void
a_step_that_is_done_leaves_nothing_to_the_next(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node =
        conductor_fixture_node(fixture, "manageable", WAIT_IN("deploy.erase_devices"));
    plant(fixture, node->uuid, LIFETIME_STEP);
    Task *task = task_acquire(fixture->conductor, node->uuid, TASK_EXCLUSIVE, "test", &error);
    assert_non_null(task);
    json_t *planted = json_deep_copy(task->node->driver_internal_info);
    assert_true(steps_plan(task, STEP_KIND_CLEAN, NULL, 0, &error));
    nothing_is_left(task->node, LIFETIME_STEP);
    json_object_update_new(task->node->driver_internal_info, planted); /* of the first step */
    assert_int_equal(steps_run(task, STEP_KIND_CLEAN, &error).end, STEPS_WAIT);
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        if (info_row(key)->lifetime == LIFETIME_STEP && key != INFO_STEP_WAITING)
            assert_false(info_has(task->node, key));
    assert_int_equal(steps_resume(task, STEP_KIND_CLEAN, &error).end, STEPS_READY);
    nothing_is_left(task->node, LIFETIME_STEP);
    task_release(task);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(a_power_change_ends_the_agent),
        fixture_test(a_machine_that_is_on_already_keeps_its_agent),
        fixture_test(an_undeploy_ends_the_instance_its_agent_and_its_operation),
        fixture_test(an_undeploy_that_fails_ends_the_instance_too),
        cmocka_unit_test(the_end_of_every_way_ends_the_operation),
        fixture_test(a_wait_that_is_late_ends_the_operation),
        fixture_test(a_step_that_is_done_leaves_nothing_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
