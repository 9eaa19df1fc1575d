/* cleaning: by itself between two uses of a machine, or on request with the operator's steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "conductor/provision_verbs.h"
#include "drivers/deploy/deploy.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"

bool
provide_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    (void)arguments;
    bool allowed =
        config_boolean(config_current(), OPT_CONDUCTOR_ALLOW_PROVISIONING_IN_MAINTENANCE);
    if (task->node->maintenance && !allowed)
        return steel_fail(
            error, STEEL_ERROR_NODE_IN_MAINTENANCE,
            "The provide operation can't be performed on node %s because it's in maintenance mode.",
            task->node->uuid);
    if (task->node->retired)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "node %s is retired: it cannot become available", task->node->uuid);
    return true;
}

bool
clean_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    json_t *steps = json_object_get(arguments, "clean_steps");
    const Interface *power = &task->driver.power->interface;
    if (json_array_size(steps) == 0)
        return steel_fail(error, STEEL_ERROR_MISSING, "\"clean_steps\" are needed for \"clean\"");
    if (power->validate != NULL && !power->validate(task, error)) {
        g_prefix_error(error, "Validation of node %s for cleaning failed: ", task->node->uuid);
        return false;
    }
    if (!provision_limit_clean(task, error))
        return false;
    if (!steps_plan(task, STEP_KIND_CLEAN, steps, true, error))
        return false;
    info_set_boolean(task->node, INFO_CLEANING_DISABLE_RAMDISK,
                     json_is_true(json_object_get(arguments, "disable_ramdisk")));
    return true;
}

static bool
is_manual(const Task *task)
{
    return task->node->target_provision_state != NULL &&
           state_from_wire(task->node->target_provision_state) == STATE_MANAGEABLE;
}

static bool
automated_clean_wanted(const Task *task)
{
    if (task->node->automated_clean >= 0)
        return task->node->automated_clean;
    return config_boolean(config_current(), OPT_CONDUCTOR_AUTOMATED_CLEAN);
}

void
clean_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!deploy_tear_down_cleaning(task, &error))
        log_warning("conductor.clean", "not everything of the failed cleaning could be removed: %s",
                    error->message);
    g_clear_error(&error);
    if (config_boolean(config_current(), OPT_CONDUCTOR_POWEROFF_IN_CLEANFAIL) &&
        !power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, &error))
        log_warning("conductor.clean", "the machine could not be powered off: %s", error->message);
}

void
clean_mark_failed(Task *task, const char *reason)
{
    Node *node = task->node;
    if (json_object_size(node->clean_step) > 0) {
        node->maintenance = true;
        record_set_text(&node->fault, "clean failure");
        record_set_text(&node->maintenance_reason, reason);
    }
}

static void
fail(Task *task, const GError *cause)
{
    if (work_interrupted(cause))
        return;
    task_phase_end(task, "failed", cause->message);
    if (!task_failing_begin(task, cause->message))
        return;
    clean_undo(task);
    clean_mark_failed(task, cause->message);
    task_fail(task, cause);
}

static void
finish(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool to_manageable = is_manual(task) || task->node->retired;
    if (info_true(task->node, INFO_CLEANING_PREPARED) && !deploy_tear_down_cleaning(task, &error)) {
        fail(task, error);
        return;
    }
    task_operation_end(task, "ok", NULL);
    provision_event_or_log(task, to_manageable ? EVENT_MANAGE : EVENT_DONE);
}

/* Plans the steps and boots the ramdisk where a step needs it. *wait: the agent will call. */
static bool
begin(Task *task, bool *wait, GError **error)
{
    task_operation_start(task, is_manual(task) ? "clean" : "automated_clean");
    task_phase_begin(task, "prepare", NULL);
    if (!steps_planned(task, STEP_KIND_CLEAN) &&
        !steps_plan(task, STEP_KIND_CLEAN, NULL, false, error))
        return false;
    bool ramdisk = steps_need_ramdisk(task, STEP_KIND_CLEAN) &&
                   !info_true(task->node, INFO_CLEANING_DISABLE_RAMDISK);
    if (ramdisk && !deploy_prepare_cleaning(task, wait, error)) {
        g_prefix_error(error, "Failed to prepare node %s for cleaning: ", task->node->uuid);
        return false;
    }
    info_set_boolean(task->node, INFO_CLEANING_PREPARED, true);
    return task_save(task, error);
}

static void
after_steps(Task *task, StepsOutcome outcome, unsigned again_ms, const GError *error)
{
    switch (outcome) {
    case STEPS_DONE:
        finish(task);
        break;
    case STEPS_WAIT:
        provision_event_or_log(task, EVENT_WAIT);
        break;
    case STEPS_AGAIN:
        task_spawn_later(task, again_ms, clean_work);
        return;
    case STEPS_STOPPED:
        break;
    case STEPS_FAILED:
        fail(task, error);
        break;
    }
    task_release(task);
}

static bool
abort_was_asked(const Task *task)
{
    return json_is_true(json_object_get(task->node->clean_step, "abort_after"));
}

/* An abort is no fault of the machine: there is no maintenance. */
static void
abort_after_step(Task *task)
{
    g_autoptr(GError) cause = NULL;
    steel_fail(&cause, STEEL_ERROR_CANCELLED,
               "By request, the clean operation was aborted after its step ended.");
    clean_undo(task);
    task_fail(task, cause);
    task_release(task);
}

void
clean_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    unsigned again_ms = 0;
    bool wait = false;
    bool begun = info_true(task->node, INFO_CLEANING_PREPARED);
    if (!begun && !is_manual(task) && !automated_clean_wanted(task)) {
        provision_event_or_log(task, task->node->retired ? EVENT_MANAGE : EVENT_DONE);
        task_release(task);
        return;
    }
    if (abort_was_asked(task)) {
        abort_after_step(task);
        return;
    }
    if (task_failing(task, &error)) {
        after_steps(task, STEPS_FAILED, 0, error);
        return;
    }
    if (!begun && !begin(task, &wait, &error)) {
        after_steps(task, STEPS_FAILED, 0, error);
        return;
    }
    StepsOutcome outcome = wait ? STEPS_WAIT : steps_run(task, STEP_KIND_CLEAN, &again_ms, &error);
    after_steps(task, outcome, again_ms, error);
}
