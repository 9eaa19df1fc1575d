/* What every deploy driver must do (src/drivers/deploy/deploy.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "drivers/deploy/deploy.h"

#include <string.h>

enum { MOST_ROUNDS = 100 };

/* Runs a step to its end; what waits for a machine or an agent counts as finished. */
static void
run_step(Subject *subject, const StepDef *step)
{
    g_autoptr(GError) error = NULL;
    StepOutcome outcome = step_again(0);
    for (int round = 0; outcome.result == STEP_AGAIN && round < MOST_ROUNDS; round++)
        outcome = step->run(subject->task, NULL, &error);
    if (error != NULL)
        g_prefix_error(&error, "step %s: ", step->name);
    assert_no_error(error);
    assert_true(outcome.result == STEP_DONE || outcome.result == STEP_WAIT);
}

static const StepDef *
deploy_steps(Subject *subject)
{
    return subject->interface->steps[STEP_KIND_DEPLOY];
}

static void
deploys_in_steps_that_may_be_run_twice(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_true(subject->interface->validate(subject->task, &error));
    for (int i = 0; i < 2; i++) {
        deploy_prepare(subject->task, &error);
        assert_no_error(error);
    }
    for (const StepDef *step = deploy_steps(subject); step->name != NULL; step++) {
        run_step(subject, step);
        run_step(subject, step);
    }
}

static void
has_the_core_step(Subject *subject)
{
    bool found = false;
    for (const StepDef *step = deploy_steps(subject); step->name != NULL; step++)
        found = found || (strcmp(step->name, "deploy") == 0 && step->priority == 100);
    assert_true(found);
}

static void
tears_down_what_was_deployed_and_what_was_not(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    for (int deployed = 0; deployed <= 1; deployed++) {
        const StepDef *step = deploy_steps(subject);
        for (; deployed == 1 && step->name != NULL; step++)
            run_step(subject, step);
        for (int i = 0; i < 2; i++) {
            deploy_clean_up(subject->task, &error);
            assert_no_error(error);
            deploy_tear_down(subject->task, &error);
            assert_no_error(error);
        }
        assert_null(json_object_get(subject->task->node->driver_internal_info, "boot"));
    }
}

static void
takes_over_a_running_instance(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    record_set_text(&subject->task->node->provision_state, "active");
    for (int i = 0; i < 2; i++) {
        assert_true(deploy_prepare(subject->task, &error));
        deploy_take_over(subject->task, &error);
        assert_no_error(error);
    }
}

static void
prepares_cleaning_or_refuses_in_a_sentence(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    StepOutcome outcome = deploy_prepare_cleaning(subject->task, &error);
    const StepDef *step = subject->interface->steps[STEP_KIND_CLEAN];
    if (outcome.result == STEP_ERROR)
        assert_error(&error, STEEL_ERROR_MISSING, "clean");
    for (; outcome.result == STEP_DONE && step != NULL && step->name != NULL; step++)
        run_step(subject, step);
    assert_true(outcome.result == STEP_DONE || outcome.result == STEP_WAIT ||
                outcome.result == STEP_ERROR);
    deploy_tear_down_cleaning(subject->task, true, &error);
    assert_no_error(error);
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"deploys in steps that may be run twice", deploys_in_steps_that_may_be_run_twice},
        {"has the core step", has_the_core_step},
        {"tears down what was deployed and what was not",
         tears_down_what_was_deployed_and_what_was_not},
        {"takes over a running instance", takes_over_a_running_instance},
        {"prepares cleaning or refuses in a sentence", prepares_cleaning_or_refuses_in_a_sentence},
    };
    return contract_run(INTERFACE_DEPLOY, cases, G_N_ELEMENTS(cases));
}
