/* What the steps of the management interfaces ilo and ilo5 share, and the short ones of them; the
 * contract is in ilo_steps.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_steps.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/ilo_node.h"
#include "model/internal_info.h"

#define AREA "drivers.ilo"

enum {
    RESET_BEGINS_MS = 10 * 1000, /* an iLO answers for some seconds before it resets */
    LOOK_MS = 5000,
    RESET_LOOKS_MAX = 60,
};

bool
ilo_step_try(Task *task, const char *step, IloWork work, const void *user, bool *left_out,
             GError **error)
{
    g_auto(IloNode) node = {0};
    g_autoptr(GError) cause = NULL;
    Ilo ilo;
    *left_out = false;
    if (ilo_node_open(task, &node, &ilo, &cause) && work(&ilo, user, &cause))
        return true;
    if (steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        log_warning(AREA, "step %s is left out on node %s: %s", step, task->node->uuid,
                    cause->message);
        *left_out = true;
        return true;
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&cause), "step %s: ", step);
    return false;
}

StepOutcome
ilo_step_perform(Task *task, const char *step, IloWork work, const void *user, GError **error)
{
    bool left_out = false;
    return step_ended(ilo_step_try(task, step, work, user, &left_out, error));
}

/* ---- reset_ilo ---- */

static bool
ilo_work_reset(const Ilo *ilo, const void *user, GError **error)
{
    (void)user;
    return ilo_reset(ilo, error);
}

StepOutcome
ilo_step_await_reset(Task *task)
{
    info_set_integer(task->node, INFO_ILO_RESET_LOOKS, 0);
    return step_again(RESET_BEGINS_MS);
}

StepOutcome
ilo_step_look_for_ilo(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    g_autoptr(GError) cause = NULL;
    Ilo ilo;
    bool on = false;
    int64_t looks = info_integer(task->node, INFO_ILO_RESET_LOOKS);
    info_set_integer(task->node, INFO_ILO_RESET_LOOKS, looks + 1);
    if (ilo_node_open(task, &node, &ilo, &cause) && ilo_get_power(&ilo, &on, &cause))
        return step_ended(boot_clean_up_ramdisk(task, error) &&
                          boot_prepare_ramdisk(task, NULL, error));
    if (steel_error_info(cause)->retryable && looks < RESET_LOOKS_MAX)
        return step_again(LOOK_MS);
    g_propagate_prefixed_error(error, g_steal_pointer(&cause),
                               "the iLO does not come back from its reset: ");
    return step_failed();
}

StepOutcome
ilo_step_reset_ilo(Task *task, const json_t *args, GError **error)
{
    bool left_out = false;
    (void)args;
    if (info_has(task->node, INFO_ILO_RESET_LOOKS))
        return ilo_step_look_for_ilo(task, error);
    if (!ilo_step_try(task, "reset_ilo", ilo_work_reset, NULL, &left_out, error))
        return step_failed();
    return left_out ? step_done() : ilo_step_await_reset(task);
}

/* ---- reset_ilo_credential ---- */

static bool
ilo_work_set_password(const Ilo *ilo, const void *user, GError **error)
{
    return ilo_set_password(ilo, user, error);
}

/* The step may run again after a process died in it: then the iLO takes the new password alone. */
static StepOutcome
change_password(Task *task, const char *password, GError **error)
{
    json_t *info = task->node->driver_info;
    StepOutcome outcome =
        ilo_step_perform(task, "reset_ilo_credential", ilo_work_set_password, password, error);
    if (outcome.result != STEP_DONE)
        return outcome;
    json_object_set_new(info, "ilo_password", json_string(password));
    json_object_del(info, "ilo_change_password");
    return step_ended(task_save(task, error));
}

StepOutcome
ilo_step_reset_ilo_credential(Task *task, const json_t *args, GError **error)
{
    const char *password = json_string_member(args, "change_password");
    if (password == NULL)
        password = json_string_member(args, "ilo_password"); /* Ironic's name in deploy templates */
    if (password == NULL)
        password = json_string_member(task->node->driver_info, "ilo_change_password");
    if (password != NULL && *password != '\0') {
        g_autofree char *own = g_strdup(password);
        return change_password(task, own, error);
    }
    log_info(AREA,
             "node %s has no driver_info ilo_change_password, so step reset_ilo_credential changes "
             "nothing",
             task->node->uuid);
    return step_done();
}

/* ---- the others ---- */

static bool
ilo_work_reset_bios(const Ilo *ilo, const void *user, GError **error)
{
    (void)user;
    return ilo_reset_bios_settings(ilo, error);
}

StepOutcome
ilo_step_reset_bios_to_default(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return ilo_step_perform(task, "reset_bios_to_default", ilo_work_reset_bios, NULL, error);
}

static bool
ilo_work_reset_keys(const Ilo *ilo, const void *user, GError **error)
{
    (void)user;
    return ilo_change_secure_boot_keys(ilo, ILO_KEYS_RESET, error);
}

StepOutcome
ilo_step_reset_secure_boot_keys(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return ilo_step_perform(task, "reset_secure_boot_keys_to_default", ilo_work_reset_keys, NULL,
                            error);
}

static bool
ilo_work_clear_keys(const Ilo *ilo, const void *user, GError **error)
{
    (void)user;
    return ilo_change_secure_boot_keys(ilo, ILO_KEYS_CLEAR, error);
}

StepOutcome
ilo_step_clear_secure_boot_keys(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return ilo_step_perform(task, "clear_secure_boot_keys", ilo_work_clear_keys, NULL, error);
}

static bool
ilo_work_activate(const Ilo *ilo, const void *user, GError **error)
{
    return ilo_activate_licence(ilo, user, error);
}

StepOutcome
ilo_step_activate_license(Task *task, const json_t *args, GError **error)
{
    const char *key = json_string_member(args, "ilo_license_key");
    if (key != NULL && *key != '\0')
        return ilo_step_perform(task, "activate_license", ilo_work_activate, key, error);
    steel_fail(error, STEEL_ERROR_MISSING,
               "step activate_license needs the argument ilo_license_key, a text");
    return step_failed();
}
