/* The direct deploy of a node that boots from a volume, and its refusals of nodes that cannot.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "db/nodes.h"
#include "drivers/deploy/deploy.h"
#include "drivers/power/power.h"
#include "model/internal_info.h"

#include <string.h>

typedef struct Row {
    const char *storage, *instance_info;
    int volumes; /* 0: none, 1: a data volume, 2: a boot volume */
    SteelErrorCode code;
    const char *part; /* NULL: valid */
} Row;

#define FORCED                                                                                     \
    "\"force_deployment\": \"true\", \"image_source\": \"http://192.0.2.1/i\", "                   \
    "\"image_os_hash_algo\": \"sha256\", \"image_os_hash_value\": \"00\""

static const Row rows[] = {
    {"external", "{}", 2, 0, NULL},
    {"external", "{\"configdrive\": null}", 2, 0, NULL},
    {"external", "{\"configdrive\": \"\"}", 2, 0, NULL},
    {"external", "{\"configdrive\": {}}", 2, 0, NULL},
    {"external", "{\"configdrive\": \"H4sI\"}", 2, STEEL_ERROR_INVALID,
     "no volume for its config drive; create one with: steel volume target create --node "},
    {"noop", "{}", 2, STEEL_ERROR_INVALID, "steel node set rack1-07 --storage-interface external"},
    {"external", "{\"image_source\": \"http://192.0.2.1/i\"}", 2, STEEL_ERROR_INVALID,
     "steel node unset rack1-07 --instance-info image_source"},
    {"noop", "{\"image_source\": \"http://192.0.2.1/i\"}", 2, STEEL_ERROR_INVALID,
     "instance_info image_source"},
    {"external", "{\"image_source\": \"http://192.0.2.1/i\"}", 2, STEEL_ERROR_INVALID,
     "steel node set rack1-07 --instance-info force_deployment=true"},
    {"noop", "{" FORCED "}", 2, STEEL_ERROR_INVALID, "--storage-interface external"},
    {"external", "{" FORCED "}", 2, STEEL_ERROR_INVALID,
     "set its capability hba_boot to true, and instance_info boot_option=hba_volume"},
    {"external", "{" FORCED ", \"boot_option\": \"hba_volume\"}", 2, STEEL_ERROR_INVALID,
     "--property wwn=<name> (or serial=<number>)"},
    {"external", "{}", 1, STEEL_ERROR_INVALID, "none has boot_index 0"},
    {"noop", "{}", 0, STEEL_ERROR_MISSING, "neither instance_info image_source nor a volume"},
};

static Task *
begin(DriverFixture *fixture, const Row *row)
{
    Node *node = driver_fixture_node(fixture, "ipmi");
    record_set_text(&node->storage_interface, row->storage);
    json_decref(node->instance_info);
    node->instance_info = driver_fixture_json(row->instance_info);
    Task *task = driver_fixture_begin(fixture, node);
    if (row->volumes == 2)
        driver_fixture_volume(fixture);
    else
        driver_fixture_port(fixture, "52:54:00:00:00:01", true);
    if (row->volumes == 1)
        driver_fixture_target(fixture, 1, "iscsi", "v", FIXTURE_PORTAL);
    return task;
}

static void
only_a_node_that_boots_from_a_volume_is_deployed(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        DriverFixture *fixture = driver_fixture_new(NULL);
        Task *task = begin(fixture, &rows[i]);
        bool valid = task->driver.deploy->interface.validate(task, &error);
        if (rows[i].part == NULL) {
            assert_no_error(error);
            assert_true(valid);
        } else {
            assert_false(valid);
            assert_error(&error, rows[i].code, rows[i].part);
        }
        driver_fixture_free(fixture);
    }
}

static StepOutcome
call_step(Task *task, const char *name)
{
    g_autoptr(GError) error = NULL;
    const StepDef *step = task->driver.deploy->interface.steps[STEP_KIND_DEPLOY];
    while (step->name != NULL && strcmp(step->name, name) != 0)
        step++;
    if (step->name == NULL)
        fail_msg("no step %s", name);
    StepOutcome outcome = step->run(task, NULL, &error);
    assert_no_error(error);
    return outcome;
}

static StepResult
run_step(Task *task, const char *name)
{
    return call_step(task, name).result;
}

static void
its_steps_have_ironics_names_and_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int priority;
    } expected[] = {
        {"deploy",                   100},
        {"write_image",              80},
        {"prepare_instance_boot",    60},
        {"tear_down_agent",          40},
        {"switch_to_tenant_network", 30},
        {"boot_instance",            20},
    };
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    const StepDef *steps = task->driver.deploy->interface.steps[STEP_KIND_DEPLOY];
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_string_equal(steps[i].name, expected[i].name);
        assert_int_equal(steps[i].priority, expected[i].priority);
    }
    assert_null(steps[G_N_ELEMENTS(expected)].name);
    driver_fixture_free(fixture);
}

static PowerState
power_of(Task *task)
{
    g_autoptr(GError) error = NULL;
    PowerState power = POWER_UNKNOWN;
    power_get(task, &power, &error);
    assert_no_error(error);
    return power;
}

static void
the_machine_is_off_before_and_on_after_and_waited_for(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    ipmi_bmc_set_power(fixture->bmc, true);
    deploy_prepare(task, &error);
    assert_no_error(error);
    assert_int_equal(power_of(task), POWER_OFF);
    assert_string_equal(task->node->power_state, "power off");
    assert_int_equal(run_step(task, "deploy"), STEP_DONE);
    assert_int_equal(run_step(task, "write_image"), STEP_DONE);
    assert_int_equal(run_step(task, "prepare_instance_boot"), STEP_DONE);
    assert_int_equal(run_step(task, "tear_down_agent"), STEP_DONE);
    assert_int_equal(run_step(task, "switch_to_tenant_network"), STEP_DONE);
    assert_int_equal(power_of(task), POWER_OFF);
    StepOutcome outcome = call_step(task, "boot_instance");
    assert_int_equal(outcome.result, STEP_WAIT);
    assert_true(outcome.after_ms == 300 * 1000);
    assert_int_equal(power_of(task), POWER_ON);
    assert_string_equal(task->node->power_state, "power on");
    deploy_tear_down(task, &error);
    assert_no_error(error);
    assert_int_equal(power_of(task), POWER_OFF);
    assert_true(deploy_clean_up(task, &error));
    assert_null(json_object_get(task->node->driver_internal_info, "boot"));
    driver_fixture_free(fixture);
}

static StepOutcome
resume_step(Task *task, const char *name)
{
    g_autoptr(GError) error = NULL;
    const StepDef *step = task->driver.deploy->interface.steps[STEP_KIND_DEPLOY];
    while (step->name != NULL && strcmp(step->name, name) != 0)
        step++;
    assert_non_null(step->resume);
    StepOutcome outcome = step->resume(task, NULL, &error);
    assert_no_error(error);
    return outcome;
}

/* Otherwise a ramdisk that calls now and then would prolong the wait for a machine that never
 * boots. */
static void
only_the_machines_own_word_ends_the_wait_for_its_volume_or_gives_it_time(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    assert_int_equal(run_step(task, "prepare_instance_boot"), STEP_DONE);
    assert_int_equal(run_step(task, "boot_instance"), STEP_WAIT);
    StepOutcome outcome = resume_step(task, "boot_instance");
    assert_int_equal(outcome.result, STEP_WAIT);
    assert_true(outcome.after_ms == STEP_DEADLINE_STAYS);
    info_set_json(task->node, INFO_BOOT_PROGRESS,
                  driver_fixture_json("{\"phase\": \"san_hooked\"}"));
    assert_int_equal(resume_step(task, "boot_instance").result, STEP_DONE);
    info_set_json(task->node, INFO_BOOT_PROGRESS,
                  driver_fixture_json("{\"phase\": \"ramdisk_failed\"}"));
    assert_int_equal(resume_step(task, "boot_instance").result, STEP_WAIT);
    info_set_json(task->node, INFO_BOOT_PROGRESS,
                  driver_fixture_json("{\"phase\": \"kernel_loaded\"}"));
    assert_int_equal(resume_step(task, "boot_instance").result, STEP_DONE);
    driver_fixture_free(fixture);
}

/* Else the next rebuild would write over what is on the volume. */
static void
the_wish_to_write_to_the_volume_ends_when_the_machine_starts_from_it(void **state)
{
    (void)state;
    static const Row row = {"external", "{" FORCED ", \"boot_option\": \"hba_volume\"}", 2, 0,
                            NULL};
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &row);
    assert_non_null(json_object_get(task->node->instance_info, "force_deployment"));
    assert_int_equal(run_step(task, "boot_instance"), STEP_DONE);
    assert_null(json_object_get(task->node->instance_info, "force_deployment"));
    assert_int_equal(power_of(task), POWER_ON);
    driver_fixture_free(fixture);
}

static void
nobody_waits_when_the_option_is_zero(void **state)
{
    (void)state;
    const char *const settings[] = {"deploy.boot_progress_timeout=0", NULL};
    DriverFixture *fixture = driver_fixture_new(settings);
    Task *task = begin(fixture, &rows[0]);
    assert_int_equal(run_step(task, "prepare_instance_boot"), STEP_DONE);
    assert_int_equal(run_step(task, "boot_instance"), STEP_DONE);
    driver_fixture_free(fixture);
}

static unsigned
sessions_of_step(DriverFixture *fixture, const char *name)
{
    IpmiBmcStats before, after;
    ipmi_bmc_stats(fixture->bmc, &before);
    assert_int_equal(run_step(fixture->task, name), STEP_WAIT);
    ipmi_bmc_stats(fixture->bmc, &after);
    return (unsigned)(after.sessions_opened - before.sessions_opened);
}

/* A machine that an earlier process switched on reports again. */
static void
a_machine_is_rebooted_when_the_step_is_run_again(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    assert_int_equal(run_step(task, "prepare_instance_boot"), STEP_DONE);
    assert_int_equal(sessions_of_step(fixture, "boot_instance"), 1); /* on and look */
    /* Look; off and look; on and look. */
    assert_int_equal(sessions_of_step(fixture, "boot_instance"), 3);
    ipmi_bmc_set_power(fixture->bmc, false);
    assert_int_equal(sessions_of_step(fixture, "boot_instance"), 2); /* look; on and look */
    driver_fixture_free(fixture);
}

/* The steps switch the machine as the verbs do: they forget the agent of the last boot, so that the
 * next one gets a token. */
static void
an_agent_does_not_outlive_what_the_steps_do_to_its_machine(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    bool made = false;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    ipmi_bmc_set_power(fixture->bmc, true);
    info_set_text(task->node, INFO_AGENT_SECRET_TOKEN, "first");
    info_set_text(task->node, INFO_AGENT_URL, "http://192.0.2.1:9999");
    assert_true(deploy_prepare(task, &error));
    assert_true(db_node_agent_token_make(fixture->db, FIXTURE_NODE, "second", &made, &error));
    assert_true(made);
    assert_true(task_reload(task, &error));
    assert_false(info_has(task->node, INFO_AGENT_URL));
    assert_int_equal(run_step(task, "prepare_instance_boot"), STEP_DONE);
    assert_int_equal(run_step(task, "boot_instance"), STEP_WAIT);
    assert_true(db_node_agent_token_make(fixture->db, FIXTURE_NODE, "third", &made, &error));
    assert_true(made);
    driver_fixture_free(fixture);
}

static void
a_running_instance_is_not_touched_when_it_comes_to_this_conductor(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    record_set_text(&task->node->provision_state, "active");
    assert_true(deploy_prepare(task, &error));
    assert_true(deploy_take_over(task, &error));
    assert_non_null(json_object_get(task->node->driver_internal_info, "boot"));
    IpmiBmcStats stats;
    ipmi_bmc_stats(fixture->bmc, &stats);
    assert_int_equal(stats.sessions_opened, 0);
    driver_fixture_free(fixture);
}

static void
steps_that_need_a_ramdisk_are_refused(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0]);
    assert_int_equal(deploy_prepare_cleaning(task, &error).result, STEP_ERROR);
    assert_error(&error, STEEL_ERROR_MISSING, "--no-automated-clean");
    assert_true(deploy_tear_down_cleaning(task, false, &error));
    driver_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_node_that_boots_from_a_volume_is_deployed),
        cmocka_unit_test(its_steps_have_ironics_names_and_order),
        cmocka_unit_test(the_machine_is_off_before_and_on_after_and_waited_for),
        cmocka_unit_test(only_the_machines_own_word_ends_the_wait_for_its_volume_or_gives_it_time),
        cmocka_unit_test(the_wish_to_write_to_the_volume_ends_when_the_machine_starts_from_it),
        cmocka_unit_test(nobody_waits_when_the_option_is_zero),
        cmocka_unit_test(a_machine_is_rebooted_when_the_step_is_run_again),
        cmocka_unit_test(an_agent_does_not_outlive_what_the_steps_do_to_its_machine),
        cmocka_unit_test(a_running_instance_is_not_touched_when_it_comes_to_this_conductor),
        cmocka_unit_test(steps_that_need_a_ramdisk_are_refused),
    };
    return cmocka_run_group_tests_name("direct", tests, NULL, NULL);
}
