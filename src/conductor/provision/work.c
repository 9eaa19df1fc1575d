/* Runs the work of a busy state, and work in steps from its beginning to its end.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "drivers/agent_logs.h"
#include "drivers/unsupported.h"

/* Work without steps. */
static const struct {
    ProvisionState state;
    void (*work)(Task *task);
} works[] = {
    {STATE_VERIFYING, verify_work},
    {STATE_DELETING,  tear_down_work},
    {STATE_ADOPTING,  adopt_work},
};

const StepWork *
step_work_of(StepKind kind)
{
    static const StepWork *const step_works[STEP_KIND_COUNT] = {
        [STEP_KIND_DEPLOY] = &deploy_work,   [STEP_KIND_CLEAN] = &clean_work,
        [STEP_KIND_RESCUE] = &rescue_work,   [STEP_KIND_UNRESCUE] = &unrescue_work,
        [STEP_KIND_INSPECT] = &inspect_work, [STEP_KIND_SERVICE] = &service_work,
    };
    return step_works[kind];
}

StepOutcome
step_work_plan(Task *task, StepKind kind, InterfaceType type, const char *what, GError **error)
{
    if (!steps_plan(task, kind, NULL, 0, error))
        return step_failed();
    if (steps_current(task, kind) != NULL || steps_pending(task))
        return step_done();
    interface_unsupported(task, type, what, error);
    return step_failed();
}

/* Of files of logs, by what the agent was there for; Ironic's names. */
static const char *const log_labels[STEP_KIND_COUNT] = {
    [STEP_KIND_CLEAN] = "cleaning",
    [STEP_KIND_RESCUE] = "rescue",
    [STEP_KIND_INSPECT] = "inspection",
    [STEP_KIND_SERVICE] = "service",
};

/* The failure, with the place of the agent's logs: before the machine is switched off. A process
 * that undoes what another has begun to undo has them. */
static GError *
with_logs(Task *task, StepKind kind, const GError *cause)
{
    GError *told = g_error_copy(cause);
    if (task_failing(task, NULL))
        return told;
    g_autofree char *path = agent_logs_collect(task, log_labels[kind], true);
    if (path == NULL)
        return told;
    g_autofree char *before = g_steal_pointer(&told->message);
    told->message = g_strdup_printf("%s (the agent's logs are in %s)", before, path);
    return told;
}

void
step_work_fail(Task *task, StepKind kind, const GError *cause)
{
    const StepWork *work = step_work_of(kind);
    if (work_interrupted(cause))
        return;
    g_autoptr(GError) told = with_logs(task, kind, cause);
    task_phase_end(task, "failed", told->message);
    steps_flow_ends(task, kind, false);
    if (!task_failing_begin(task, told->message))
        return;
    if (work->undo != NULL)
        work->undo(task);
    if (work->failed != NULL)
        work->failed(task, told->message);
    task_fail(task, told);
}

/* An abort is no fault of the machine, so the node is not marked. */
static void
abort_here(Task *task, StepKind kind)
{
    const StepWork *work = step_work_of(kind);
    g_autoptr(GError) cause = NULL;
    steel_fail(&cause, STEEL_ERROR_CANCELLED,
               "By request, the %s operation was aborted after its step ended.",
               step_kind_info(kind)->word);
    if (work->undo != NULL)
        work->undo(task);
    task_fail(task, cause);
}

static void
hold(Task *task, StepKind kind)
{
    g_autoptr(GError) error = NULL;
    task_phase_end(task, "ok", NULL);
    if (!task_process_event(task, EVENT_HOLD, &error))
        step_work_fail(task, kind, error);
}

static void
finish(Task *task, StepKind kind)
{
    const StepWork *work = step_work_of(kind);
    g_autoptr(GError) error = NULL;
    if (work->finish != NULL && !work->finish(task, &error)) {
        step_work_fail(task, kind, error);
        return;
    }
    steps_flow_ends(task, kind, true);
    task_operation_end(task, "ok", NULL);
    task_event_or_log(task, work->done != NULL ? work->done(task) : EVENT_DONE);
}

static void
wait(Task *task, StepKind kind, int64_t limit_ms)
{
    g_autoptr(GError) error = NULL;
    if (!task_begin_wait(task, limit_ms, &error))
        step_work_fail(task, kind, error);
}

static StepsOutcome
begin(Task *task, StepKind kind, GError **error)
{
    const StepWork *work = step_work_of(kind);
    bool queued = info_remove(task->node, INFO_QUEUED) && task->node->operation_uuid != NULL;
    if (!queued) /* the operation of work that waited for its turn has begun with that */
        task_operation_start(task, work->operation(task));
    StepOutcome outcome = work->begin(task, error);
    info_set_boolean(task->node, INFO_WORK_BEGUN, true);
    if (outcome.result == STEP_WAIT)
        return (StepsOutcome){STEPS_WAIT, outcome.after_ms};
    if (outcome.result != STEP_DONE || !task_save(task, error))
        return (StepsOutcome){STEPS_FAILED, 0};
    return steps_run(task, kind, error);
}

/* Takes the task. */
static void
finish_by_outcome(Task *task, StepKind kind, StepsOutcome outcome, const GError *error)
{
    switch (outcome.end) {
    case STEPS_DONE:
    case STEPS_READY:
        finish(task, kind);
        break;
    case STEPS_WAIT:
        wait(task, kind, outcome.after_ms);
        break;
    case STEPS_AGAIN:
        task_spawn_later(task, (unsigned)CLAMP(outcome.after_ms, 0, UINT_MAX),
                         provision_work_begin);
        return;
    case STEPS_HELD:
        hold(task, kind);
        break;
    case STEPS_STOPPED: /* a restarted process resumes the stored step */
        break;
    case STEPS_ABORTED:
        abort_here(task, kind);
        if (task_state(task) == STATE_SERVICEFAIL) {
            service_restore(task);
            return;
        }
        break;
    case STEPS_FAILED:
        step_work_fail(task, kind, error);
        break;
    }
    task_release(task);
}

/* Takes the task of a node in the busy state of the kind. */
static void
work_in_steps(Task *task, StepKind kind)
{
    const StepWork *work = step_work_of(kind);
    g_autoptr(GError) error = NULL;
    StepsOutcome outcome = {STEPS_FAILED, 0};
    bool begun = info_true(task->node, INFO_WORK_BEGUN);
    if (!begun && work->wanted != NULL && !work->wanted(task))
        outcome.end = STEPS_DONE;
    else if (!task_failing(task, &error))
        outcome = begun ? steps_run(task, kind, &error) : begin(task, kind, &error);
    finish_by_outcome(task, kind, outcome, error);
}

void
provision_work_begin(Task *task)
{
    StepKind kind;
    for (size_t i = 0; i < G_N_ELEMENTS(works); i++)
        if (works[i].state == task_state(task)) {
            works[i].work(task);
            return;
        }
    if (step_kind_of_state(task_state(task), &kind))
        work_in_steps(task, kind);
    else
        task_release(task);
}
