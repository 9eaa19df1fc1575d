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
#include "drivers/power_action.h"

/* Limit of nodes in one run. */
#define TAKEOVER_LIMIT 100

/* How many nodes are looked at for one that is to be this conductor's. */
#define OTHERS 20

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

/* The process may have died between the machine and its volumes. */
static void
takeover_settle(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (!power_action_settle(task, &error))
        log_warning("conductor.takeover", "after an interrupted power change: %s", error->message);
    task_release(task);
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
    bool changing = task->node->target_power_state != NULL;
    if (changing)
        forget_power_change(task);
    bool orphan = state_info(task_state(task))->flags & STATE_IS_BUSY;
    if ((!orphan && !changing) ||
        !task_spawn(&task, orphan ? takeover_resume : takeover_settle, &error))
        task_release(task);
}

void
takeover_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    Db *db = conductor->services.db;
    g_autoptr(GPtrArray) nodes = NULL;
    char lease[LEASE_SIZE];
    if (db_nodes_clear_void_locks(db, conductor_lease(conductor, lease), &error))
        nodes = db_nodes_left_busy(db, db_is_shared(db) ? TAKEOVER_LIMIT * OTHERS : TAKEOVER_LIMIT,
                                   &error);
    if (nodes == NULL) {
        log_warning("conductor.takeover", "%s", error->message);
        return;
    }
    unsigned taken = 0;
    for (guint i = 0; i < nodes->len && taken < TAKEOVER_LIMIT; i++) {
        if (!ring_is_mine(conductor, nodes->pdata[i]))
            continue;
        take_over(conductor, ((Node *)nodes->pdata[i])->uuid);
        taken++;
    }
}

/* Resumes the step of a node that waits for its machine or agent. */
static void
wake(Conductor *conductor, const Node *node)
{
    if (info_has(node, INFO_DEPLOY_INFO)) /* it does not call again */
        wakes_add_anyway(conductor->wakes, node->uuid);
    else if (info_true(node, INFO_STEP_RELEASED)) /* the process died before the next step ran */
        wakes_add_anyway(conductor->wakes, node->uuid);
    else if (info_has(node, INFO_AGENT_URL))
        provision_heartbeat(conductor, node);
}

static void
wake_waiting(Conductor *conductor, ProvisionState state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = db_nodes_in_state(conductor->services.db, state, &error);
    if (nodes == NULL)
        log_warning("conductor.takeover", "%s", error->message);
    for (guint i = 0; nodes != NULL && i < nodes->len; i++)
        if (ring_was_mine(conductor, nodes->pdata[i]))
            wake(conductor, nodes->pdata[i]);
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

/* ---- orphans ---- */

/* What the dead conductor's memory had of the node. */
static void
recover_node(Conductor *conductor, const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    bool waits = state != STATE_NONE && state_info(state)->flags & STATE_IS_WAITING;
    log_info("conductor.takeover", "node %s of conductor %s is looked after from here", node->uuid,
             node->conductor_affinity);
    if (waits)
        wake(conductor, node);
    if (state == STATE_DEPLOYWAIT)
        boot_progress_recover_node(conductor, node);
    if (node->console_enabled)
        g_queue_push_tail(&conductor->consoles_left, g_strdup(node->uuid));
}

static void
adopt(Conductor *conductor, const Node *node)
{
    g_autoptr(GError) error = NULL;
    bool adopted = false;
    if (!db_node_adopt(conductor->services.db, node->uuid, node->conductor_affinity,
                       conductor->hostname, &adopted, &error))
        log_warning("conductor.takeover", "%s", error->message);
    else if (adopted)
        recover_node(conductor, node);
}

void
orphans_run(Conductor *conductor)
{
    g_autofree char *last = g_strdup("");
    if (!db_is_shared(conductor->services.db))
        return;
    for (guint found = TAKEOVER_LIMIT; found == TAKEOVER_LIMIT;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) nodes =
            db_nodes_orphaned(conductor->services.db, last, TAKEOVER_LIMIT, &error);
        if (nodes == NULL) {
            log_warning("conductor.takeover", "%s", error->message);
            return;
        }
        for (guint i = 0; i < nodes->len; i++) {
            lease_refresh(conductor); /* thousands of nodes may be adopted */
            if (ring_is_mine(conductor, nodes->pdata[i]))
                adopt(conductor, nodes->pdata[i]);
        }
        found = nodes->len;
        g_free(last);
        last = g_strdup(found > 0 ? ((const Node *)nodes->pdata[found - 1])->uuid : "");
    }
}
