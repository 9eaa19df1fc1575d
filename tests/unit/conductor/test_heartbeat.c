/* Heartbeats are stored without the lock: a heartbeat and the work under the lock must not
 * overwrite each other.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor_fixture.h"

static const char heartbeat[] = "{\"callback_url\": \"http://10.0.0.7:9999\", \"agent_version\": "
                                "\"9\", \"agent_token\": \"t\"}";

static void
save(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!task_save(task, &error))
        fail_msg("%s", error->message);
}

static void
put(Task *task, const char *key, json_t *value)
{
    json_object_set_new(task->node->driver_internal_info, key, value);
}

static void
work_that_holds_the_lock_does_not_lose_a_heartbeat(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    put(task, "agent_secret_token", json_string("t"));
    put(task, "gone", json_true());
    put(task, "nested", json_pack("{s:i}", "a", 1));
    save(task);
    conductor_fixture_do(fixture, RPC_HEARTBEAT, node->uuid, heartbeat);
    put(task, "step", json_integer(3));
    put(task, "nested", json_pack("{s:i}", "b", 2));
    json_object_del(task->node->driver_internal_info, "gone");
    save(task);
    assert_string_equal(json_string_member(task->node->driver_internal_info, "agent_url"),
                        "http://10.0.0.7:9999");
    task_release(task);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    const json_t *info = after->driver_internal_info;
    assert_string_equal(json_string_member(info, "agent_url"), "http://10.0.0.7:9999");
    assert_int_equal(json_integer_value(json_object_get(info, "step")), 3);
    assert_null(json_object_get(info, "gone"));
    json_t *nested = json_pack("{s:i}", "b", 2);
    assert_true(json_equal(json_object_get(info, "nested"), nested));
    json_decref(nested);
}

static void
work_that_forgets_the_agent_wins_over_its_last_heartbeat(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    put(task, "agent_secret_token", json_string("t"));
    put(task, "agent_url", json_string("http://10.0.0.7:9999"));
    save(task);
    conductor_fixture_do(fixture, RPC_HEARTBEAT, node->uuid, heartbeat);
    json_object_del(task->node->driver_internal_info, "agent_url");
    save(task);
    task_release(task);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    assert_null(json_object_get(after->driver_internal_info, "agent_url"));
    assert_string_equal(json_string_member(after->driver_internal_info, "agent_version"), "9");
}

/* Its first heartbeat comes while the machine is being switched off: the next agent may listen
 * elsewhere. */
static void
an_agent_that_is_forgotten_leaves_nothing_of_a_heartbeat_that_came_meanwhile(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    Task *task = conductor_fixture_lock(fixture, node->uuid);
    put(task, "agent_secret_token", json_string("t"));
    save(task);
    conductor_fixture_do(fixture, RPC_HEARTBEAT, node->uuid, heartbeat);
    info_forget(task->node, LIFETIME_AGENT);
    save(task);
    task_release(task);
    g_autoptr(Node) after = conductor_fixture_load(fixture, node->uuid);
    for (InfoKey key = 0; key < INFO_KEY_COUNT; key++)
        if (info_row(key)->lifetime == LIFETIME_AGENT && info_has(after, key))
            fail_msg("%s is left", info_row(key)->key);
    conductor_fixture_refused(fixture, RPC_HEARTBEAT, node->uuid, heartbeat, STEEL_ERROR_INVALID,
                              "agent token");
}

/* The token that a lookup returns, NULL if the node has one already. The caller frees. */
static char *
look_up(ConductorFixture *fixture, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    json_t *answer = conductor_fixture_call(fixture, RPC_GET_AGENT_TOKEN, uuid, "{}", &error);
    if (answer == NULL)
        fail_msg("%s", error->message);
    char *token = g_strdup(json_string_member(answer, "agent_token"));
    json_decref(answer);
    return token;
}

static void
the_agent_of_a_rebooted_machine_gets_a_token_of_its_own(void **state)
{
    ConductorFixture *fixture = *state;
    g_autoptr(Node) node = conductor_fixture_node(fixture, "active", NULL);
    g_autofree char *first = look_up(fixture, node->uuid);
    assert_non_null(first);
    assert_null(look_up(fixture, node->uuid));
    conductor_fixture_do(fixture, RPC_SET_POWER, node->uuid, "{\"target\": \"rebooting\"}");
    node_free(conductor_fixture_await(fixture, node->uuid, "active"));
    g_autofree char *second = look_up(fixture, node->uuid);
    assert_non_null(second);
    assert_string_not_equal(first, second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(work_that_holds_the_lock_does_not_lose_a_heartbeat),
        fixture_test(work_that_forgets_the_agent_wins_over_its_last_heartbeat),
        fixture_test(an_agent_that_is_forgotten_leaves_nothing_of_a_heartbeat_that_came_meanwhile),
        fixture_test(the_agent_of_a_rebooted_machine_gets_a_token_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
