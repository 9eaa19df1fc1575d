/* Nodes whose conductor died in the middle: their locks are void with its lease; what their state stands for is taken up
 * again from the stored step, by whoever finds them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "conductor/provision/provision.h"
#include "db/nodes.h"
#include "db/records.h"

static bool
clear_void_locks(Conductor *conductor, GError **error)
{
    /* Our own lease counts whatever the clock says: it may have jumped, or the database not have answered for a while. */
    const DbValue values[] = {db_integer(time_now_ms()), db_text(conductor->lease)};
    return db_execute(conductor->services.db,
                      "UPDATE nodes SET reservation = NULL, reservation_lease = NULL, "
                      "reservation_purpose = NULL, "
                      "reserved_at_ms = 0 WHERE reservation IS NOT NULL AND "
                      "COALESCE(reservation_lease, '') <> ?2 AND NOT EXISTS (SELECT 1 "
                      "FROM conductors c "
                      "WHERE c.lease = nodes.reservation_lease AND c.lease_expires_ms > ?1)",
                      values, G_N_ELEMENTS(values), NULL, error);
}

/* The timeline's open phases were of a life that is over. */
static void
end_open_phases(Task *task)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(time_text_ms(time_now_ms(), now)), db_text(task->node->uuid)};
    g_autoptr(GError) error = NULL;
    if (!db_execute(task->services->db,
                    "UPDATE timeline SET finished_at = ?1, result = 'interrupted', detail = "
                    "COALESCE(detail, 'the service was restarted') WHERE node_uuid = ?2 AND "
                    "finished_at IS NULL",
                    values, G_N_ELEMENTS(values), NULL, &error))
        log_warning("conductor.takeover", "%s", error->message);
}

/* A power change that was under way is over: what came of it is read by the next power sync. */
static void
forget_power_change(Task *task)
{
    static const char text[] = "The power change was interrupted: the service ended before it had "
                               "come about; check the power state and ask again";
    g_autoptr(GError) error = NULL;
    record_set_text(&task->node->target_power_state, NULL);
    record_set_text(&task->node->last_error, text);
    json_object_del(task->node->driver_internal_info, "power_request");
    history_add(task, "ERROR", "power", text);
    if (json_object_get(task->node->driver_internal_info, "operation") == NULL)
        end_open_phases(task);
    if (!task_save(task, &error))
        log_warning("conductor.takeover", "%s", error->message);
}

/* The work goes on by steps, in the same operation; every other work begins anew. */
static void
prepare_work(Task *task)
{
    end_open_phases(task);
    steps_interrupted(task);
    bool goes_on = (task_state(task) == STATE_DEPLOYING && steps_planned(task, STEP_KIND_DEPLOY)) ||
                   (task_state(task) == STATE_CLEANING && steps_planned(task, STEP_KIND_CLEAN));
    if (!goes_on)
        task_operation_end(task, "interrupted", NULL);
}

static void
go_on(Task *task)
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
    if (!db_node_reserve(conductor->services.db, uuid, conductor->hostname, conductor->lease,
                         "takeover", &error))
        return false;
    Node *node = db_record_find(conductor->services.db, &node_resource, "uuid", uuid, &error);
    if (node != NULL) {
        Task task = {.services = &conductor->services,
                     .node = node,
                     .stored = node_copy(node),
                     .conductor = conductor};
        g_autoptr(GError) reason = g_error_copy(cause);
        g_prefix_error(&reason, "the work in %s cannot go on: ", node->provision_state);
        task_fail(&task, reason);
        node_free(task.node);
        node_free(task.stored);
    }
    task_unlock(conductor, uuid);
    return node != NULL;
}

static void
take_over(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "takeover", &error);
    if (task == NULL) {
        if (steel_error_is(error, STEEL_ERROR_INVALID)) /* its driver is not enabled any more */
            takeover_fail_node(conductor, uuid, error);
        else
            log_debug("conductor.takeover", "%s: %s", uuid, error->message);
        return;
    }
    if (task->node->target_power_state != NULL)
        forget_power_change(task);
    bool orphan = state_info(task_state(task))->flags & STATE_IS_BUSY;
    if (!orphan || !task_spawn(&task, go_on, &error))
        task_release(task);
}

void
takeover_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) condition = g_string_new(
        "reservation IS NULL AND (target_power_state IS NOT NULL OR provision_state IN (");
    const char *separator = "";
    for (int state = 0; state < STATE_COUNT; state++)
        if (state_info((ProvisionState)state)->flags & STATE_IS_BUSY) {
            g_string_append_printf(condition, "%s'%s'", separator,
                                   state_info((ProvisionState)state)->wire);
            separator = ", ";
        }
    g_string_append(condition, ")) LIMIT 100");
    g_autoptr(GPtrArray) nodes = NULL;
    if (clear_void_locks(conductor, &error))
        nodes = db_records_where(conductor->services.db, &node_resource, condition->str, NULL, 0,
                                 &error);
    if (nodes == NULL) {
        log_warning("conductor.takeover", "%s", error->message);
        return;
    }
    for (guint i = 0; i < nodes->len; i++)
        take_over(conductor, ((Node *)nodes->pdata[i])->uuid);
}
