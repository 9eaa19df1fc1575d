/* The fake interfaces do what driver_info tells them to.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "db/records.h"
#include "db/sql.h"
#include "drivers/bios/bios.h"
#include "drivers/deploy/deploy.h"
#include "drivers/fake.h"
#include "drivers/power/power.h"
#include "drivers/raid/raid.h"

#include <string.h>

static Task *
begin(DriverFixture *fixture, const char *orders)
{
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    json_object_set_new(node->driver_info, "fake", driver_fixture_json(orders));
    return driver_fixture_begin(fixture, node);
}

static StepOutcome
call(Task *task, const StepDef *steps, const char *name, const char *arguments, GError **error)
{
    json_auto_t *args = driver_fixture_json(arguments);
    for (; steps->name != NULL; steps++)
        if (strcmp(steps->name, name) == 0)
            return steps->run(task, args, error);
    fail_msg("no step %s", name);
    return step_failed();
}

static StepResult
run(Task *task, const StepDef *steps, const char *name, const char *arguments, GError **error)
{
    return call(task, steps, name, arguments, error).result;
}

static void
a_failure_has_the_code_the_words_and_the_number_asked_for(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    PowerState power;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{\"power.get\": {\"fail\": \"BMC_BUSY\", \"message\": \"too hot\","
                                " \"times\": 2}, \"power.set\": {\"fail\": \"POWER\"},"
                                " \"power.validate\": {\"fail\": \"NO_SUCH\"}}");
    for (int i = 0; i < 2; i++) {
        assert_false(power_get(task, &power, &error));
        assert_error(&error, STEEL_ERROR_BMC_BUSY, "too hot");
    }
    assert_true(power_get(task, &power, &error));
    assert_int_equal(power, POWER_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        assert_false(power_set(task, POWER_TARGET_ON, 1, &error));
        assert_error(&error, STEEL_ERROR_POWER, "told to fail");
    }
    assert_false(task->driver.power->interface.validate(task, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "no error code 'NO_SUCH'");
    driver_fixture_free(fixture);
}

static void
the_count_outlives_the_task(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    PowerState power;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{\"power.get\": {\"fail\": \"TIMEOUT\", \"times\": 1}}");
    assert_false(power_get(task, &power, &error));
    g_clear_error(&error);
    assert_true(task_reload(task, &error));
    assert_true(power_get(task, &power, &error));
    driver_fixture_free(fixture);
}

static void
a_delay_ends_at_the_deadline_of_the_task(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    PowerState power;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{\"power.get\": {\"delay_ms\": 600000}}");
    task->deadline_ms = g_get_monotonic_time() / 1000 + 20;
    assert_false(power_get(task, &power, &error));
    assert_error(&error, STEEL_ERROR_TIMEOUT, "fake power.get");
    driver_fixture_free(fixture);
}

static void
a_step_waits_or_comes_again_as_told(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{\"deploy.deploy\": {\"wait\": true, \"wait_timeout_s\": 7},"
                                " \"deploy.erase_devices\": {\"again\": 2, \"again_ms\": 30}}");
    const Interface *deploy = &task->driver.deploy->interface;
    StepOutcome outcome = call(task, deploy->steps[STEP_KIND_DEPLOY], "deploy", "{}", &error);
    assert_int_equal(outcome.result, STEP_WAIT);
    assert_true(outcome.after_ms == 7000);
    const StepDef *steps = deploy->steps[STEP_KIND_CLEAN];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++) {
            outcome = call(task, steps, "erase_devices", "{}", &error);
            assert_int_equal(outcome.result, STEP_AGAIN);
            assert_true(outcome.after_ms == 30);
        }
        assert_int_equal(run(task, steps, "erase_devices", "{}", &error), STEP_DONE);
    }
    driver_fixture_free(fixture);
}

static size_t
stored_settings(DriverFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    const DbValue node = db_text(FIXTURE_NODE);
    g_autoptr(GPtrArray) settings =
        db_records_where(fixture->db, &bios_setting_resource, "node_uuid = ?1", &node, 1, &error);
    assert_no_error(error);
    return settings->len;
}

static void
bios_settings_are_kept_and_reset(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{}");
    const StepDef *steps = task->driver.bios->interface.steps[STEP_KIND_CLEAN];
    const char *both = "{\"settings\": [{\"name\": \"Boot\", \"value\": \"Uefi\", \"read_only\": "
                       "null}, {\"name\": \"Turbo\", \"value\": \"on\"}]}";
    assert_int_equal(run(task, steps, "apply_configuration", both, &error), STEP_DONE);
    assert_int_equal(stored_settings(fixture), 2);
    assert_int_equal(run(task, steps, "apply_configuration", both, &error), STEP_DONE);
    assert_int_equal(stored_settings(fixture), 2);
    static const char *const wrong[] = {
        "{}",
        "{\"settings\": {}}",
        "{\"settings\": [{\"value\": \"x\"}]}",
        "{\"settings\": [{\"name\": 5}]}",
        "{\"settings\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        assert_int_equal(run(task, steps, "apply_configuration", wrong[i], &error), STEP_ERROR);
        assert_error(&error, STEEL_ERROR_INVALID, "");
        assert_int_equal(stored_settings(fixture), 2);
    }
    assert_int_equal(run(task, steps, "factory_reset", "{}", &error), STEP_DONE);
    assert_int_equal(stored_settings(fixture), 0);
    driver_fixture_free(fixture);
}

static void
logical_disks_are_recorded_as_made(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, "{}");
    const StepDef *steps = task->driver.raid->interface.steps[STEP_KIND_CLEAN];
    assert_int_equal(run(task, steps, "create_configuration", "{}", &error), STEP_ERROR);
    assert_error(&error, STEEL_ERROR_MISSING, "target_raid_config");
    json_decref(task->node->target_raid_config);
    task->node->target_raid_config = driver_fixture_json(
        "{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"is_root_volume\": true},"
        " {\"size_gb\": 2, \"raid_level\": \"0\"}]}");
    assert_int_equal(
        run(task, steps, "create_configuration", "{\"create_nonroot_volumes\": false}", &error),
        STEP_DONE);
    assert_int_equal(json_array_size(json_object_get(task->node->raid_config, "logical_disks")), 1);
    assert_int_equal(run(task, steps, "delete_configuration", "{}", &error), STEP_DONE);
    assert_int_equal(json_object_size(task->node->raid_config), 0);
    driver_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_the_code_the_words_and_the_number_asked_for),
        cmocka_unit_test(the_count_outlives_the_task),
        cmocka_unit_test(a_delay_ends_at_the_deadline_of_the_task),
        cmocka_unit_test(a_step_waits_or_comes_again_as_told),
        cmocka_unit_test(bios_settings_are_kept_and_reset),
        cmocka_unit_test(logical_disks_are_recorded_as_made),
    };
    return cmocka_run_group_tests_name("fake", tests, NULL, NULL);
}
