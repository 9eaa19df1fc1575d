/* deleting: switches the machine off, detaches and removes its volumes, and removes all of the
 * instance; cleaning follows.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/provision/provision.h"
#include "db/allocations.h"
#include "db/volumes.h"
#include "drivers/console/console.h"
#include "drivers/deploy/deploy.h"
#include "drivers/network/network.h"
#include "drivers/power/power.h"
#include "drivers/rescue/rescue.h"

bool
tear_down_prepare_verb(Task *task, const json_t *arguments, GError **error)
{
    (void)arguments;
    if (task->node->protected)
        return steel_fail(error, STEEL_ERROR_NODE_PROTECTED,
                          "Node %s is protected and cannot be undeployed, rebuilt or deleted",
                          task->node->uuid);
    const Interface *power = &task->driver.power->interface;
    if (power->validate != NULL && !power->validate(task, error)) {
        g_prefix_error(error,
                       "Failed to validate power info for node %s. Error: ", task->node->uuid);
        return false;
    }
    ProvisionState state = task_state(task);
    bool rescued = state == STATE_RESCUE || state == STATE_RESCUEWAIT ||
                   state == STATE_RESCUEFAIL || state == STATE_UNRESCUEFAIL;
    if (rescued)
        info_set_boolean(task->node, INFO_TEAR_DOWN_RESCUE, true);
    return true;
}

/* Who was at the machine is not any more. The next deploy's end offers the console again. */
static bool
stop_console(Task *task, GError **error)
{
    if (!task->node->console_enabled)
        return true;
    notify_node(task, "console_stop", "start", NULL);
    bool good = console_stop(task, error);
    notify_node(task, "console_stop", good ? "end" : "error", NULL);
    return good;
}

static bool
leave_rescue(Task *task, GError **error)
{
    return !info_remove(task->node, INFO_TEAR_DOWN_RESCUE) || rescue_clean_up(task, error);
}

/* The machine leaves the ramdisk in which it was when the undeploy came. */
static bool
leave_ramdisk(Task *task, GError **error)
{
    return leave_rescue(task, error) && deploy_tear_down_service(task, SERVICE_ENDS_OFF, error);
}

/* Volume targets live as long as the deployment; connectors stay. */
static bool
delete_targets(Task *task, GError **error)
{
    task_forget_lists(task);
    return db_volume_targets_delete(task->services->db, task->node->uuid, error);
}

static bool
tear_down(Task *task, GError **error)
{
    task_phase_begin(task, "clean_up", NULL);
    if (!leave_ramdisk(task, error) || !stop_console(task, error) || !deploy_clean_up(task, error))
        return false;
    task_phase_begin(task, "tear_down", NULL);
    if (!deploy_tear_down(task, error))
        return false;
    task_phase_begin(task, "remove_volume_targets", NULL);
    return delete_targets(task, error);
}

/* One that cannot be detached stays attached: the next undeploy, or the user, detaches it. */
static void
detach_vifs(Task *task)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *vifs = network_vif_list(task, &error);
    size_t index;
    json_t *vif;
    if (vifs == NULL)
        log_warning("conductor.tear_down", "VIFs of node %s stay attached: %s", task->node->uuid,
                    error->message);
    json_array_foreach(vifs, index, vif)
    {
        g_autoptr(GError) cause = NULL;
        const char *id = json_string_member(vif, "id");
        if (id != NULL && !network_vif_detach(task, id, &cause))
            log_warning("conductor.tear_down", "VIF %s stays attached to node %s: %s", id,
                        task->node->uuid, cause->message);
    }
}

/* The instance ends also if an error occurred. */
static void
forget_instance(Task *task)
{
    Node *node = task->node;
    detach_vifs(task);
    if (info_true(node, INFO_AUTOMATIC_LESSEE))
        record_set_text(&node->lessee, NULL);
    info_forget(node, LIFETIME_INSTANCE);
    json_decref(node->instance_info);
    node->instance_info = json_object();
    record_set_text(&node->instance_uuid, NULL);
    record_set_text(&node->instance_name, NULL);
    g_autoptr(GError) error = NULL;
    if (node->allocation_uuid != NULL) {
        if (!db_allocation_forget(task->services->db, node->allocation_uuid, &error))
            log_warning("conductor.tear_down", "the allocation stays: %s", error->message);
        record_set_text(&node->allocation_uuid, NULL);
    }
}

void
tear_down_work(Task *task)
{
    g_autoptr(GError) error = NULL;
    if (task->node->operation_uuid != NULL)
        task_operation_end(task, "aborted", "the node is being undeployed");
    task_operation_start(task, "undeploy");
    bool good = tear_down(task, &error);
    if (!good && work_interrupted(error)) {
        task_release(task);
        return;
    }
    forget_instance(task);
    if (!good) {
        g_prefix_error(&error, "undeploy: ");
        task_fail(task, error);
        task_release(task);
        return;
    }
    task_operation_end(task, "ok", NULL);
    if (task_event_or_log(task, EVENT_CLEAN))
        provision_work_begin_or_queue(task);
    else
        task_release(task);
}
