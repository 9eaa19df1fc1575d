/* The power verb: a client asks for a power state, a worker brings the machine there
 * (drivers/power_action.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power/power.h"
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/transition.h"
#include "conductor/verbs.h"
#include "drivers/power_action.h"

#include <string.h>

#define LONGEST_TIMEOUT_S (7 * 24 * 3600)

/* The node keeps the worker's arguments, so that they survive the process. */
static PowerTarget
requested_target(const Task *task, int *timeout_s)
{
    const json_t *request = info_json(task->node, INFO_POWER_REQUEST);
    PowerTarget target = POWER_TARGET_ON;
    power_target_from_wire(json_string_member(request, "target"), &target);
    *timeout_s =
        (int)CLAMP(json_integer_value(json_object_get(request, "timeout")), 0, LONGEST_TIMEOUT_S);
    return target;
}

static void
power_work(Task *task)
{
    g_autoptr(GError) error = NULL, save = NULL;
    int timeout_s = 0;
    PowerTarget target = requested_target(task, &timeout_s);
    bool alone = task->node->operation_uuid == NULL; /* a waiting deploy keeps its own timeline */
    if (alone) {
        task_operation_begin(task, "power");
        task_phase_begin(task, power_target_wire(target), NULL);
    }
    bool good = power_action(task, (PowerAction){.target = target, .timeout_s = timeout_s}, &error);
    if (alone)
        task_operation_end(task, good ? "ok" : "failed", good ? NULL : error->message);
    record_set_text(&task->node->target_power_state, NULL);
    info_remove(task->node, INFO_POWER_REQUEST);
    if (!good) {
        log_warning("conductor.power", "%s", error->message);
        record_set_text(&task->node->last_error, error->message);
        history_add(task, "ERROR", "conductor", error->message);
    }
    if (!task_save(task, &save))
        log_error("conductor.power", "the power state could not be saved: %s", save->message);
    task_release(task);
}

static bool
target_allowed(Task *task, PowerTarget target, GError **error)
{
    const PowerOps *ops = task->driver.power;
    ProvisionState state = task_state(task);
    if (state == STATE_CLEANING || state == STATE_CLEANWAIT)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                          "The power state of node %s can not be changed while it is in state %s",
                          task->node->uuid, task->node->provision_state);
    if (task->node->disable_power_off &&
        (target == POWER_TARGET_OFF || target == POWER_TARGET_SOFT_OFF))
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "Failed to set node power state to %s: node %s has disable_power_off",
                          power_target_wire(target), task->node->uuid);
    if (!(ops->targets & 1u << target))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "driver %s does not support the power target '%s' (power interface %s)",
                          task->node->driver, power_target_wire(target), ops->interface.name);
    return ops->interface.validate == NULL || ops->interface.validate(task, error);
}

json_t *
verb_set_power(VerbCall *call, GError **error)
{
    Task *task = call->task;
    PowerTarget target;
    const char *word = json_string_member(call->arguments, "target");
    if (!power_target_from_wire(word, &target)) {
        steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED, "\"%s\" is no power target",
                   word != NULL ? word : "");
        return NULL;
    }
    if (!target_allowed(task, target, error))
        return NULL;
    int64_t timeout_s = 0;
    g_autoptr(Node) before = node_copy(task->node);
    json_integer_member(call->arguments, "timeout", &timeout_s);
    bool failed_before = state_info(task_state(task))->flags & STATE_IS_FAILURE;
    if (!failed_before)
        record_set_text(&task->node->last_error, NULL);
    record_set_text(&task->node->target_power_state, power_state_wire(power_target_state(target)));
    info_set_json(task->node, INFO_POWER_REQUEST,
                  json_pack("{s:s,s:I}", "target", word, "timeout", (json_int_t)timeout_s));
    if (!task_save(task, error))
        return NULL;
    return task_spawn_or_revert(&call->task, before, power_work, error) ? json_object() : NULL;
}
