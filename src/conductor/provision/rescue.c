/* rescuing and unrescuing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"
#include "common/log.h"
#include "conductor/provision/provision.h"
#include "drivers/power/power.h"

static bool
validate(Task *task, bool with_rescue, GError **error)
{
    const Interface *power = &task->driver.power->interface,
                    *rescue = &task->driver.rescue->interface;
    if ((power->validate != NULL && !power->validate(task, error)) ||
        (with_rescue && rescue->validate != NULL && !rescue->validate(task, error))) {
        g_prefix_error(error, "Validation failed. Cannot %srescue instance on node %s. Error: ",
                       with_rescue ? "" : "un", task->node->uuid);
        return false;
    }
    return true;
}

bool
rescue_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    const char *password = json_string_member(arguments, "rescue_password");
    if (password == NULL || *password == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "a rescue needs a \"rescue_password\" that is not blank");
    json_object_set_new(task->node->instance_info, "rescue_password", json_string(password));
    return validate(task, true, error);
}

bool
unrescue_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    (void)arguments;
    return validate(task, false, error);
}

static void
forget_password(Task *task)
{
    json_object_del(task->node->instance_info, "rescue_password");
}

static bool
rescue_undo(Task *task)
{
    g_autoptr(GError) error = NULL;
    forget_password(task);
    bool clean = rescue_clean_up(task, &error);
    if (!clean)
        log_warning("conductor.rescue", "not everything of the failed rescue could be removed: %s",
                    error->message);
    return clean;
}

static bool
rescue_finish(Task *task, GError **error)
{
    (void)error;
    forget_password(task);
    return true;
}

static const char *
rescue_operation(const Task *task)
{
    (void)task;
    return "rescue";
}

static StepOutcome
rescue_begin(Task *task, GError **error)
{
    return step_work_plan(task, STEP_KIND_RESCUE, INTERFACE_RESCUE, "rescue", error);
}

const StepWork rescue_work = {
    .operation = rescue_operation,
    .begin = rescue_begin,
    .finish = rescue_finish,
    .undo = rescue_undo,
};

static const char *
unrescue_operation(const Task *task)
{
    (void)task;
    return "unrescue";
}

static StepOutcome
unrescue_begin(Task *task, GError **error)
{
    return step_work_plan(task, STEP_KIND_UNRESCUE, INTERFACE_RESCUE, "unrescue", error);
}

const StepWork unrescue_work = {
    .operation = unrescue_operation,
    .begin = unrescue_begin,
    .finish = rescue_finish,
    .undo = rescue_undo,
};
