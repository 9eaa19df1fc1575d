/* One power action for steps and verbs; the contract is in power_action.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/power_action.h"

#include "common/log.h"
#include "common/time_text.h"
#include "drivers/power/power.h"
#include "drivers/storage/storage.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/boot_access.h"

/* At its deadline the driver reads the state once more. */
#define SPARE_MS 5000

static int
timeout_of(const PowerAction *action)
{
    if (action->timeout_s > 0)
        return action->timeout_s;
    return (int)config_integer(config_current(), power_target_is_soft(action->target)
                                                     ? OPT_CONDUCTOR_SOFT_POWER_OFF_TIMEOUT
                                                     : OPT_CONDUCTOR_POWER_STATE_CHANGE_TIMEOUT);
}

static bool
is_reboot(PowerTarget target)
{
    return target == POWER_TARGET_REBOOT || target == POWER_TARGET_SOFT_REBOOT;
}

/* A machine that is on already is left alone: its agent runs. Off and reboot need no reading, since
 * both end the agent. */
static bool
is_on_already(Task *task, const PowerAction *action, bool *on, GError **error)
{
    PowerState now = action->before;
    *on = false;
    if (action->target != POWER_TARGET_ON)
        return true;
    if (now == POWER_UNKNOWN && !power_get(task, &now, error))
        return false;
    *on = now == POWER_ON;
    return true;
}

/* The driver's deadline: the full time to go off, and again to come on. */
static int64_t
deadline_of(PowerTarget target, int timeout_s)
{
    int changes = is_reboot(target) ? 2 : 1;
    return time_monotonic_ms() + (int64_t)timeout_s * changes * 1000 + SPARE_MS;
}

static bool
is_deployed(const Task *task)
{
    return state_from_wire(task->node->provision_state) == STATE_ACTIVE;
}

/* Volumes of a deployed machine are attached exactly while it is on, unless the operator wants them
 * to stay. */
static bool
is_toggled(const Task *task)
{
    return is_deployed(task) && storage_follows_power(task);
}

static bool
attach_volumes(Task *task, PowerTarget target, GError **error)
{
    return !is_toggled(task) || power_target_state(target) != POWER_ON ||
           storage_attach(task, error);
}

static void
detach_volumes(Task *task, PowerTarget target)
{
    g_autoptr(GError) error = NULL;
    if (is_toggled(task) && power_target_state(target) == POWER_OFF &&
        !storage_detach(task, &error))
        log_warning("drivers.power", "a volume stays attached: %s", error->message);
}

/* A machine that comes on may ask for its boot script. */
static bool
open_boot_window(Task *task, PowerTarget target, int timeout_s, GError **error)
{
    int64_t change_ms = deadline_of(target, timeout_s) - time_monotonic_ms();
    return power_target_state(target) != POWER_ON ||
           boot_access_open_window(task->services->db, task->node, change_ms, error);
}

static bool
change(Task *task, const PowerAction *action, GError **error)
{
    int timeout_s = timeout_of(action);
    task->deadline_ms = deadline_of(action->target, timeout_s);
    bool reached = attach_volumes(task, action->target, error) &&
                   open_boot_window(task, action->target, timeout_s, error);
    if (reached) {
        task->deadline_ms = deadline_of(action->target, timeout_s);
        reached = power_set(task, action->target, timeout_s, error);
    }
    task->deadline_ms = 0;
    if (!reached)
        return false;
    detach_volumes(task, action->target);
    info_forget(task->node, LIFETIME_AGENT);
    return true;
}

static bool
is_allowed(const Task *task, PowerTarget target, GError **error)
{
    return !task->node->disable_power_off || power_target_state(target) != POWER_OFF ||
           steel_fail(error, STEEL_ERROR_POWER, "node %s has disable_power_off", task->node->uuid);
}

static bool
act(Task *task, const PowerAction *action, GError **error)
{
    bool on = false;
    if (!is_allowed(task, action->target, error) || !is_on_already(task, action, &on, error) ||
        (!on && !change(task, action, error))) {
        g_prefix_error(error,
                       "Failed to change power state to '%s': ", power_target_wire(action->target));
        return false;
    }
    power_found(task, power_target_state(action->target));
    return task_save(task, error);
}

bool
power_action(Task *task, PowerAction action, GError **error)
{
    const char *state = power_state_wire(power_target_state(action.target));
    task_notify(task, "power_set", "start", json_pack("{s:s}", "to_power", state));
    bool good = act(task, &action, error);
    record_set_text(&task->node->target_power_state, NULL); /* nothing is under way any more */
    task_notify(task, "power_set", good ? "end" : "error", json_pack("{s:s}", "to_power", state));
    return good;
}

bool
power_action_stop(Task *task, GError **error)
{
    return task->node->disable_power_off ||
           power_action(task, (PowerAction){.target = POWER_TARGET_OFF}, error);
}

bool
power_action_start(Task *task, GError **error)
{
    PowerTarget target = task->node->disable_power_off ? POWER_TARGET_REBOOT : POWER_TARGET_ON;
    return power_action(task, (PowerAction){.target = target}, error);
}

bool
power_action_settle(Task *task, GError **error)
{
    PowerState state = POWER_UNKNOWN;
    if (!power_get(task, &state, error))
        return false;
    power_found(task, state);
    return (state != POWER_OFF || !is_toggled(task) || storage_detach(task, error)) &&
           task_save(task, error);
}

void
power_found(Task *task, PowerState state)
{
    record_set_text(&task->node->power_state, power_state_wire(state));
    if (state == POWER_OFF)
        info_forget(task->node, LIFETIME_AGENT);
}
