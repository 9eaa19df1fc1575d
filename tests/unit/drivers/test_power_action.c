/* Power actions: what happens with the switching of a machine, in which order, and what stays
 * unchanged.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "db/nodes.h"
#include "db/records.h"
#include "drivers/power_action.h"
#include "model/internal_info.h"

#include <string.h>

/* The notifications through services->notify, as "power_set start power on, ..."; one test at a
 * time. */
static GString *told;

static void
listen(const Task *task, const char *action, const char *status, json_t *extra)
{
    (void)task;
    const char *power = json_string_member(extra, "to_power");
    g_string_append_printf(told, "%s%s %s%s%s", told->len > 0 ? ", " : "", action, status,
                           power != NULL ? " " : "", power != NULL ? power : "");
    json_decref(extra);
}

/* A fake machine in this power and provision state whose drivers do as `orders` say; its agent has
 * a token. */
static Task *
begin(DriverFixture *fixture, const char *provision_state, const char *power_state,
      const char *orders)
{
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    json_object_set_new(node->driver_info, "fake", driver_fixture_json(orders));
    record_set_text(&node->provision_state, provision_state);
    record_set_text(&node->power_state, power_state);
    record_set_text(&node->storage_interface, "fake");
    info_set_text(node, INFO_AGENT_SECRET_TOKEN, "t");
    fixture->services.notify = listen;
    told = g_string_new(NULL);
    return driver_fixture_begin(fixture, node);
}

static void
end(DriverFixture *fixture)
{
    g_string_free(told, TRUE);
    driver_fixture_free(fixture);
}

static void
act(Task *task, PowerTarget target, PowerState before)
{
    g_autoptr(GError) error = NULL;
    if (!power_action(task, (PowerAction){.target = target, .before = before}, &error))
        assert_no_error(error);
}

static void
refused(Task *task, PowerTarget target, SteelErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    assert_false(power_action(task, (PowerAction){.target = target, .timeout_s = 4}, &error));
    assert_error(&error, code, part);
}

static Node *
stored(const Task *task)
{
    g_autoptr(GError) error = NULL;
    Node *node = db_record_find(task->services->db, &node_resource, "uuid", FIXTURE_NODE, &error);
    assert_no_error(error);
    return node;
}

static int64_t
count(const Task *task, const char *action)
{
    int64_t number = 0;
    json_integer_member(info_json(task->node, INFO_FAKE_COUNTS), action, &number);
    return number;
}

static const struct {
    const char *from;
    PowerTarget target;
    bool agent_stays;
    const char *to;
} changes[] = {
    {"power off", POWER_TARGET_ON,          false, "power on"},
    {"power on",  POWER_TARGET_ON,          true,  "power on"},
    {"power on",  POWER_TARGET_OFF,         false, "power off"},
    {"power off", POWER_TARGET_OFF,         false, "power off"},
    {"power on",  POWER_TARGET_REBOOT,      false, "power on"},
    {"power on",  POWER_TARGET_SOFT_REBOOT, false, "power on"},
    {"power on",  POWER_TARGET_SOFT_OFF,    false, "power off"},
};

static void
the_state_is_saved_and_told_and_the_agent_goes_with_its_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        DriverFixture *fixture = driver_fixture_new(NULL);
        Task *task = begin(fixture, "deploying", changes[i].from, "{}");
        act(task, changes[i].target, POWER_UNKNOWN);
        g_autofree char *expected =
            g_strdup_printf("power_set start %s, power_set end %s", changes[i].to, changes[i].to);
        assert_string_equal(told->str, expected);
        g_autoptr(Node) after = stored(task);
        assert_string_equal(after->power_state, changes[i].to);
        assert_int_equal(info_has(after, INFO_AGENT_SECRET_TOKEN), changes[i].agent_stays);
        assert_true(task->deadline_ms == 0);
        end(fixture);
    }
}

/* Each reading costs a session with the BMC. */
/* disable_power_off */
static void
a_machine_that_must_not_go_off_is_restarted_instead(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "deploying", "power on", "{}");
    task->node->disable_power_off = true;
    refused(task, POWER_TARGET_OFF, STEEL_ERROR_POWER, "has disable_power_off");
    refused(task, POWER_TARGET_SOFT_OFF, STEEL_ERROR_POWER, "has disable_power_off");
    assert_true(power_action_stop(task, &error));
    assert_string_equal(task->node->power_state, "power on");
    assert_true(info_has(task->node, INFO_AGENT_SECRET_TOKEN));
    assert_true(power_action_start(task, &error));
    assert_string_equal(task->node->power_state, "power on");
    assert_false(info_has(task->node, INFO_AGENT_SECRET_TOKEN));
    end(fixture);
}

static void
the_machine_is_looked_at_only_where_that_matters(void **state)
{
    (void)state;
    static const char cannot_look[] = "{\"power.get\": {\"fail\": \"BMC_BUSY\"}}";
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "deploying", "power off", cannot_look);
    act(task, POWER_TARGET_OFF, POWER_UNKNOWN);
    act(task, POWER_TARGET_REBOOT, POWER_UNKNOWN);
    act(task, POWER_TARGET_ON, POWER_OFF);
    refused(task, POWER_TARGET_ON, STEEL_ERROR_BMC_BUSY,
            "Failed to change power state to 'power on': ");
    end(fixture);
}

static void
volumes_of_an_active_node_are_attached_before_it_is_on(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task =
        begin(fixture, "active", "power off",
              "{\"storage.attach\": {\"fail\": \"STORAGE\", \"message\": \"gone\", \"times\": 1}}");
    refused(task, POWER_TARGET_ON, STEEL_ERROR_STORAGE, "gone");
    assert_string_equal(task->node->power_state, "power off"); /* power.set was not called */
    assert_true(info_has(task->node, INFO_AGENT_SECRET_TOKEN));
    assert_non_null(strstr(told->str, "power_set error power on"));
    act(task, POWER_TARGET_ON, POWER_UNKNOWN);
    assert_string_equal(task->node->power_state, "power on");
    end(fixture);
}

static void
volumes_of_an_active_node_are_detached_after_it_is_off(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "active", "power on",
                       "{\"power.set\": {\"fail\": \"POWER\", \"times\": 1},"
                       " \"storage.detach\": {\"fail\": \"STORAGE\"}}");
    refused(task, POWER_TARGET_OFF, STEEL_ERROR_POWER, "Failed to change power state");
    assert_int_equal(count(task, "storage.detach"), 0);
    act(task, POWER_TARGET_OFF, POWER_UNKNOWN); /* a volume that stays attached is no failure */
    assert_int_equal(count(task, "storage.detach"), 1);
    assert_string_equal(task->node->power_state, "power off");
    end(fixture);
}

/* Who keeps volumes outside of Steel may take them back then. */
static void
detaching_is_told_when_it_begins_and_ends(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "active", "power on",
                       "{\"storage.detach\": {\"fail\": \"STORAGE\", \"times\": 1}}");
    driver_fixture_volume(fixture);
    act(task, POWER_TARGET_OFF, POWER_UNKNOWN);
    assert_string_equal(told->str, "power_set start power off, storage_detach start, "
                                   "storage_detach error, power_set end power off");
    g_string_truncate(told, 0);
    act(task, POWER_TARGET_REBOOT, POWER_UNKNOWN);
    act(task, POWER_TARGET_SOFT_OFF, POWER_UNKNOWN);
    assert_string_equal(told->str, "power_set start power on, power_set end power on, "
                                   "power_set start power off, storage_detach start, "
                                   "storage_detach end, power_set end power off");
    end(fixture);
}

static void
volumes_of_an_active_node_are_attached_before_it_reboots(void **state)
{
    (void)state;
    static const PowerTarget targets[] = {POWER_TARGET_REBOOT, POWER_TARGET_SOFT_REBOOT};
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        DriverFixture *fixture = driver_fixture_new(NULL);
        Task *task = begin(fixture, "active", "power on",
                           "{\"storage.attach\": {\"fail\": \"STORAGE\", \"message\": \"gone\"}}");
        refused(task, targets[i], STEEL_ERROR_STORAGE, "gone");
        end(fixture);
    }
}

static void
volumes_of_other_nodes_are_left_to_their_work(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "deploying", "power off",
                       "{\"storage.attach\": {\"fail\": \"STORAGE\"}, \"storage.detach\": "
                       "{\"fail\": \"STORAGE\"}}");
    act(task, POWER_TARGET_ON, POWER_UNKNOWN);
    act(task, POWER_TARGET_OFF, POWER_UNKNOWN);
    assert_int_equal(count(task, "storage.attach") + count(task, "storage.detach"), 0);
    end(fixture);
}

/* The fake drivers give up at the task's deadline; without one they would take an hour. */
static void
attaching_and_switching_have_a_deadline(void **state)
{
    (void)state;
    static const char *const slow[] = {"storage.attach", "power.set"};
    for (size_t i = 0; i < G_N_ELEMENTS(slow); i++) {
        DriverFixture *fixture = driver_fixture_new(NULL);
        g_autofree char *orders = g_strdup_printf("{\"%s\": {\"delay_ms\": 3600000}}", slow[i]);
        Task *task = begin(fixture, "active", "power off", orders);
        refused(task, POWER_TARGET_ON, STEEL_ERROR_TIMEOUT, "not done before the deadline");
        assert_true(task->deadline_ms == 0);
        end(fixture);
    }
}

static void
a_machine_found_off_runs_no_agent(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "active", NULL, "{}");
    power_found(task, POWER_ON);
    assert_string_equal(task->node->power_state, "power on");
    assert_true(info_has(task->node, INFO_AGENT_SECRET_TOKEN));
    power_found(task, POWER_OFF);
    assert_string_equal(task->node->power_state, "power off");
    assert_false(info_has(task->node, INFO_AGENT_SECRET_TOKEN));
    end(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_saved_and_told_and_the_agent_goes_with_its_run),
        cmocka_unit_test(a_machine_that_must_not_go_off_is_restarted_instead),
        cmocka_unit_test(the_machine_is_looked_at_only_where_that_matters),
        cmocka_unit_test(volumes_of_an_active_node_are_attached_before_it_is_on),
        cmocka_unit_test(volumes_of_an_active_node_are_detached_after_it_is_off),
        cmocka_unit_test(detaching_is_told_when_it_begins_and_ends),
        cmocka_unit_test(volumes_of_an_active_node_are_attached_before_it_reboots),
        cmocka_unit_test(volumes_of_other_nodes_are_left_to_their_work),
        cmocka_unit_test(attaching_and_switching_have_a_deadline),
        cmocka_unit_test(a_machine_found_off_runs_no_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
