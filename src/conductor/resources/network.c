/* Ports and port groups: they may not change under a running machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"
#include "conductor/resources/resources.h"
#include "db/records.h"
#include "model/names.h"

#include <string.h>

static const Portgroup *
group_of(Db *db, const char *uuid, GError **error)
{
    GError *cause = NULL;
    Portgroup *group = db_record_find(db, &portgroup_resource, "uuid", uuid, &cause);
    if (group == NULL)
        reference_failed(cause, error);
    return group;
}

/* The ports of a group are on one physical network, or on none that is known. */
static bool
group_network_fits(Db *db, const Port *port, GError **error)
{
    const DbValue values[] = {db_text(port->portgroup_uuid), db_text(port->uuid)};
    g_autoptr(GPtrArray) members =
        db_records_where(db, &port_resource, "portgroup_uuid = ?1 AND uuid IS NOT ?2 LIMIT 1",
                         values, G_N_ELEMENTS(values), error);
    if (members == NULL || members->len == 0)
        return members != NULL;
    const Port *member = g_ptr_array_index(members, 0);
    const char *mine = port->physical_network, *theirs = member->physical_network;
    return g_strcmp0(mine, theirs) == 0 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "port %s with physical network %s can not be in port group %s, whose ports "
                      "have physical network %s",
                      port->address, mine != NULL ? mine : "none", port->portgroup_uuid,
                      theirs != NULL ? theirs : "none");
}

static bool
port_valid(Db *db, const Port *port, GError **error)
{
    if (port->portgroup_uuid == NULL)
        return true;
    g_autoptr(Portgroup) group = (Portgroup *)(uintptr_t)group_of(db, port->portgroup_uuid, error);
    if (group == NULL)
        return false;
    if (strcmp(group->node_uuid, port->node_uuid) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "port group %s belongs to another node",
                          group->uuid);
    if (port->pxe_enabled && !group->standalone_ports_supported)
        return steel_fail(
            error, STEEL_ERROR_CONFLICT,
            "port %s can not have pxe_enabled: its port group %s does not support standalone ports",
            port->address, group->uuid);
    return group_network_fits(db, port, error);
}

static bool
port_before_create(Conductor *conductor, void *record, GError **error)
{
    Port *port = record;
    return local_link_normalize(port->local_link_connection, error) &&
           port_valid(conductor->services.db, port, error);
}

/* In these states the way a machine is wired may change. */
static bool
wiring_free(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return node->maintenance || state == STATE_ENROLL || state == STATE_INSPECTING ||
           state == STATE_INSPECTWAIT || state == STATE_MANAGEABLE;
}

static bool
port_before_update(Task *task, void *record, const void *original, const json_t *patch,
                   GError **error)
{
    static const char *const wiring[] = {"portgroup_uuid", "pxe_enabled", "local_link_connection",
                                         "physical_network", "node_uuid"};
    const Node *node = task->node;
    const Port *before = original;
    Port *port = record;
    (void)patch;
    if (!json_equal(port->local_link_connection, before->local_link_connection) &&
        !local_link_normalize(port->local_link_connection, error))
        return false;
    bool deployed = task_state(task) == STATE_ACTIVE || node->instance_uuid != NULL;
    if (strcmp(port->address, before->address) != 0 && deployed && !node->maintenance)
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE,
            "Cannot update the address of port %s: node %s is deployed and not in maintenance",
            port->uuid, node->uuid);
    for (size_t i = 0; i < G_N_ELEMENTS(wiring); i++)
        if (!record_same(resource_field(&port_resource, wiring[i]), record, original) &&
            !wiring_free(node))
            return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                              "Port %s can not have %s changed while node %s is in state %s; legal "
                              "in enroll, inspecting, "
                              "inspect wait and manageable, or in maintenance",
                              port->uuid, wiring[i], node->uuid, node->provision_state);
    return port_valid(task->services->db, port, error);
}

static bool
port_before_destroy(Task *task, const void *record, GError **error)
{
    const Port *port = record;
    const char *vif = json_string_member(port->internal_info, "tenant_vif_port_id");
    if (vif != NULL && !task->node->maintenance)
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "Cannot delete port %s: VIF %s is attached to it", port->uuid, vif);
    bool deployed = task_state(task) == STATE_ACTIVE && task->node->instance_uuid != NULL;
    if (deployed && !task->node->maintenance)
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "Cannot delete port %s: node %s is deployed and not in maintenance",
                          port->uuid, task->node->uuid);
    return true;
}

static bool
portgroup_before_create(Conductor *conductor, void *record, GError **error)
{
    const Portgroup *group = record;
    (void)conductor;
    return group->name == NULL || node_name_valid(group->name, error);
}

/* Ports stay with their node: a group that goes away must have none. */
static bool
portgroup_is_empty(Db *db, const Portgroup *group, GError **error)
{
    const DbValue uuid = db_text(group->uuid);
    g_autoptr(GPtrArray) ports =
        db_records_where(db, &port_resource, "portgroup_uuid = ?1 LIMIT 1", &uuid, 1, error);
    if (ports == NULL)
        return false;
    return ports->len == 0 ||
           steel_fail(error, STEEL_ERROR_BAD_REQUEST,
                      "Cannot complete the requested action because port group %s contains ports.",
                      group->uuid);
}

static bool
portgroup_before_update(Task *task, void *record, const void *original, const json_t *patch,
                        GError **error)
{
    const Portgroup *group = record, *before = original;
    (void)patch;
    if (group->name != NULL && !node_name_valid(group->name, error))
        return false;
    bool deployed = task_state(task) == STATE_ACTIVE || task->node->instance_uuid != NULL;
    if (g_strcmp0(group->address, before->address) != 0 && deployed && !task->node->maintenance)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "Cannot update the address of port group %s: node %s is deployed and not "
                          "in maintenance",
                          group->uuid, task->node->uuid);
    if (strcmp(group->node_uuid, before->node_uuid) == 0)
        return true;
    if (!wiring_free(task->node))
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "Port group %s can not be moved to another node while node %s is in "
                          "state %s",
                          group->uuid, task->node->uuid, task->node->provision_state);
    return portgroup_is_empty(task->services->db, group, error);
}

static bool
portgroup_before_destroy(Task *task, const void *record, GError **error)
{
    return portgroup_is_empty(task->services->db, record, error);
}

const ResourceRules port_rules = {
    .resource = &port_resource,
    .owned_by_node = true,
    .before_create = port_before_create,
    .before_update = port_before_update,
    .before_destroy = port_before_destroy,
};

const ResourceRules portgroup_rules = {
    .resource = &portgroup_resource,
    .owned_by_node = true,
    .before_create = portgroup_before_create,
    .before_update = portgroup_before_update,
    .before_destroy = portgroup_before_destroy,
};
