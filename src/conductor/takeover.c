/* Nodes whose conductor died in the middle: their locks are void with its lease; what their state stands for is taken up
 * again from the stored step, by whoever finds them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "conductor/provision/provision.h"
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

/* A power change that was under way is over: what came of it is read by the next power sync. */
static bool
forget_power_changes(Conductor *conductor, GError **error)
{
    return db_execute(
        conductor->services.db,
        "UPDATE nodes SET target_power_state = NULL, last_error = 'The power change was "
        "interrupted by a "
        "restart of the conductor; check the power state' WHERE target_power_state IS NOT NULL AND "
        "reservation IS NULL",
        NULL, 0, NULL, error);
}

static void
take_over(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "takeover", &error);
    if (task == NULL) {
        log_debug("conductor.takeover", "%s: %s", uuid, error->message);
        return;
    }
    bool orphan = state_info(task_state(task))->flags & STATE_IS_BUSY;
    if (orphan)
        log_info("conductor.takeover", "node %s was left in %s: going on", uuid,
                 task->node->provision_state);
    if (!orphan || !task_spawn(&task, provision_work_begin, &error))
        task_release(task);
}

void
takeover_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) condition = g_string_new("reservation IS NULL AND provision_state IN (");
    const char *separator = "";
    for (int state = 0; state < STATE_COUNT; state++)
        if (state_info((ProvisionState)state)->flags & STATE_IS_BUSY) {
            g_string_append_printf(condition, "%s'%s'", separator,
                                   state_info((ProvisionState)state)->wire);
            separator = ", ";
        }
    g_string_append(condition, ") LIMIT 100");
    g_autoptr(GPtrArray) nodes = NULL;
    if (clear_void_locks(conductor, &error) && forget_power_changes(conductor, &error))
        nodes = db_records_where(conductor->services.db, &node_resource, condition->str, NULL, 0,
                                 &error);
    if (nodes == NULL) {
        log_warning("conductor.takeover", "%s", error->message);
        return;
    }
    for (guint i = 0; i < nodes->len; i++)
        take_over(conductor, ((Node *)nodes->pdata[i])->uuid);
}
