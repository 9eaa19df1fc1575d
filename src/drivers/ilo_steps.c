/* Clean and deploy steps of the management interfaces ilo and ilo5. What a machine does not have is
 * left out, with a line in the log.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/ilo_management.h"
#include "drivers/ilo_node.h"
#include "model/internal_info.h"

#define AREA "drivers.ilo"

enum {
    RESET_BEGINS_MS = 10 * 1000, /* an iLO answers for some seconds before it resets */
    LOOK_MS = 5000,
    RESET_LOOKS_MAX = 60,
};

typedef bool (*Work)(const Ilo *ilo, const char *word, GError **error);

static StepOutcome
perform(Task *task, const char *name, Work work, const char *word, GError **error)
{
    g_auto(IloNode) node = {0};
    g_autoptr(GError) cause = NULL;
    Ilo ilo;
    if (ilo_node_open(task, &node, &ilo, &cause) && work(&ilo, word, &cause))
        return step_done();
    if (steel_error_is(cause, STEEL_ERROR_UNSUPPORTED)) {
        log_warning(AREA, "step %s is left out on node %s: %s", name, task->node->uuid,
                    cause->message);
        return step_done();
    }
    g_propagate_prefixed_error(error, g_steal_pointer(&cause), "step %s: ", name);
    return step_failed();
}

/* ---- reset_ilo ---- */

static bool
reset(const Ilo *ilo, const char *word, GError **error)
{
    (void)word;
    return ilo_reset(ilo, error);
}

/* The iLO is back, or is still to come: then the step runs again. */
static StepOutcome
look_for_ilo(Task *task, GError **error)
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

/* A reset ejects virtual media, so the ramdisk's boot is prepared again. */
static StepOutcome
ilo_step_reset_ilo(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (info_has(task->node, INFO_ILO_RESET_LOOKS))
        return look_for_ilo(task, error);
    StepOutcome outcome = perform(task, "reset_ilo", reset, NULL, error);
    if (outcome.result != STEP_DONE)
        return outcome;
    info_set_integer(task->node, INFO_ILO_RESET_LOOKS, 0);
    return step_again(RESET_BEGINS_MS);
}

/* ---- reset_ilo_credential ---- */

static bool
set_password(const Ilo *ilo, const char *word, GError **error)
{
    return ilo_set_password(ilo, word, error);
}

/* The step may run again after a process died in it: then the iLO takes the new password alone. */
static StepOutcome
change_password(Task *task, const char *password, GError **error)
{
    json_t *info = task->node->driver_info;
    StepOutcome outcome = perform(task, "reset_ilo_credential", set_password, password, error);
    if (outcome.result != STEP_DONE)
        return outcome;
    json_object_set_new(info, "ilo_password", json_string(password));
    json_object_del(info, "ilo_change_password");
    return step_ended(task_save(task, error));
}

static StepOutcome
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
reset_bios(const Ilo *ilo, const char *word, GError **error)
{
    (void)word;
    return ilo_reset_bios_settings(ilo, error);
}

static StepOutcome
ilo_step_reset_bios_to_default(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return perform(task, "reset_bios_to_default", reset_bios, NULL, error);
}

static bool
reset_keys(const Ilo *ilo, const char *word, GError **error)
{
    (void)word;
    return ilo_change_secure_boot_keys(ilo, ILO_KEYS_RESET, error);
}

static StepOutcome
ilo_step_reset_secure_boot_keys(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return perform(task, "reset_secure_boot_keys_to_default", reset_keys, NULL, error);
}

static bool
clear_keys(const Ilo *ilo, const char *word, GError **error)
{
    (void)word;
    return ilo_change_secure_boot_keys(ilo, ILO_KEYS_CLEAR, error);
}

static StepOutcome
ilo_step_clear_secure_boot_keys(Task *task, const json_t *args, GError **error)
{
    (void)args;
    return perform(task, "clear_secure_boot_keys", clear_keys, NULL, error);
}

static bool
activate(const Ilo *ilo, const char *word, GError **error)
{
    return ilo_activate_licence(ilo, word, error);
}

static StepOutcome
ilo_step_activate_license(Task *task, const json_t *args, GError **error)
{
    const char *key = json_string_member(args, "ilo_license_key");
    if (key != NULL && *key != '\0')
        return perform(task, "activate_license", activate, key, error);
    steel_fail(error, STEEL_ERROR_MISSING,
               "step activate_license needs the argument ilo_license_key, a text");
    return step_failed();
}

#define LICENCE_ARGUMENTS                                                                          \
    "{\"ilo_license_key\": {\"description\": \"The HPE iLO Advanced license key to activate "      \
    "enterprise features.\", \"required\": true}}"
#define DEPLOY_PASSWORD_ARGUMENTS                                                                  \
    "{\"change_password\": {\"description\": \"The new password of ilo_username, instead of "      \
    "driver_info ilo_change_password.\", \"required\": false}, "                                   \
    "\"ilo_password\": {\"description\": \"The same.\", \"required\": false}}"
#define PASSWORD_ARGUMENTS                                                                         \
    "{\"change_password\": {\"description\": \"The new password of ilo_username, instead of "      \
    "driver_info ilo_change_password.\", \"required\": false}}"

const StepDef ilo_management_clean_steps[] = {
    {.name = "reset_ilo",
     .priority_option = OPT_ILO_CLEAN_PRIORITY_RESET_ILO,
     .run = ilo_step_reset_ilo},
    {.name = "reset_ilo_credential",
     .priority_option = OPT_ILO_CLEAN_PRIORITY_RESET_ILO_CREDENTIAL,
     .run = ilo_step_reset_ilo_credential,
     .arguments = PASSWORD_ARGUMENTS},
    {.name = "reset_bios_to_default",
     .priority_option = OPT_ILO_CLEAN_PRIORITY_RESET_BIOS_TO_DEFAULT,
     .run = ilo_step_reset_bios_to_default},
    {.name = "reset_secure_boot_keys_to_default",
     .priority_option = OPT_ILO_CLEAN_PRIORITY_RESET_SECURE_BOOT_KEYS_TO_DEFAULT,
     .run = ilo_step_reset_secure_boot_keys},
    {.name = "clear_secure_boot_keys",
     .priority_option = OPT_ILO_CLEAN_PRIORITY_CLEAR_SECURE_BOOT_KEYS,
     .run = ilo_step_clear_secure_boot_keys},
    {.name = "activate_license", .run = ilo_step_activate_license, .arguments = LICENCE_ARGUMENTS},
    {0},
};

const StepDef ilo_management_deploy_steps[] = {
    {.name = "reset_ilo", .run = ilo_step_reset_ilo},
    {.name = "reset_ilo_credential",
     .run = ilo_step_reset_ilo_credential,
     .arguments = DEPLOY_PASSWORD_ARGUMENTS},
    {.name = "reset_bios_to_default", .run = ilo_step_reset_bios_to_default},
    {.name = "reset_secure_boot_keys_to_default", .run = ilo_step_reset_secure_boot_keys},
    {.name = "clear_secure_boot_keys", .run = ilo_step_clear_secure_boot_keys},
    {.name = "activate_license", .run = ilo_step_activate_license, .arguments = LICENCE_ARGUMENTS},
    {0},
};
