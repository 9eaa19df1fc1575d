/* Takes over nodes whose conductor died. Its lease voids their locks, and the conductor that finds
 * them resumes their work from the stored step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "conductor/steps/steps.h"
#include "db/nodes.h"
#include "db/timeline.h"

/* Limit of nodes in one run. */
#define TAKEOVER_LIMIT 100

/* Closes the open phases of the dead process in the timeline. */
static void
end_open_phases(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!db_phases_interrupt(task->services->db, task->node->uuid, &error))
        log_warning("conductor.takeover", "%s", error->message);
}

/* Ends a power change that was under way: the next power sync reads its result. */
static void
forget_power_change(Task *task)
{
    static const char text[] = "The power change was interrupted: the service ended before it had "
                               "come about; check the power state and ask again";
    g_autoptr(GError) error = NULL;
    record_set_text(&task->node->target_power_state, NULL);
    record_set_text(&task->node->last_error, text);
    info_remove(task->node, INFO_POWER_REQUEST);
    history_add(task, "ERROR", "takeover", text);
    if (!info_has(task->node, INFO_OPERATION))
        end_open_phases(task);
    if (!task_save(task, &error))
        log_warning("conductor.takeover", "%s", error->message);
}

/* Resumes work in steps at the stored step, in the same operation. Other work begins again. */
static void
prepare_work(Task *task)
{
    end_open_phases(task);
    steps_interrupted(task);
    if (!info_true(task->node, INFO_WORK_BEGUN))
        task_operation_end(task, "interrupted", NULL);
}

static void
takeover_resume(Task *task)
{
    log_info("conductor.takeover", "the node was left in %s: going on",
             task->node->provision_state);
    prepare_work(task);
    provision_work_begin(task);
}

bool
takeover_fail_node(Conductor *conductor, const char *uuid, const GError *cause)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire_without_driver(conductor, uuid, "takeover", &error);
    if (task == NULL)
        return false;
    g_autoptr(GError) reason = g_error_copy(cause);
    g_prefix_error(&reason, "the work in %s cannot go on: ", task->node->provision_state);
    task_fail(task, reason);
    task_release(task);
    return true;
}

static void
take_over(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "takeover", &error);
    if (task == NULL) {
        if (steel_error_is(error, STEEL_ERROR_INVALID)) /* its driver is no longer enabled */
            takeover_fail_node(conductor, uuid, error);
        else
            log_debug("conductor.takeover", "%s: %s", uuid, error->message);
        return;
    }
    if (task->node->target_power_state != NULL)
        forget_power_change(task);
    bool orphan = state_info(task_state(task))->flags & STATE_IS_BUSY;
    if (!orphan || !task_spawn(&task, takeover_resume, &error))
        task_release(task);
}

void
takeover_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    Db *db = conductor->services.db;
    g_autoptr(GPtrArray) nodes = NULL;
    if (db_nodes_clear_void_locks(db, conductor->lease, &error))
        nodes = db_nodes_left_busy(db, TAKEOVER_LIMIT, &error);
    if (nodes == NULL) {
        log_warning("conductor.takeover", "%s", error->message);
        return;
    }
    for (guint i = 0; i < nodes->len; i++)
        take_over(conductor, ((Node *)nodes->pdata[i])->uuid);
}

static void
wake_waiting(Conductor *conductor, ProvisionState state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = db_nodes_in_state(conductor->services.db, state, &error);
    if (nodes == NULL)
        log_warning("conductor.takeover", "%s", error->message);
    for (guint i = 0; nodes != NULL && i < nodes->len; i++)
        if (info_has(nodes->pdata[i], INFO_AGENT_URL))
            provision_heartbeat(conductor, nodes->pdata[i]);
}

void
agents_recover(Conductor *conductor)
{
    for (int kind = 0; kind < STEP_KIND_COUNT; kind++) {
        ProvisionState waiting = step_kind_info((StepKind)kind)->waiting;
        if (waiting != STATE_NONE)
            wake_waiting(conductor, waiting);
    }
}
