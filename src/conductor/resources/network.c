/* Ports and port groups: they must not change under a running machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/network.h"
#include "conductor/resources/resources.h"
#include "conductor/transition.h"
#include "db/ports.h"
#include "db/records.h"
#include "drivers/network/network.h"
#include "drivers/task.h"
#include "model/json_patch.h"
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

static bool
same_network(const Port *port, const char *theirs, GError **error)
{
    const char *mine = port->physical_network;
    return g_strcmp0(mine, theirs) == 0 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "port %s with physical network %s can not be in port group %s, whose "
                      "physical network is %s",
                      port->address, mine != NULL ? mine : "none", port->portgroup_uuid,
                      theirs != NULL ? theirs : "none");
}

/* All ports of a group have the same physical network, or none. The first one to join must have
 * that of the group, if the group has one; a port that is alone in it may change its own, and the
 * group follows. */
static bool
group_network_fits(Db *db, const Port *port, const Portgroup *group, GError **error)
{
    g_autoptr(GPtrArray) others = db_portgroup_member(db, group->uuid, port->uuid, error);
    if (others == NULL)
        return false;
    if (others->len > 0)
        return same_network(port, ((const Port *)g_ptr_array_index(others, 0))->physical_network,
                            error);
    if (group->physical_network == NULL)
        return true;
    g_autoptr(GPtrArray) alone = db_portgroup_member(db, group->uuid, NULL, error);
    return alone != NULL && (alone->len > 0 || same_network(port, group->physical_network, error));
}

static bool
port_fits(Db *db, const void *record, GError **error)
{
    const Port *port = record;
    if (port->physical_network != NULL && *port->physical_network == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "physical_network must not be empty; null stands for none");
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
    return group_network_fits(db, port, group, error);
}

/* The physical network of a port that joins a group, or is alone in it, becomes the group's. */
static bool
port_follow(Db *db, const json_t *patch, const void *record, GError **error)
{
    const Port *port = record;
    bool asked = patch == NULL || json_patch_touches(patch, "portgroup_uuid") ||
                 json_patch_touches(patch, "physical_network");
    if (port->portgroup_uuid == NULL || !asked)
        return true;
    g_autoptr(Portgroup) group = (Portgroup *)(uintptr_t)group_of(db, port->portgroup_uuid, error);
    if (group == NULL || g_strcmp0(group->physical_network, port->physical_network) == 0)
        return group != NULL;
    g_autoptr(Portgroup) original = record_copy(&portgroup_resource, group);
    record_set_text(&group->physical_network, port->physical_network);
    return db_record_save(db, &portgroup_resource, group, original, error);
}

static bool
port_before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return local_link_normalize(((Port *)record)->local_link_connection, error);
}

/* The states in which a machine's wiring may change. */
static bool
wiring_free(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return node->maintenance || state == STATE_ENROLL || state == STATE_INSPECTING ||
           state == STATE_INSPECTWAIT || state == STATE_MANAGEABLE;
}

static bool
is_deployed(const Node *node)
{
    return state_from_wire(node->provision_state) == STATE_ACTIVE || node->instance_uuid != NULL;
}

static bool
port_wiring_free(const Node *node, const Port *port, const char *field, GError **error)
{
    return wiring_free(node) ||
           steel_fail(error, STEEL_ERROR_INVALID_STATE,
                      "Port %s can not have %s changed while node %s is in state %s; legal in "
                      "enroll, inspecting, inspect wait and manageable, or in maintenance",
                      port->uuid, field, node->uuid, node->provision_state);
}

/* A port with a VIF stays on its node. */
static bool
port_is_free(const Node *node, const Port *port, const char *verb, GError **error)
{
    const char *vif = json_string_member(port->internal_info, "tenant_vif_port_id");
    return vif == NULL || node->maintenance ||
           steel_fail(error, STEEL_ERROR_CONFLICT, "Cannot %s port %s: VIF %s is attached to it",
                      verb, port->uuid, vif);
}

static bool
port_before_update(const Change *change, void *record, const void *original, GError **error)
{
    static const char *const wiring[] = {"portgroup_uuid", "pxe_enabled", "local_link_connection",
                                         "physical_network", "node_uuid"};
    const Node *node = change->now;
    const Port *before = original;
    Port *port = record;
    if (!json_equal(port->local_link_connection, before->local_link_connection) &&
        !local_link_normalize(port->local_link_connection, error))
        return false;
    if (strcmp(port->address, before->address) != 0 && is_deployed(node) && !node->maintenance)
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE,
            "Cannot update the address of port %s: node %s is deployed and not in maintenance",
            port->uuid, node->uuid);
    for (size_t i = 0; i < G_N_ELEMENTS(wiring); i++)
        if (!record_same(resource_field(&port_resource, wiring[i]), record, original) &&
            !(port_wiring_free(node, port, wiring[i], error) &&
              port_wiring_free(change->next, port, wiring[i], error)))
            return false;
    return change->next == node || port_is_free(node, port, "move", error);
}

/* A VIF has the address of the port or port group that it is attached to. */
static bool
tell_address(const VerbCall *call, const Change *change, const json_t *info, const char *address,
             GError **error)
{
    const char *vif = json_string_member(info, "tenant_vif_port_id");
    if (vif == NULL || address == NULL)
        return true;
    g_autoptr(Task) task = task_new(&call->conductor->services, node_copy(change->now), error);
    return task != NULL && network_vif_set_address(task, vif, address, error);
}

/* DHCP knows an InfiniBand port by its client-id. */
static bool
tell_client_id(const VerbCall *call, const Change *change, const Port *port, const Port *before,
               GError **error)
{
    const char *vif = json_string_member(port->internal_info, "tenant_vif_port_id");
    const char *client_id = json_string_member(port->extra, "client-id");
    if (vif == NULL || g_strcmp0(client_id, json_string_member(before->extra, "client-id")) == 0)
        return true;
    g_autoptr(Task) task = task_new(&call->conductor->services, node_copy(change->now), error);
    return task != NULL && network_vif_set_client_id(task, vif, client_id, error);
}

static bool
port_before_save(const VerbCall *call, const Change *change, const void *record,
                 const void *original, GError **error)
{
    const Port *port = record, *before = original;
    return (strcmp(port->address, before->address) == 0 ||
            tell_address(call, change, port->internal_info, port->address, error)) &&
           tell_client_id(call, change, port, before, error);
}

static bool
port_before_destroy(const Change *change, const void *record, GError **error)
{
    const Port *port = record;
    const Node *node = change->now;
    if (!port_is_free(node, port, "delete", error))
        return false;
    bool deployed =
        state_from_wire(node->provision_state) == STATE_ACTIVE && node->instance_uuid != NULL;
    return !deployed || node->maintenance ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "Cannot delete port %s: node %s is deployed and not in maintenance",
                      port->uuid, node->uuid);
}

/* To a group an empty name of a network is none; its ports, which have the group's, refuse it. */
static void
no_empty_network(Portgroup *group)
{
    if (group->physical_network != NULL && *group->physical_network == '\0')
        record_set_text(&group->physical_network, NULL);
}

static bool
portgroup_before_create(Conductor *conductor, void *record, GError **error)
{
    Portgroup *group = record;
    (void)conductor;
    if (group->mode != NULL && *group->mode == '\0') /* the client asks for the default */
        record_set_text(&group->mode, "active-backup");
    no_empty_network(group);
    return group->name == NULL || node_name_valid(group->name, error);
}

/* A group with ports cannot be deleted, since its ports stay on the node. */
static bool
portgroup_is_empty(Db *db, const Portgroup *group, GError **error)
{
    g_autoptr(GPtrArray) ports = db_portgroup_member(db, group->uuid, NULL, error);
    if (ports == NULL)
        return false;
    return ports->len == 0 ||
           steel_fail(error, STEEL_ERROR_BAD_REQUEST,
                      "Cannot complete the requested action because port group %s contains ports.",
                      group->uuid);
}

/* A group with ports cannot move to another node, since its ports would stay. */
static bool
portgroup_fits(Db *db, const void *record, GError **error)
{
    const Portgroup *group = record;
    bool strays = false;
    return db_portgroup_has_strays(db, group->uuid, group->node_uuid, &strays, error) &&
           (!strays || portgroup_is_empty(db, group, error));
}

/* The ports of a group have its physical network. */
static bool
portgroup_follow(Db *db, const json_t *patch, const void *record, GError **error)
{
    const Portgroup *group = record;
    if (patch == NULL || !json_patch_touches(patch, "physical_network"))
        return true;
    g_autoptr(GPtrArray) ports = db_portgroup_ports(db, group->uuid, error);
    for (guint i = 0; ports != NULL && i < ports->len; i++) {
        Port *port = g_ptr_array_index(ports, i);
        g_autoptr(Port) original = record_copy(&port_resource, port);
        record_set_text(&port->physical_network, group->physical_network);
        if (!db_record_save(db, &port_resource, port, original, error))
            return false;
    }
    return ports != NULL;
}

static bool
portgroup_wiring_free(const Node *node, const Portgroup *group, GError **error)
{
    return wiring_free(node) ||
           steel_fail(error, STEEL_ERROR_INVALID_STATE,
                      "Port group %s can not be moved to another node while node %s is in state %s",
                      group->uuid, node->uuid, node->provision_state);
}

static bool
portgroup_before_update(const Change *change, void *record, const void *original, GError **error)
{
    Portgroup *group = record;
    const Portgroup *before = original;
    const Node *node = change->now;
    no_empty_network(group);
    if (group->name != NULL && !node_name_valid(group->name, error))
        return false;
    if (g_strcmp0(group->address, before->address) != 0 && is_deployed(node) && !node->maintenance)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "Cannot update the address of port group %s: node %s is deployed and not "
                          "in maintenance",
                          group->uuid, node->uuid);
    return change->next == node || (portgroup_wiring_free(node, group, error) &&
                                    portgroup_wiring_free(change->next, group, error));
}

static bool
portgroup_before_save(const VerbCall *call, const Change *change, const void *record,
                      const void *original, GError **error)
{
    const Portgroup *group = record, *before = original;
    return g_strcmp0(group->address, before->address) == 0 ||
           tell_address(call, change, group->internal_info, group->address, error);
}

static bool
delete_empty_portgroup(Db *db, void *user_data, GError **error)
{
    const Portgroup *group = user_data;
    return portgroup_is_empty(db, group, error) &&
           db_record_delete(db, &portgroup_resource, group->uuid, error);
}

/* Ports are created without their node's lock, so the check for ports and the delete are one
 * transaction. */
static json_t *
portgroup_destroy(VerbCall *call, void *record, GError **error)
{
    return db_transaction(call->conductor->services.db, DB_READ_MODIFY_WRITE,
                          delete_empty_portgroup, record, error)
               ? json_object()
               : NULL;
}

const ResourceRules port_rules = {
    .resource = &port_resource,
    .owned_by_node = true,
    .before_create = port_before_create,
    .before_update = port_before_update,
    .before_save = port_before_save,
    .before_destroy = port_before_destroy,
    .fits = port_fits,
    .follow = port_follow,
};

const ResourceRules portgroup_rules = {
    .resource = &portgroup_resource,
    .owned_by_node = true,
    .before_create = portgroup_before_create,
    .before_update = portgroup_before_update,
    .before_save = portgroup_before_save,
    .fits = portgroup_fits,
    .follow = portgroup_follow,
    .destroy = portgroup_destroy,
};
