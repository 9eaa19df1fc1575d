/* The end of a wait: the step that waits is asked what has become of it; the contract is in
 * steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/steps/catalog.h"

static StepsOutcome
failed(StepKind kind, const json_t *step, GError **error)
{
    g_autofree char *name = catalog_name(step);
    if (step != NULL && step_kind_info(kind)->shown)
        g_prefix_error(error, "%s step %s: ", step_kind_info(kind)->word, name);
    return (StepsOutcome){STEPS_FAILED, 0};
}

static StepOutcome
resume(Task *task, StepKind kind, const json_t *step, GError **error)
{
    const StepSource *source = steps_source(task, kind, step, error);
    return source != NULL ? source->resume(task, kind, step, error) : step_failed();
}

StepsOutcome
steps_resume(Task *task, StepKind kind, GError **error)
{
    if (!steps_complete(task, kind, error))
        return failed(kind, NULL, error);
    bool step_waits = info_true(task->node, INFO_STEP_WAITING);
    /* the machine was prepared: the steps begin once the agent has listed its own */
    if (!step_waits)
        return (StepsOutcome){steps_pending(task) ? STEPS_WAIT : STEPS_READY, 0};
    json_auto_t *step = json_incref(steps_current(task, kind));
    StepOutcome outcome = resume(task, kind, step, error);
    if (outcome.result == STEP_AGAIN) {
        info_remove(task->node, INFO_STEP_WAITING);
        info_set_boolean(task->node, INFO_STEP_RESUMED, true);
    }
    StepsOutcome settled = steps_settle(task, kind, outcome, error);
    return settled.end == STEPS_FAILED ? failed(kind, step, error) : settled;
}
