/* servicing: steps on request on a machine that has an instance. What needs no ramdisk runs while
 * the instance does; else the machine boots the ramdisk, and then its instance again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/provision/provision.h"
#include "drivers/agent_logs.h"
#include "drivers/deploy/deploy.h"
#include "drivers/network/network.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"

#define AREA "conductor.service"

static bool
validate(Task *task, bool without_ramdisk, GError **error)
{
    const Interface *power = &task->driver.power->interface;
    if ((power->validate == NULL || power->validate(task, error)) &&
        (without_ramdisk || network_check(task, NETWORK_SERVICING, error)))
        return true;
    g_prefix_error(error, "Validation of node %s for servicing failed: ", task->node->uuid);
    return false;
}

/* The tables alone, if they have all steps and none needs the ramdisk. */
static bool
plan(Task *task, const json_t *steps, bool without_ramdisk, GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool known =
        steps_plan(task, STEP_KIND_SERVICE, steps, STEPS_EXACT | STEPS_WITHOUT_AGENT, &cause);
    if (known && !steps_need_ramdisk(task, STEP_KIND_SERVICE))
        return true;
    if (!without_ramdisk)
        return steps_plan(task, STEP_KIND_SERVICE, steps, STEPS_EXACT, error);
    if (known)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a step needs the ramdisk, which \"disable_ramdisk\" rules out");
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
service_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    const json_t *steps = json_object_get(arguments, "service_steps");
    bool without = json_is_true(json_object_get(arguments, "disable_ramdisk"));
    if (json_array_size(steps) == 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "\"service_steps\" are needed for \"service\"");
    info_set_boolean(task->node, INFO_SERVICE_DISABLE_RAMDISK, without);
    return validate(task, without, error) && plan(task, steps, without, error);
}

static const char *
service_operation(const Task *task)
{
    (void)task;
    return "service";
}

static StepOutcome
list_steps(Task *task, GError **error)
{
    if (!steps_complete(task, STEP_KIND_SERVICE, error))
        return step_failed();
    return steps_pending(task) ? step_wait(0) : step_done();
}

/* After a hold the ramdisk may run already. */
static StepOutcome
service_begin(Task *task, GError **error)
{
    task_phase_begin(task, "prepare", NULL);
    facts_read_bios(task);
    facts_read_firmware(task);
    if (!steps_need_ramdisk(task, STEP_KIND_SERVICE))
        return step_done();
    if (info_true(task->node, INFO_SERVICE_RAMDISK) && info_has(task->node, INFO_AGENT_URL))
        return list_steps(task, error);
    StepOutcome outcome = deploy_prepare_service(task, error);
    if (outcome.result == STEP_ERROR)
        g_prefix_error(error, "Failed to prepare node %s for service: ", task->node->uuid);
    return outcome.result == STEP_DONE ? list_steps(task, error) : outcome;
}

static bool
service_finish(Task *task, GError **error)
{
    if (info_true(task->node, INFO_SERVICE_RAMDISK))
        g_free(agent_logs_collect(task, "service", false));
    if (!deploy_tear_down_service(task, SERVICE_ENDS_WITH_INSTANCE, error)) {
        g_prefix_error(error, "the instance could not be started again: ");
        return false;
    }
    facts_read_bios(task);
    facts_read_firmware(task);
    facts_read_boot_mode(task);
    return true;
}

/* The machine stays as the failure has left it, for a person to look at. */
static bool
service_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool clean = deploy_tear_down_service(task, SERVICE_ENDS_FAILED, &error);
    if (!clean)
        log_warning(AREA, "not everything of the failed servicing could be removed: %s",
                    error->message);
    g_clear_error(&error);
    info_forget(task->node, LIFETIME_AGENT);
    if (config_boolean(config_current(), OPT_CONDUCTOR_POWEROFF_IN_SERVICEFAIL) &&
        !power_action_stop(task, &error))
        log_warning(AREA, "the machine could not be powered off: %s", error->message);
    return clean;
}

/* After a failed step a person must look at the machine first. */
static void
service_failed(Task *task, const char *reason)
{
    Node *node = task->node;
    if (json_object_size(node->service_step) == 0)
        return;
    node->maintenance = true;
    record_set_text(&node->fault, "service failure");
    record_set_text(&node->maintenance_reason, reason);
}

static void
restore_failed(Task *task, const GError *cause)
{
    g_autoptr(GError) error = NULL;
    log_warning(AREA, "after an aborted servicing: %s", cause->message);
    record_set_text(&task->node->last_error, cause->message);
    history_add(task, "ERROR", state_info(STATE_SERVICEFAIL)->history, cause->message);
    task_operation_end(task, "failed", cause->message);
    if (!task_save(task, &error))
        log_error(AREA, "%s", error->message);
}

void
service_restore(Task *task)
{
    g_autoptr(GError) error = NULL;
    operation_over(task->node);
    task_operation_start(task, "abort_service");
    if (deploy_tear_down_service(task, SERVICE_ENDS_WITH_INSTANCE, &error)) {
        task_operation_end(task, "ok", NULL);
        operation_over(task->node);
        task_event_or_log(task, EVENT_ABORT);
    } else if (!work_interrupted(error)) {
        g_prefix_error(&error, "Failed to tear down service after aborting the operation: ");
        restore_failed(task, error);
    }
    task_release(task);
}

const StepWork service_work = {
    .operation = service_operation,
    .begin = service_begin,
    .finish = service_finish,
    .undo = service_undo,
    .failed = service_failed,
};
