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

bool
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

static void
conclude(Task *task, StepResult result, const GError *error)
{
    if (result == STEP_WAIT) {
        provision_event_or_log(task, EVENT_WAIT);
    } else if (result == STEP_DONE) {
        forget_password(task);
        task_operation_end(task, "ok", NULL);
        provision_event_or_log(task, EVENT_DONE);
    } else {
        g_autoptr(GError) cause = error != NULL ? g_error_copy(error) : NULL;
        if (cause == NULL)
            steel_fail(&cause, STEEL_ERROR_INTERNAL, "a rescue cannot be asked for again");
        rescue_undo(task);
        task_fail(task, cause);
    }
    task_release(task);
}

void
rescue_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    task_operation_start(task, "rescue");
    task_phase_begin(task, "rescue", NULL);
    StepResult result = rescue_start(task, &error);
    conclude(task, result, error);
}

void
unrescue_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    task_operation_start(task, "unrescue");
    task_phase_begin(task, "unrescue", NULL);
    StepResult result = rescue_end(task, &error);
    conclude(task, result, error);
}
