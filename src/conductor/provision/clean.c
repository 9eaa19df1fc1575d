/* cleaning: automatically between two uses of a machine, or on request with the operator's steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "drivers/agent_logs.h"
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
    bool without = json_is_true(json_object_get(arguments, "disable_ramdisk"));
    info_set_boolean(task->node, INFO_CLEANING_DISABLE_RAMDISK, without);
    return steps_plan(task, STEP_KIND_CLEAN, steps,
                      STEPS_EXACT | (without ? STEPS_WITHOUT_AGENT : 0), error);
}

static bool
is_manual(const Task *task)
{
    return task->node->target_provision_state != NULL &&
           state_from_wire(task->node->target_provision_state) == STATE_MANAGEABLE;
}

static bool
clean_wanted(const Task *task)
{
    if (is_manual(task))
        return true;
    if (task->node->automated_clean >= 0)
        return task->node->automated_clean;
    return config_boolean(config_current(), OPT_CONDUCTOR_AUTOMATED_CLEAN);
}

static const char *
clean_operation(const Task *task)
{
    return is_manual(task) ? "clean" : "automated_clean";
}

/* An agent that runs already lists its steps now, or when it calls. Without it nothing is known of
 * the order of all steps. */
static StepOutcome
list_steps(Task *task, GError **error)
{
    if (!info_has(task->node, INFO_AGENT_URL))
        return step_done();
    if (!steps_complete(task, STEP_KIND_CLEAN, error))
        return step_failed();
    return steps_pending(task) ? step_wait(0) : step_done();
}

/* Boots the ramdisk if a step needs it. The verb has planned a manual cleaning already. */
static StepOutcome
clean_begin(Task *task, GError **error)
{
    task_phase_begin(task, "prepare", NULL);
    facts_read_bios(task);
    facts_read_firmware(task);
    if (!steps_planned(task, STEP_KIND_CLEAN) && !clean_plan_automated(task, error))
        return step_failed();
    if (!steps_need_ramdisk(task, STEP_KIND_CLEAN) ||
        info_true(task->node, INFO_CLEANING_DISABLE_RAMDISK))
        return step_done();
    StepOutcome outcome = deploy_prepare_cleaning(task, error);
    if (outcome.result == STEP_ERROR)
        g_prefix_error(error, "Failed to prepare node %s for cleaning: ", task->node->uuid);
    return outcome.result == STEP_DONE ? list_steps(task, error) : outcome;
}

static bool
clean_finish(Task *task, GError **error)
{
    if (!info_true(task->node, INFO_WORK_BEGUN))
        return true;
    g_free(agent_logs_collect(task, "cleaning", false));
    return deploy_tear_down_cleaning(task, true, error);
}

static ProvisionEvent
clean_done(const Task *task)
{
    return is_manual(task) || task->node->retired ? EVENT_MANAGE : EVENT_DONE;
}

static bool
clean_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool clean = deploy_tear_down_cleaning(task, false, &error);
    if (!clean)
        log_warning("conductor.clean", "not everything of the failed cleaning could be removed: %s",
                    error->message);
    g_clear_error(&error);
    if (config_boolean(config_current(), OPT_CONDUCTOR_POWEROFF_IN_CLEANFAIL) &&
        !power_action_stop(task, &error))
        log_warning("conductor.clean", "the machine could not be powered off: %s", error->message);
    return clean;
}

/* After a failed step a person must look at the machine first. */
static void
clean_failed(Task *task, const char *reason)
{
    Node *node = task->node;
    if (json_object_size(node->clean_step) == 0)
        return;
    node->maintenance = true;
    record_set_text(&node->fault, "clean failure");
    record_set_text(&node->maintenance_reason, reason);
}

const StepWork clean_work = {
    .operation = clean_operation,
    .wanted = clean_wanted,
    .begin = clean_begin,
    .finish = clean_finish,
    .done = clean_done,
    .undo = clean_undo,
    .failed = clean_failed,
};
