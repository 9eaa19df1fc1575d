/* Runs the steps of a plan one by one; the contract is in steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/steps/catalog.h"
#include "conductor/transition.h"

static StepsOutcome
end(StepsEnd how, int64_t after_ms)
{
    return (StepsOutcome){how, after_ms};
}

static StepsOutcome
failed_unless_database(GError **error)
{
    if (error == NULL || !work_interrupted(*error))
        return end(STEPS_FAILED, 0);
    g_clear_error(error);
    return end(STEPS_STOPPED, 0);
}

/* Saves the progress, so that a restarted process does not repeat it. */
static StepsOutcome
stop_here(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool unfinished = info_has(task->node, INFO_STEP_AGAIN);
    task_phase_end(task, unfinished ? "interrupted" : "ok", NULL);
    if (!task_save(task, &error))
        log_warning("conductor.steps", "the last step will be done again: %s", error->message);
    return end(STEPS_STOPPED, 0);
}

/* Saves which step is about to run. */
static bool
begin_step(Task *task, StepKind kind, json_t *step, GError **error)
{
    json_t **field = step_kind_field(task->node, kind);
    if (field != NULL) {
        json_decref(*field);
        *field = json_deep_copy(step);
    }
    return task_save(task, error);
}

/* Clients see each step of some kinds by its full name; other kinds are one operation for them. */
static char *
phase_name(StepKind kind, const json_t *step)
{
    return step_kind_info(kind)->shown ? catalog_name(step)
                                       : g_strdup(json_string_member(step, "step"));
}

/* A step that is called again keeps its phase. */
static void
begin_phase(Task *task, StepKind kind, const json_t *step)
{
    g_autofree char *name = phase_name(kind, step);
    if (!info_remove(task->node, INFO_STEP_AGAIN))
        task_phase_begin(task, name, NULL);
}

static StepOutcome
call_step(Task *task, StepKind kind, const json_t *step, GError **error)
{
    const StepSource *source = steps_source(task, kind, step, error);
    if (source == NULL)
        return step_failed();
    bool resume = info_true(task->node, INFO_STEP_RESUMED);
    g_autofree char *name = catalog_name(step);
    log_info("conductor.steps", "%s step %s%s", step_kind_info(kind)->word, name,
             resume ? " is resumed" : "");
    return resume ? source->resume(task, kind, step, error) : source->run(task, kind, step, error);
}

static StepsOutcome
wait_here(Task *task, StepKind kind, int64_t limit_ms, GError **error)
{
    if (step_kind_info(kind)->waiting == STATE_NONE) {
        steel_fail(error, STEEL_ERROR_INTERNAL, "a step of the kind %s cannot wait",
                   step_kind_info(kind)->word);
        return end(STEPS_FAILED, 0);
    }
    info_remove(task->node, INFO_STEP_RESUMED);
    info_set_boolean(task->node, INFO_STEP_WAITING, true);
    return end(STEPS_WAIT, limit_ms);
}

static void
prefix_step(StepKind kind, const json_t *step, GError **error)
{
    g_autofree char *name = catalog_name(step);
    if (step_kind_info(kind)->shown)
        g_prefix_error(error, "%s step %s: ", step_kind_info(kind)->word, name);
}

StepsOutcome
steps_settle(Task *task, StepKind kind, StepOutcome outcome, GError **error)
{
    switch (outcome.result) {
    case STEP_DONE:
        steps_advance(task, kind);
        return end(STEPS_READY, 0);
    case STEP_WAIT:
        return wait_here(task, kind, outcome.after_ms, error);
    case STEP_AGAIN:
        info_set_boolean(task->node, INFO_STEP_AGAIN, true);
        return end(STEPS_AGAIN, outcome.after_ms);
    case STEP_HOLD:
        steps_advance(task, kind);
        return end(STEPS_HELD, 0);
    case STEP_RESTART:
        return end(steps_restart(task, kind, error) ? STEPS_READY : STEPS_FAILED, 0);
    case STEP_ERROR:
        break;
    }
    return end(STEPS_FAILED, 0);
}

/* An abort takes effect after a step, but not after the last one. */
static bool
abort_is_due(const Task *task)
{
    return info_true(task->node, INFO_ABORT_AFTER) && !info_has(task->node, INFO_STEP_RESUMED);
}

/* Runs one step up to its answer. READY: the next one may run. */
static StepsOutcome
run_step(Task *task, StepKind kind, json_t *step, GError **error)
{
    if (task_conductor(task)->stopping)
        return stop_here(task);
    if (abort_is_due(task))
        return end(STEPS_ABORTED, 0);
    if (!begin_step(task, kind, step, error))
        return failed_unless_database(error);
    begin_phase(task, kind, step);
    StepOutcome outcome = call_step(task, kind, step, error);
    StepsOutcome settled = steps_settle(task, kind, outcome, error);
    if (settled.end == STEPS_AGAIN && !task_save(task, error))
        settled.end = STEPS_FAILED;
    if (settled.end != STEPS_FAILED)
        return settled;
    prefix_step(kind, step, error);
    return failed_unless_database(error);
}

StepsOutcome
steps_run(Task *task, StepKind kind, GError **error)
{
    StepsOutcome outcome = {STEPS_READY, 0};
    while (outcome.end == STEPS_READY) {
        if (!steps_complete(task, kind, error))
            return failed_unless_database(error);
        steps_flow_begins(task, kind);
        /* a reference of its own: a save of the node may replace the step */
        json_auto_t *step = json_incref(steps_current(task, kind));
        if (step == NULL)
            return steps_all_known(task, kind, error) ? end(STEPS_DONE, 0)
                                                      : failed_unless_database(error);
        outcome = run_step(task, kind, step, error);
    }
    return outcome;
}

void
steps_interrupted(Task *task)
{
    info_remove(task->node, INFO_STEP_AGAIN);
}
