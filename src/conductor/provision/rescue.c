/* rescuing and unrescuing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"
#include "common/log.h"
#include "common/secret.h"
#include "conductor/boot_progress.h"
#include "conductor/provision/provision.h"
#include "drivers/deploy/deploy.h"
#include "drivers/power/power.h"
#include "netboot/boot_record.h"

#include <crypt.h>
#include <string.h>

#define PASSWORD "rescue_password"
#define HASH "hashed_rescue_password"

static const struct {
    const char *word, *prefix;
} algorithms[] = {
    {"sha256", "$5$"},
    {"sha512", "$6$"},
};

static const char *
hash_prefix(void)
{
    const char *word =
        config_string(config_current(), OPT_CONDUCTOR_RESCUE_PASSWORD_HASH_ALGORITHM);
    size_t row = 0;
    while (row + 1 < G_N_ELEMENTS(algorithms) && strcmp(algorithms[row].word, word) != 0)
        row++;
    return algorithms[row].prefix;
}

/* As crypt(3) writes it into /etc/shadow. The caller frees; NULL with INVALID. */
static char *
hash_of(const char *password, GError **error)
{
    struct crypt_data data = {0};
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *made = crypt_gensalt_rn(hash_prefix(), 0, NULL, 0, setting, sizeof setting);
    const char *hash = made != NULL ? crypt_r(password, made, &data) : NULL;
    char *copy = hash != NULL && hash[0] != '*' ? g_strdup(hash) : NULL;
    secret_wipe(&data, sizeof data);
    if (copy == NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the rescue password cannot be hashed: it may have up to %d bytes",
                   CRYPT_MAX_PASSPHRASE_SIZE - 1);
    return copy;
}

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

/* The hash, until the agent has it. The password itself is kept only where an old agent might need
 * it. */
static bool
keep_password(Task *task, const char *password, GError **error)
{
    json_t *info = task->node->instance_info;
    char *hash = hash_of(password, error);
    if (hash == NULL)
        return false;
    json_object_set_new(info, HASH, json_string(hash));
    secret_free(hash);
    if (config_boolean(config_current(), OPT_CONDUCTOR_REQUIRE_RESCUE_PASSWORD_HASHED))
        json_object_del(info, PASSWORD);
    else
        json_object_set_new(info, PASSWORD, json_string(password));
    return true;
}

bool
rescue_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    const char *password = json_string_member(arguments, PASSWORD);
    if (password == NULL || *password == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "a rescue needs a \"rescue_password\" that is not blank");
    return validate(task, true, error) && keep_password(task, password, error);
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
    json_object_del(task->node->instance_info, PASSWORD);
    json_object_del(task->node->instance_info, HASH);
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

/* A machine whose servicing has failed leaves that ramdisk first. */
static StepOutcome
rescue_begin(Task *task, GError **error)
{
    if (!deploy_tear_down_service(task, SERVICE_ENDS_OFF, error))
        return step_failed();
    return step_work_plan(task, STEP_KIND_RESCUE, INTERFACE_RESCUE, "rescue", error);
}

static char *
rescue_late(const Task *task)
{
    g_autofree char *why = NULL;
    if (boot_record_exists(task->node) && !info_has(task->node, INFO_AGENT_URL))
        why = boot_progress_late(task->node);
    return g_strdup_printf(
        "Timeout reached in rescue wait: %s; the machine is switched off; rescue "
        "it again, or start its instance with unrescue",
        why != NULL ? why
                    : "the agent of the rescue ramdisk did not call in "
                      "time");
}

const StepWork rescue_work = {
    .operation = rescue_operation,
    .begin = rescue_begin,
    .finish = rescue_finish,
    .undo = rescue_undo,
    .late = rescue_late,
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
