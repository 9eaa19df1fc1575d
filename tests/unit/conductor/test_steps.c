/* The step engine: its plans, its progress in the database, and that it resumes after every stop.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/transition.h"
#include "conductor_fixture.h"

#include "conductor/steps/steps.h"

/* A node being cleaned, locked; driver_info is JSON text. */
static Task *
cleaning(ConductorFixture *fixture, const char *driver_info)
{
    g_autoptr(Node) node = conductor_fixture_node(fixture, "manageable", driver_info);
    return conductor_fixture_lock(fixture, node->uuid);
}

static void
plan(Task *task, StepKind kind, const char *requested, StepsHow how)
{
    g_autoptr(GError) error = NULL;
    json_t *steps = requested != NULL ? conductor_fixture_json(requested) : NULL;
    if (!steps_plan(task, kind, steps, how, &error))
        fail_msg("%s", error->message);
    json_decref(steps);
}

/* The plan as "interface.step@priority ...". */
static void
plan_is(const Task *task, const char *key, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t index;
    json_t *step;
    json_array_foreach(json_object_get(task->node->driver_internal_info, key), index, step)
    {
        int64_t priority = 0;
        json_integer_member(step, "priority", &priority);
        g_string_append_printf(text, "%s%s.%s@%d", index > 0 ? " " : "",
                               json_string_member(step, "interface"),
                               json_string_member(step, "step"), (int)priority);
    }
    assert_string_equal(text->str, expected);
}

#define ERASE "deploy.erase_devices_metadata@99 deploy.erase_devices@10"

static void
an_automatic_plan_holds_the_steps_with_a_priority_highest_first(void **state)
{
    Task *task = cleaning(*state, NULL);
    assert_false(steps_planned(task, STEP_KIND_CLEAN));
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    assert_true(steps_planned(task, STEP_KIND_CLEAN));
    plan_is(task, "clean_steps", ERASE);
    plan(task, STEP_KIND_DEPLOY, NULL, 0);
    plan_is(task, "deploy_steps", "deploy.deploy@100");
    task_release(task);
}

static void
the_operators_priorities_win_and_zero_takes_a_step_out(void **state)
{
    Task *task = cleaning(*state, NULL);
    plan(task, STEP_KIND_CLEAN,
         "[{\"interface\": \"deploy\", \"step\": \"erase_devices\", \"priority\": 100},"
         " {\"interface\": \"deploy\", \"step\": \"erase_devices_metadata\", \"priority\": 0},"
         " {\"interface\": \"bios\", \"step\": \"factory_reset\", \"priority\": \"50\"},"
         " {\"interface\": \"raid\", \"step\": \"delete_configuration\"}]",
         false);
    plan_is(task, "clean_steps", "deploy.erase_devices@100 bios.factory_reset@50");
    task_release(task);
}

static void
the_configuration_may_give_clean_steps_other_priorities(void **state)
{
    static const char *const settings[] = {
        "conductor.clean_step_priority_override=deploy.erase_devices:0,bios.factory_reset:7",
        "conductor.clean_step_priority_override=deploy.deploy:1,"
        "deploy.erase_devices_metadata:soon",
        NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    (void)state;
    Task *task = cleaning(fixture, NULL);
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    plan_is(task, "clean_steps", "deploy.erase_devices_metadata@99 bios.factory_reset@7");
    plan(task, STEP_KIND_CLEAN, "[{\"interface\": \"deploy\", \"step\": \"erase_devices\"}]",
         STEPS_EXACT);
    plan_is(task, "clean_steps", "deploy.erase_devices@10");
    plan(task, STEP_KIND_DEPLOY, NULL, 0);
    plan_is(task, "deploy_steps", "deploy.deploy@100");
    task_release(task);
    conductor_fixture_free(fixture);
}

static void
erasing_and_raids_have_options_for_their_priorities(void **state)
{
    static const char *const settings[] = {
        "deploy.erase_devices_priority=0",
        "deploy.erase_devices_metadata_priority=12",
        "deploy.delete_configuration_priority=30",
        "deploy.create_configuration_priority=20",
        "conductor.clean_step_priority_override=deploy.erase_devices_metadata:25",
        NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    (void)state;
    Task *task = cleaning(fixture, NULL);
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    plan_is(task, "clean_steps",
            "raid.delete_configuration@30 deploy.erase_devices_metadata@25 "
            "raid.create_configuration@20");
    task_release(task);
    conductor_fixture_free(fixture);
}

/* A cleaning by another management interface. */
static void
managed_plan_is(const char *management, const char *expected)
{
    g_autofree char *standard = g_strconcat("default_management_interface=", management, NULL);
    const char *const settings[] = {"enabled_management_interfaces=fake,ilo,redfish", standard,
                                    "ilo.clean_priority_reset_bios_to_default=0",
                                    "ilo.clean_priority_clear_secure_boot_keys=7", NULL};
    ConductorFixture *fixture = conductor_fixture_new(settings);
    Task *task = cleaning(fixture, NULL);
    assert_string_equal(task->node->management_interface, management);
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    plan_is(task, "clean_steps", expected);
    task_release(task);
    conductor_fixture_free(fixture);
}

static void
the_options_of_an_ilos_steps_are_for_its_steps_alone(void **state)
{
    (void)state;
    managed_plan_is("ilo", "deploy.erase_devices_metadata@99 management.reset_ilo_credential@30 "
                           "management.reset_secure_boot_keys_to_default@20 "
                           "deploy.erase_devices@10 management.clear_secure_boot_keys@7");
    managed_plan_is("redfish", ERASE);
}

static void
equal_priorities_go_by_interface_then_by_the_operators_order(void **state)
{
    Task *task = cleaning(*state, NULL);
    plan(task, STEP_KIND_CLEAN,
         "[{\"interface\": \"bios\", \"step\": \"factory_reset\", \"priority\": 10},"
         " {\"interface\": \"bios\", \"step\": \"cache_bios_settings\", \"priority\": 10},"
         " {\"interface\": \"raid\", \"step\": \"delete_configuration\", \"priority\": 10}]",
         false);
    plan_is(task, "clean_steps",
            "deploy.erase_devices_metadata@99 deploy.erase_devices@10 raid.delete_configuration@10 "
            "bios.factory_reset@10 bios.cache_bios_settings@10");
    task_release(task);
}

static void
an_exact_plan_is_what_was_asked_for_in_its_order(void **state)
{
    Task *task = cleaning(*state, NULL);
    plan(task, STEP_KIND_CLEAN,
         "[{\"interface\": \"deploy\", \"step\": \"erase_devices\"},"
         " {\"interface\": \"raid\", \"step\": \"delete_configuration\"},"
         " {\"interface\": \"deploy\", \"step\": \"erase_devices\"}]",
         true);
    plan_is(task, "clean_steps",
            "deploy.erase_devices@10 raid.delete_configuration@0 deploy.erase_devices@10");
    task_release(task);
}

static void
steps_and_arguments_that_are_not_there_are_named(void **state)
{
    static const struct {
        const char *steps, *part;
    } rows[] = {
        {"[{\"interface\": \"deploy\", \"step\": \"nonsense\"}]", "deploy.nonsense"},
        {"[{\"interface\": \"nonsense\", \"step\": \"x\"}]", "nonsense.x"},
        {"[{\"step\": \"x\"}]", "?.x"},
        {"[{}]", "?.?"},
        {"[{\"interface\": 5, \"step\": []}]", "?.?"},
        {"[{\"interface\": \"bios\", \"step\": \"apply_configuration\"}]",
         "needs the argument settings"},
        {"[{\"interface\": \"bios\", \"step\": \"factory_reset\", \"args\": {\"colour\": 1}}]",
         "no argument colour"},
    };
    Task *task = cleaning(*state, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_t *steps = conductor_fixture_json(rows[i].steps);
        assert_false(steps_plan(task, STEP_KIND_CLEAN, steps, STEPS_EXACT, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        if (strstr(error->message, rows[i].part) == NULL)
            fail_msg("'%s' does not say '%s'", error->message, rows[i].part);
        json_decref(steps);
        assert_false(steps_planned(task, STEP_KIND_CLEAN));
    }
    task_release(task);
}

static StepsEnd
run(Task *task, GError **error)
{
    return steps_run(task, STEP_KIND_CLEAN, error).end;
}

static StepsEnd
resume(Task *task)
{
    g_autoptr(GError) error = NULL;
    StepsOutcome outcome = steps_resume(task, STEP_KIND_CLEAN, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    return outcome.end;
}

/* Checks the current step in the database. */
static void
stored_step_is(const ConductorFixture *fixture, const Task *task, int index, const char *step)
{
    g_autoptr(Node) stored = conductor_fixture_load(fixture, task->node->uuid);
    assert_string_equal(json_string_member(stored->clean_step, "step"), step);
    assert_int_equal(
        json_integer_value(json_object_get(stored->driver_internal_info, "clean_step_index")),
        index);
}

static void
a_plan_runs_to_its_end_and_is_forgotten_on_request(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task = cleaning(fixture, NULL);
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    assert_int_equal(run(task, &error), STEPS_DONE);
    stored_step_is(fixture, task, 1, "erase_devices"); /* the last one that has begun */
    assert_int_equal(run(task, &error), STEPS_DONE);   /* nothing is run twice */
    steps_forget(task, STEP_KIND_CLEAN);
    assert_false(steps_planned(task, STEP_KIND_CLEAN));
    assert_int_equal(json_object_size(task->node->clean_step), 0);
    task_release(task);
}

static void
a_wait_ends_the_run_and_the_next_goes_on_behind_it(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task = cleaning(fixture, "{\"fake\": {\"deploy.erase_devices_metadata\":"
                                   " {\"wait\": true, \"wait_timeout_s\": 33}}}");
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    StepsOutcome outcome = steps_run(task, STEP_KIND_CLEAN, &error);
    assert_int_equal(outcome.end, STEPS_WAIT);
    assert_true(outcome.after_ms == 33000);
    stored_step_is(fixture, task, 0, "erase_devices_metadata");
    assert_true(steps_abortable(task, STEP_KIND_CLEAN));
    assert_int_equal(resume(task), STEPS_READY);
    assert_int_equal(resume(task), STEPS_READY); /* twice moves on once */
    assert_int_equal(run(task, &error), STEPS_DONE);
    stored_step_is(fixture, task, 1, "erase_devices");
    task_release(task);
}

static void
a_step_may_ask_to_be_called_again_and_again(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task = cleaning(
        fixture, "{\"fake\": {\"deploy.erase_devices\": {\"again\": 3, \"again_ms\": 7}}}");
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    for (int i = 0; i < 3; i++) {
        StepsOutcome outcome = steps_run(task, STEP_KIND_CLEAN, &error);
        assert_int_equal(outcome.end, STEPS_AGAIN);
        assert_true(outcome.after_ms == 7);
        stored_step_is(fixture, task, 1, "erase_devices");
    }
    assert_int_equal(run(task, &error), STEPS_DONE);
    task_release(task);
}

/* run starts the step once; after that the step is only resumed. */
static void
a_step_that_takes_a_while_after_its_wait_is_not_begun_again(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task =
        cleaning(fixture, "{\"fake\": {\"deploy.erase_devices_metadata\": {\"wait\": true},"
                          " \"deploy.erase_devices_metadata.resume\": {\"again\": 2}}}");
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    assert_int_equal(run(task, &error), STEPS_WAIT);
    assert_int_equal(resume(task), STEPS_AGAIN);
    assert_int_equal(run(task, &error), STEPS_AGAIN);
    assert_int_equal(run(task, &error), STEPS_DONE);
    stored_step_is(fixture, task, 1, "erase_devices");
    task_release(task);
}

static void
a_failing_step_is_named_with_what_it_said(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task = cleaning(fixture, "{\"fake\": {\"deploy.erase_devices\":"
                                   " {\"fail\": \"BMC_BUSY\", \"message\": \"disk is busy\"}}}");
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    assert_int_equal(run(task, &error), STEPS_FAILED);
    assert_true(steel_error_is(error, STEEL_ERROR_BMC_BUSY));
    assert_string_equal(error->message, "clean step deploy.erase_devices: disk is busy");
    stored_step_is(fixture, task, 1, "erase_devices");
    task_release(task);
}

static void
a_stop_is_obeyed_between_steps_and_another_life_goes_on(void **state)
{
    g_autoptr(GError) error = NULL;
    ConductorFixture *fixture = *state;
    Task *task =
        cleaning(fixture, "{\"fake\": {\"deploy.erase_devices_metadata\": {\"wait\": true}}}");
    plan(task, STEP_KIND_CLEAN, NULL, 0);
    assert_int_equal(run(task, &error), STEPS_WAIT);
    assert_int_equal(resume(task), STEPS_READY);
    atomic_store(&fixture->conductor->stopping, true);
    assert_int_equal(run(task, &error), STEPS_STOPPED);
    stored_step_is(fixture, task, 1, "erase_devices_metadata"); /* done; the second is not begun */
    atomic_store(&fixture->conductor->stopping, false);
    assert_true(task_save(task, &error));
    g_autoptr(Node) node = node_copy(task->node);
    task_release(task);
    conductor_fixture_stop(fixture);
    conductor_fixture_start(fixture);
    task = conductor_fixture_lock(fixture, node->uuid);
    assert_true(steps_planned(task, STEP_KIND_CLEAN));
    assert_int_equal(run(task, &error), STEPS_DONE);
    stored_step_is(fixture, task, 1, "erase_devices");
    task_release(task);
}

static void
a_step_that_a_changed_driver_does_not_have_fails_with_a_sentence(void **state)
{
    g_autoptr(GError) error = NULL;
    Task *task = cleaning(*state, NULL);
    json_object_set_new(
        task->node->driver_internal_info, "clean_steps",
        conductor_fixture_json("[{\"interface\": \"deploy\", \"step\": \"gone\"}]"));
    assert_int_equal(run(task, &error), STEPS_FAILED);
    assert_non_null(strstr(error->message, "clean step deploy.gone: "));
    assert_non_null(strstr(error->message, "was the driver changed?"));
    task_release(task);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(an_automatic_plan_holds_the_steps_with_a_priority_highest_first),
        fixture_test(the_operators_priorities_win_and_zero_takes_a_step_out),
        cmocka_unit_test(erasing_and_raids_have_options_for_their_priorities),
        cmocka_unit_test(the_options_of_an_ilos_steps_are_for_its_steps_alone),
        cmocka_unit_test(the_configuration_may_give_clean_steps_other_priorities),
        fixture_test(equal_priorities_go_by_interface_then_by_the_operators_order),
        fixture_test(an_exact_plan_is_what_was_asked_for_in_its_order),
        fixture_test(steps_and_arguments_that_are_not_there_are_named),
        fixture_test(a_plan_runs_to_its_end_and_is_forgotten_on_request),
        fixture_test(a_wait_ends_the_run_and_the_next_goes_on_behind_it),
        fixture_test(a_step_may_ask_to_be_called_again_and_again),
        fixture_test(a_step_that_takes_a_while_after_its_wait_is_not_begun_again),
        fixture_test(a_failing_step_is_named_with_what_it_said),
        fixture_test(a_stop_is_obeyed_between_steps_and_another_life_goes_on),
        fixture_test(a_step_that_a_changed_driver_does_not_have_fails_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
