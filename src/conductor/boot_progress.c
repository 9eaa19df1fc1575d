/* Applies what machines report to the boot file server: the reports become phases of a deploy, and
 * end its wait.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/boot_progress.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "db/nodes.h"
#include "db/records.h"
#include "drivers/boot/boot.h"
#include "drivers/power_action.h"
#include "netboot/boot_record.h"

/* Refusals for deployed nodes: one per node is logged in ten minutes, for this many nodes. */
#define REFUSAL_EVERY_MS (10 * 60 * 1000)
#define REFUSED_LIMIT 4096

/* The machine's reports in this operation, as INFO_BOOT_PROGRESS keeps them: {"phase", "detail"?,
 * "scripts"?, "refused"?, "refusal"?}. */
typedef struct Progress {
    BootPhase phase; /* BOOT_PHASE_COUNT: none yet */
    char *detail;    /* owned */
    int64_t scripts; /* how often its script was served */
    int64_t refused; /* how often it was refused */
    char *refusal;   /* owned; the last reason */
} Progress;

static void
progress_clear(Progress *progress)
{
    g_free(progress->detail);
    g_free(progress->refusal);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Progress, progress_clear)

static void
progress_read(const Node *node, Progress *progress)
{
    const json_t *object = info_json(node, INFO_BOOT_PROGRESS);
    *progress = (Progress){
        .phase = boot_phase_from_word(json_string_member(object, "phase")),
        .detail = g_strdup(json_string_member(object, "detail")),
        .refusal = g_strdup(json_string_member(object, "refusal")),
    };
    json_integer_member(object, "scripts", &progress->scripts);
    json_integer_member(object, "refused", &progress->refused);
}

static void
progress_write(Node *node, const Progress *progress)
{
    bool said = progress->phase != BOOT_PHASE_COUNT;
    info_set_json(node, INFO_BOOT_PROGRESS,
                  json_pack("{s:s*,s:s*,s:I,s:I,s:s*}", "phase",
                            said ? boot_phase_info(progress->phase)->word : NULL, "detail",
                            progress->detail, "scripts", (json_int_t)progress->scripts, "refused",
                            (json_int_t)progress->refused, "refusal", progress->refusal));
}

/* Adds a report to the progress. Returns true if it is news and no repetition. */
static bool
progress_add(Progress *progress, const PendingReport *report)
{
    if (report->phase == BOOT_PHASE_SCRIPT_REFUSED) {
        progress->refused += report->count;
        g_free(progress->refusal);
        progress->refusal = g_strdup(report->detail);
        return false;
    }
    bool served = report->phase == BOOT_PHASE_SCRIPT_SERVED;
    bool news = !served || progress->scripts == 0;
    if (served)
        progress->scripts += report->count;
    if (!news)
        return false;
    progress->phase = report->phase;
    g_free(progress->detail);
    progress->detail = g_strdup(report->detail);
    return true;
}

static const char *
words_of(const char *detail)
{
    return detail != NULL && *detail != '\0' ? detail : "no reason given";
}

/* The sentences about a machine, by what it boots. */
static const struct {
    const char *phase, *asked, *silent, *failed, *unusable, *later;
} mode_words[BOOT_MODE_COUNT] = {
    [BOOT_MODE_ISCSI] = {"iscsi_login", "attaches its volume",
                         "did not say whether it could attach its volume",
                         "the machine could not attach its volume",
                         "the machine cannot boot from its volume",
                         "the machine could not boot from its volume"},
    [BOOT_MODE_NFS] = {"load_kernel", "loads its kernel",
                       "did not say whether it could load its kernel",
                       "the machine could not load its kernel",
                       "the machine cannot boot from its root file system on NFS",
                       "the machine could not load its kernel"},
    [BOOT_MODE_INSTANCE] = {"load_kernel", "loads its kernel",
                            "did not say whether it could load its kernel",
                            "the machine could not load its kernel",
                            "the machine cannot boot the ramdisk that it is deployed with",
                            "the machine could not load its kernel"},
    [BOOT_MODE_ISO] = {"load_iso", "opens its ISO", "did not say whether it could open its ISO",
                       "the machine could not open its ISO",
                       "the machine cannot boot the ISO that it is deployed with",
                       "the machine could not boot its ISO"},
    [BOOT_MODE_RAMDISK] = {"load_ramdisk", "loads the ramdisk",
                           "the agent of its ramdisk did not call in time",
                           "the machine could not load its ramdisk",
                           "the machine cannot boot its ramdisk",
                           "the machine could not load its ramdisk"},
};

/* Without a boot record the sentences are those of a volume. */
static BootMode
mode_of(const Node *node)
{
    for (BootMode mode = 0; mode < BOOT_MODE_COUNT; mode++)
        if (mode_words[mode].phase != NULL && boot_record_is(node, mode))
            return mode;
    return BOOT_MODE_ISCSI;
}

/* The detail of the open phase. */
static char *
progress_words(const Progress *progress, BootMode mode)
{
    GString *words = g_string_new(NULL);
    if (progress->phase == BOOT_PHASE_COUNT)
        g_string_append(words, "waiting for the machine to ask for its boot script");
    else if (progress->phase == BOOT_PHASE_SCRIPT_SERVED)
        g_string_append_printf(words, "the machine has its boot script and %s",
                               mode_words[mode].asked);
    else
        g_string_append_printf(words, "last attempt failed: %s", words_of(progress->detail));
    if (progress->scripts > 1)
        g_string_append_printf(words, "; it has asked for its script %lld times",
                               (long long)progress->scripts);
    if (progress->refused > 0)
        g_string_append_printf(words, "; the script was refused %lld times: %s",
                               (long long)progress->refused, words_of(progress->refusal));
    return g_string_free(words, FALSE);
}

char *
boot_progress_late(const Node *node)
{
    g_auto(Progress) progress;
    progress_read(node, &progress);
    BootMode mode = mode_of(node);
    if (progress.phase == BOOT_PHASE_SCRIPT_SERVED)
        return g_strdup_printf("the machine fetched its boot script, but %s",
                               mode_words[mode].silent);
    if (progress.phase != BOOT_PHASE_COUNT)
        return g_strdup_printf("%s: %s", mode_words[mode].failed, words_of(progress.detail));
    if (progress.refused > 0)
        return g_strdup_printf("powered on, but nobody who asked for the boot script might have "
                               "it: %s",
                               words_of(progress.refusal));
    return g_strdup("powered on, but nothing asked for a boot file: check that the machine boots "
                    "from the network, that the MAC address of its port is right and that it can "
                    "reach the boot file server");
}

/* ---- a deploy that waits ---- */

static void
save(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!task_save(task, &error))
        log_warning("conductor.boot", "the machine's progress could not be saved: %s",
                    error->message);
}

/* On a worker: switching the machine off takes time. */
static void
boot_progress_give_up(Task *task)
{
    g_autoptr(GError) cause = NULL;
    g_auto(Progress) progress;
    progress_read(task->node, &progress);
    BootMode mode = mode_of(task->node);
    bool unusable = progress.phase == BOOT_PHASE_UNUSABLE;
    steel_fail(&cause, STEEL_ERROR_DEPLOY_FAILED, "%s%s: %s",
               unusable ? mode_words[mode].unusable : mode_words[mode].failed,
               unusable ? "" : " and gave up", words_of(progress.detail));
    task_phase_end(task, "failed", cause->message);
    provision_wait_fail(task, cause);
}

/* Ends the wait: a worker resumes the node. Returns false if there is none, or if the report must
 * be offered again; the task stays the caller's then. */
static bool
end_wait(Task **task, const PendingReport *report)
{
    g_autoptr(GError) error = NULL;
    bool good = boot_phase_info(report->phase)->effect == BOOT_EFFECT_RESUME;
    if (good)
        task_phase_end(*task, "ok", report->detail);
    save(*task);
    if (task_spawn(task, good ? provision_resume : boot_progress_give_up, &error))
        return true;
    log_warning("conductor.boot", "what the machine said has to wait: %s", error->message);
    return false;
}

/* The agent of the ramdisk has called since, so that the deploy is further than the report, which
 * had to wait for the node's lock. */
static bool
agent_was_first(const Node *node, BootMode mode)
{
    return mode == BOOT_MODE_RAMDISK && info_has(node, INFO_AGENT_URL);
}

/* Opens or describes the phase in which the machine boots. */
static void
tell_phase(Task *task, const Progress *progress, BootMode mode, bool begins)
{
    if (agent_was_first(task->node, mode))
        return;
    g_autofree char *words = progress_words(progress, mode);
    if (begins)
        task_phase_begin(task, mode_words[mode].phase, words);
    else
        task_phase_note(task, words);
}

/* Stores the node's reports. A report that ends the wait hands the task to a worker: *task is NULL
 * then, and later reports are offered again when the lock is free. */
static void
take_waiting(Task **task, GQueue *reports)
{
    g_auto(Progress) progress;
    BootMode mode = mode_of((*task)->node);
    progress_read((*task)->node, &progress);
    while (*task != NULL && !g_queue_is_empty(reports)) {
        const PendingReport *report = g_queue_peek_head(reports);
        BootEffect effect = boot_phase_info(report->phase)->effect;
        bool news = progress_add(&progress, report);
        progress_write((*task)->node, &progress);
        if ((effect == BOOT_EFFECT_RESUME || effect == BOOT_EFFECT_FAIL) && !end_wait(task, report))
            return;
        if (*task != NULL)
            tell_phase(*task, &progress, mode, news && effect == BOOT_EFFECT_BEGIN);
        pending_report_free(g_queue_pop_head(reports));
    }
    if (*task != NULL)
        save(*task);
}

/* ---- a machine that is deployed ---- */

/* The machine had its volume or its kernel, so the deploy has ended. A later failure goes into
 * last_error and the history. */
static void
note_later_failure(Task *task, const PendingReport *report)
{
    g_autofree char *text =
        g_strdup_printf("%s (%s): %s", mode_words[mode_of(task->node)].later,
                        boot_phase_info(report->phase)->word, words_of(report->detail));
    record_set_text(&task->node->last_error, text);
    history_add(task, "ERROR", "monitoring", text);
}

/* A client asked in vain for the script of a machine that no deploy boots. */
static void
note_refusal(Task *task, const PendingReport *report)
{
    g_autofree char *text = g_strdup_printf("the boot script was refused %u times: %s",
                                            report->count, words_of(report->detail));
    history_add(task, "ERROR", "monitoring", text);
    if (task->node->operation_uuid != NULL)
        return;
    task_operation_begin(task, "boot");
    task_phase_begin(task, boot_phase_info(report->phase)->word, text);
    task_operation_end(task, "failed", NULL);
}

static void
take_deployed(Task *task, GQueue *reports)
{
    for (PendingReport *report; (report = g_queue_pop_head(reports)) != NULL;) {
        if (boot_phase_is_failure(report->phase))
            note_later_failure(task, report);
        else if (report->phase == BOOT_PHASE_SCRIPT_REFUSED)
            note_refusal(task, report);
        pending_report_free(report);
    }
    save(task);
}

/* ---- reports ---- */

static bool
is_deploying(ProvisionState state)
{
    return state == STATE_DEPLOYING || state == STATE_DEPLOYWAIT;
}

/* True for a report about a running deploy or a deployed machine. */
static bool
is_relevant(ProvisionState state, BootPhase phase)
{
    return is_deploying(state) || (state == STATE_ACTIVE && (boot_phase_is_failure(phase) ||
                                                             phase == BOOT_PHASE_SCRIPT_REFUSED));
}

static gboolean
refusal_is_old(void *key, void *value, void *now_ms)
{
    (void)key;
    return *(int64_t *)now_ms - *(int64_t *)value > REFUSAL_EVERY_MS;
}

/* Anybody can cause refusals without a login, so a deployed node's are logged only once in a
 * while. */
static bool
refusal_is_due(Conductor *conductor, const char *node_uuid)
{
    int64_t now = time_monotonic_ms();
    lock_acquire(&conductor->guard);
    g_hash_table_foreach_remove(conductor->refused, refusal_is_old, &now);
    bool due = g_hash_table_size(conductor->refused) < REFUSED_LIMIT &&
               !g_hash_table_contains(conductor->refused, node_uuid);
    if (due) {
        int64_t *at_ms = g_new(int64_t, 1);
        *at_ms = now;
        g_hash_table_insert(conductor->refused, g_strdup(node_uuid), at_ms);
    }
    lock_release(&conductor->guard);
    return due;
}

static void
drop(GQueue *reports, GList *link)
{
    pending_report_free(link->data);
    g_queue_delete_link(reports, link);
}

/* Drops reports that mean nothing in the node's state; returns true if any are left. */
static bool
drop_irrelevant(ProvisionState state, GQueue *reports)
{
    for (GList *link = reports->head, *next; link != NULL; link = next) {
        next = link->next;
        if (!is_relevant(state, ((const PendingReport *)link->data)->phase))
            drop(reports, link);
    }
    return !g_queue_is_empty(reports);
}

/* Drops refusals for a deployed node that were logged a short time ago. */
static bool
drop_repeated_refusals(Conductor *conductor, const Node *node, GQueue *reports)
{
    if (is_deploying(state_from_wire(node->provision_state)))
        return true;
    for (GList *link = reports->head, *next; link != NULL; link = next) {
        next = link->next;
        if (((const PendingReport *)link->data)->phase == BOOT_PHASE_SCRIPT_REFUSED &&
            !refusal_is_due(conductor, node->uuid))
            drop(reports, link);
    }
    return !g_queue_is_empty(reports);
}

static void
take_locked(Task *task, GQueue *reports)
{
    ProvisionState state = task_state(task);
    if (drop_irrelevant(state, reports) && state == STATE_DEPLOYWAIT)
        take_waiting(&task, reports);
    else if (state == STATE_ACTIVE)
        take_deployed(task, reports);
    task_release(task); /* the deploy does not wait yet: the reports stay */
}

/* True if the node is gone, or this conductor no longer serves its driver. */
static void
forget(GQueue *reports, const GError *error)
{
    if (steel_error_is(error, STEEL_ERROR_LOCKED) || database_failed(error))
        return;
    log_debug("conductor.boot", "reports are of no use: %s", error->message);
    g_queue_clear_full(reports, pending_report_free);
}

void
boot_progress_take(void *user, const char *node_uuid, GQueue *reports)
{
    Conductor *conductor = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(Node) node =
        db_record_find(conductor->services.db, &node_resource, "uuid", node_uuid, &error);
    if (node != NULL && (!drop_irrelevant(state_from_wire(node->provision_state), reports) ||
                         !drop_repeated_refusals(conductor, node, reports)))
        return;
    log_context_node(node_uuid);
    Task *task = node != NULL
                     ? task_acquire(conductor, node_uuid, TASK_EXCLUSIVE, "boot progress", &error)
                     : NULL;
    if (task != NULL)
        take_locked(task, reports);
    else
        forget(reports, error);
    log_context_node(NULL);
}

bool
conductor_boot_report(Conductor *conductor, const BootReport *report, GError **error)
{
    if (conductor->stopping)
        return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR, "the service is stopping");
    return boot_reports_add(conductor->reports, report, error);
}

void
boot_reports_run(Conductor *conductor)
{
    boot_reports_tick(conductor->reports);
}

/* ---- after a restart ---- */

/* Restarts a machine whose report may have come while no process listened. */
static void
boot_progress_restart(Task *task)
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
boot_progress_recover_node(Conductor *conductor, const Node *node)
{
    /* The other nodes wait for an agent, which will call again by itself. */
    if (boot_record_reports(node) && !node->maintenance && node->reservation == NULL)
        g_queue_push_tail(&conductor->boot_again, g_strdup(node->uuid));
}

void
boot_progress_recover(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes =
        db_nodes_in_state(conductor->services.db, STATE_DEPLOYWAIT, &error);
    for (guint i = 0; nodes != NULL && i < nodes->len; i++)
        if (ring_was_mine(conductor, nodes->pdata[i]))
            boot_progress_recover_node(conductor, nodes->pdata[i]);
    if (error != NULL)
        log_warning("conductor.boot", "waiting nodes could not be listed: %s", error->message);
}

/* Returns false if no worker is free: the node has to wait. */
static bool
spawn_boot_again(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "boot again", &error);
    if (task == NULL) /* locked or gone */
        return true;
    bool spawned = task_spawn(&task, boot_progress_restart, &error);
    task_release(task);
    return spawned;
}

void
boot_again_run(Conductor *conductor)
{
    int64_t most = config_integer(config_current(), OPT_CONDUCTOR_PERIODIC_MAX_WORKERS);
    for (int64_t i = 0; i < most && !g_queue_is_empty(&conductor->boot_again); i++) {
        if (!spawn_boot_again(conductor, g_queue_peek_head(&conductor->boot_again)))
            return;
        g_free(g_queue_pop_head(&conductor->boot_again));
    }
}
