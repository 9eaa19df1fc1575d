/* What machines tell the boot file server: it makes the phases of a deploy visible and ends its wait.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/steady.h"
#include "conductor/internal.h"
#include "conductor/provision/provision.h"
#include "db/records.h"
#include "drivers/boot/boot.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"

#include <string.h>

/* A node that is locked is tried again this often, this long apart: longer than a BMC may take to answer whoever holds the
 * lock, since the machine says each thing once. */
#define ATTEMPTS 900
#define PAUSE_MS 100

typedef struct Progress {
    Conductor *conductor;
    char *mac, *phase, *detail; /* owned */
    unsigned attempts_left;
} Progress;

static void
progress_free(Progress *progress)
{
    g_free(progress->mac);
    g_free(progress->phase);
    g_free(progress->detail);
    g_free(progress);
}

static void
remember(Task *task, const Progress *progress)
{
    g_autoptr(GError) error = NULL;
    info_set_json(task->node, INFO_BOOT_PROGRESS,
                  json_pack("{s:s,s:s?}", "phase", progress->phase, "detail", progress->detail));
    if (!task_save(task, &error))
        log_warning("conductor.boot", "the machine's progress could not be saved: %s",
                    error->message);
}

static void
give_up(Task *task, const Progress *progress)
{
    g_autoptr(GError) cause = NULL;
    steel_fail(&cause, STEEL_ERROR_DEPLOY_FAILED,
               "the machine could not attach its volume and gave up: %s",
               progress->detail != NULL ? progress->detail : "no reason given");
    task_phase_end(task, "failed", cause->message);
    provision_wait_fail(task, cause);
}

/* The deploy waits for its machine: the story goes on. Takes the task. */
static void
advance(Task *task, const Progress *progress)
{
    remember(task, progress);
    bool unusable = progress->detail != NULL && g_str_has_prefix(progress->detail, "unusable");
    if (strcmp(progress->phase, "script_served") == 0 && !unusable) {
        task_phase_begin(task, "iscsi_login",
                         "the machine has its boot script and attaches its volume");
        task_release(task);
    } else if (strcmp(progress->phase, "san_hooked") == 0) {
        task_phase_end(task, "ok", progress->detail);
        provision_resume(task);
    } else if (unusable || strcmp(progress->phase, "given_up") == 0) {
        give_up(task, progress);
    } else {
        g_autofree char *detail =
            g_strdup_printf("last attempt failed: %s",
                            progress->detail != NULL ? progress->detail : "no reason given");
        task_phase_note(task, detail);
        task_release(task);
    }
}

/* The deploy is over, since the volume was attached; what came after is told where an operator looks. */
static void
complain(Task *task, const Progress *progress)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("the machine could not boot from its volume (%s): %s", progress->phase,
                        progress->detail != NULL && *progress->detail != '\0' ? progress->detail
                                                                              : "no reason given");
    record_set_text(&task->node->last_error, text);
    history_add(task, "ERROR", "monitoring", text);
    if (!task_save(task, &error))
        log_warning("conductor.boot", "%s", error->message);
    task_release(task);
}

static bool
is_failure(const char *phase)
{
    return strcmp(phase, "boot_failed") == 0 || strcmp(phase, "san_failed") == 0 ||
           strcmp(phase, "given_up") == 0;
}

static char *
node_of_mac(Conductor *conductor, const char *mac)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Port) port =
        db_record_find(conductor->services.db, &port_resource, "address", mac, &error);
    return port != NULL ? g_steal_pointer(&port->node_uuid) : NULL;
}

static void progress_job(void *data);

static void
try_again(Progress *progress, const GError *error)
{
    bool again = steel_error_is(error, STEEL_ERROR_LOCKED) && progress->attempts_left-- > 0 &&
                 !progress->conductor->stopping;
    if (again) {
        pool_submit_later(progress->conductor->workers, PAUSE_MS, progress_job, progress);
        return;
    }
    log_warning("conductor.boot", "%s of %s was not recorded: %s", progress->phase, progress->mac,
                error->message);
    progress_free(progress);
}

/* Whether the report is about the deploy under way, about a deployed machine, or about nothing of ours. */
static bool
concerns_us(ProvisionState state, const char *phase)
{
    bool deploying = state == STATE_DEPLOYING || state == STATE_DEPLOYWAIT;
    return deploying || (state == STATE_ACTIVE && is_failure(phase));
}

/* With the lock; takes the task. False: the deploy is still on its way into the wait. */
static bool
take_report(Task *task, const Progress *progress)
{
    ProvisionState state = task_state(task);
    if (state == STATE_DEPLOYWAIT)
        advance(task, progress);
    else if (state == STATE_ACTIVE && is_failure(progress->phase))
        complain(task, progress);
    else
        task_release(task);
    return state != STATE_DEPLOYING;
}

static void
report(Progress *progress, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node =
        db_record_find(progress->conductor->services.db, &node_resource, "uuid", uuid, &error);
    if (node == NULL || !concerns_us(state_from_wire(node->provision_state), progress->phase)) {
        progress_free(progress);
        return;
    }
    Task *task = task_acquire(progress->conductor, uuid, TASK_EXCLUSIVE, "boot progress", &error);
    if (task != NULL && !take_report(task, progress))
        steel_fail(&error, STEEL_ERROR_LOCKED, "the deploy does not wait yet");
    if (error != NULL)
        try_again(progress, error);
    else
        progress_free(progress);
}

static void
progress_job(void *data)
{
    Progress *progress = data;
    g_autofree char *uuid = node_of_mac(progress->conductor, progress->mac);
    if (uuid == NULL) {
        progress_free(progress);
        return;
    }
    log_context_node(uuid);
    if (progress->attempts_left == ATTEMPTS)
        log_info("conductor.boot", "%s%s%s", progress->phase, progress->detail != NULL ? ": " : "",
                 progress->detail != NULL ? progress->detail : "");
    report(progress, uuid);
    log_context_node(NULL);
}

void
conductor_boot_progress(Conductor *conductor, const char *mac, const char *phase,
                        const char *detail)
{
    Progress *progress = g_new0(Progress, 1);
    *progress = (Progress){conductor, g_strdup(mac), g_strdup(phase), g_strdup(detail), ATTEMPTS};
    if (!conductor_defer(conductor, progress_job, progress))
        progress_free(progress);
}

/* The wait of a node whose machine spoke, or may have spoken, while nobody listened: the machine starts over. */
static void
boot_again(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool waits = task_state(task) == STATE_DEPLOYWAIT && !task_failing(task, NULL) &&
                 !task_conductor(task)->stopping;
    int64_t limit_s = config_integer(config_current(), OPT_DEPLOY_BOOT_PROGRESS_TIMEOUT);
    if (waits) {
        task_phase_begin(task, "boot_again", "the service was restarted: the machine boots again");
        task->node->wait_deadline_ms = steady_now_ms() + limit_s * 1000;
        info_remove(task->node, INFO_BOOT_PROGRESS);
    }
    if (waits && !power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, &error))
        log_warning("conductor.boot", "the machine could not be started again: %s", error->message);
    if (waits)
        boot_begin_phase(task);
    task_release(task);
}

void
boot_progress_recover(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = db_records_where(
        conductor->services.db, &node_resource,
        "provision_state = 'wait call-back' AND reservation IS NULL AND maintenance = 0", NULL, 0,
        &error);
    for (guint i = 0; nodes != NULL && i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if (!info_has(node, INFO_BOOT))
            continue; /* it waits for an agent, which will call again by itself */
        Task *task = task_acquire(conductor, node->uuid, TASK_EXCLUSIVE, "boot again", &error);
        if (task != NULL)
            task_spawn_later(task, 0, boot_again);
        g_clear_error(&error);
    }
    if (error != NULL)
        log_warning("conductor.boot", "waiting nodes could not be listed: %s", error->message);
}
