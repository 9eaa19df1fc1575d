/* Volume connectors and targets: what a machine boots from may not change while it is running.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "db/records.h"

#include <string.h>

static bool
powered_off(const Task *task, const char *what, const char *uuid, GError **error)
{
    if (g_strcmp0(task->node->power_state, "power off") == 0)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "%s %s can only be changed while node %s is powered off; it is %s", what,
                      uuid, task->node->uuid,
                      task->node->power_state != NULL ? task->node->power_state
                                                      : "in an unknown power state");
}

/* The node that owns it now, and the one it is to belong to. */
static bool
may_change(const Task *task, const char *what, const char *uuid, const char *node_uuid,
           GError **error)
{
    if (!powered_off(task, what, uuid, error))
        return false;
    if (strcmp(node_uuid, task->node->uuid) == 0)
        return true;
    GError *cause = NULL;
    g_autoptr(Node) node =
        db_record_find(task->services->db, &node_resource, "uuid", node_uuid, &cause);
    if (node == NULL)
        return reference_failed(cause, error);
    const Task new_owner = {.node = node};
    return powered_off(&new_owner, what, uuid, error);
}

static bool
may_destroy(const Task *task, const char *what, const char *uuid, GError **error)
{
    ProvisionState state = task_state(task);
    if (state == STATE_MANAGEABLE || state == STATE_ENROLL || state == STATE_ADOPTFAIL)
        return true;
    return powered_off(task, what, uuid, error);
}

static bool
connector_before_update(Task *task, void *record, const void *original, const json_t *patch,
                        GError **error)
{
    const VolumeConnector *connector = record;
    (void)original;
    (void)patch;
    return may_change(task, "Volume connector", connector->uuid, connector->node_uuid, error);
}

static bool
connector_before_destroy(Task *task, const void *record, GError **error)
{
    return may_destroy(task, "Volume connector", ((const VolumeConnector *)record)->uuid, error);
}

/* 0 is the boot volume; -1 is what Nova says of a volume that is not for booting. */
static bool
boot_index_valid(const VolumeTarget *target, GError **error)
{
    return (target->boot_index >= -1 && target->boot_index <= 1000) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "boot_index must be -1 (not for booting), 0 (the boot volume) or up to 1000");
}

static bool
target_before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return boot_index_valid(record, error);
}

static bool
target_before_update(Task *task, void *record, const void *original, const json_t *patch,
                     GError **error)
{
    const VolumeTarget *target = record;
    (void)original;
    (void)patch;
    return boot_index_valid(target, error) &&
           may_change(task, "Volume target", target->uuid, target->node_uuid, error);
}

static bool
target_before_destroy(Task *task, const void *record, GError **error)
{
    return may_destroy(task, "Volume target", ((const VolumeTarget *)record)->uuid, error);
}

const ResourceRules volume_connector_rules = {
    .resource = &volume_connector_resource,
    .owned_by_node = true,
    .before_update = connector_before_update,
    .before_destroy = connector_before_destroy,
};

const ResourceRules volume_target_rules = {
    .resource = &volume_target_resource,
    .owned_by_node = true,
    .before_create = target_before_create,
    .before_update = target_before_update,
    .before_destroy = target_before_destroy,
};
