/* Creates nodes with the interfaces of their driver, changes them under their lock, and deletes
 * unused ones.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/notify.h"
#include "conductor/resources/resources.h"
#include "conductor/transition.h"
#include "db/allocations.h"
#include "db/nodes.h"
#include "db/records.h"
#include "drivers/power/power.h"
#include "model/internal_info.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/network.h"

#include <string.h>

static bool
valid_conductor_group(const char *group, GError **error)
{
    for (const char *p = group; p != NULL && *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("._-", *p) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "conductor_group may hold a-z, 0-9 and . _ - only");
    return true;
}

static bool
chassis_exists(Db *db, const char *uuid, GError **error)
{
    if (uuid == NULL)
        return true;
    GError *cause = NULL;
    g_autoptr(Chassis) chassis = db_record_find(db, &chassis_resource, "uuid", uuid, &cause);
    return chassis != NULL || reference_failed(cause, error);
}

/* Schedulers calculate with these properties: they are numbers, also as text. */
static bool
property_numbers_valid(const json_t *properties, GError **error)
{
    static const char *const names[] = {"cpus", "memory_mb", "local_gb"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const json_t *value = json_object_get(properties, names[i]);
        int64_t number = 0;
        bool good = value == NULL || json_is_null(value) ||
                    (json_is_real(value) && json_real_value(value) >= 0) ||
                    (json_integer_member(properties, names[i], &number) && number >= 0);
        if (good)
            continue;
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "properties.%s must be a number of at least 0", names[i]);
    }
    return true;
}

static bool
node_valid(Conductor *conductor, const Node *node, GError **error)
{
    if (node->name != NULL && !node_name_valid(node->name, error))
        return false;
    if (node->retired && node->provision_state != NULL &&
        strcmp(node->provision_state, "available") == 0)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "node %s is available: move it to manageable before it is retired",
                          node->uuid);
    if (node->retired_reason != NULL && *node->retired_reason != '\0' && !node->retired)
        return steel_fail(error, STEEL_ERROR_INVALID, "retired_reason needs retired to be true");
    return property_numbers_valid(node->properties, error) &&
           network_data_valid(node->network_data, error) &&
           valid_conductor_group(node->conductor_group, error) &&
           chassis_exists(conductor->services.db, node->chassis_uuid, error);
}

/* Defaults of the configuration for fields that a new node does not set. */
static void
configured_defaults(Node *node, const json_t *values)
{
    const Config *config = config_current();
    if (node->resource_class == NULL || *node->resource_class == '\0')
        record_set_text(&node->resource_class, config_string(config, OPT_DEFAULT_RESOURCE_CLASS));
    if (node->owner != NULL && *node->owner == '\0')
        record_set_text(&node->owner, NULL);
    if (json_object_get(values, "conductor_group") == NULL)
        record_set_text(&node->conductor_group, config_string(config, OPT_DEFAULT_CONDUCTOR_GROUP));
    if (node->provision_state == NULL)
        record_set_text(&node->provision_state, "enroll");
}

/* An instance has the UUID of its allocation: the UUID of another project's allocation is
 * refused. */
static bool
instance_is_free(Db *db, const Node *node, const Node *original, GError **error)
{
    bool foreign = false;
    if (node->instance_uuid == NULL ||
        (original != NULL && g_strcmp0(node->instance_uuid, original->instance_uuid) == 0))
        return true;
    if (!db_instance_is_foreign(db, node, &foreign, error))
        return false;
    return !foreign ||
           steel_fail(error, STEEL_ERROR_CONFLICT, "A node with instance_uuid %s already exists.",
                      node->instance_uuid);
}

static bool
insert(Db *db, void *user_data, GError **error)
{
    Node *node = user_data;
    return instance_is_free(db, node, NULL, error) &&
           db_record_insert(db, &node_resource, node, error);
}

json_t *
node_create(VerbCall *call, const json_t *values, GError **error)
{
    g_autoptr(Node) node = node_new();
    Conductor *conductor = call->conductor;
    if (!record_from_values(&node_resource, node, values, error) ||
        !record_fits_limits(&node_resource, node, NULL, error))
        return NULL;
    configured_defaults(node, values);
    if (!node_valid(conductor, node, error) ||
        !registry_complete_node(conductor->registry, node, error))
        return NULL;
    db_record_identify(&node_resource, node);
    notify_record(&conductor->services, &node_resource, node, "create", "start");
    bool good = db_transaction(conductor->services.db, DB_READ_MODIFY_WRITE, insert, node, error);
    notify_record_end(&conductor->services, &node_resource, node, "create", good);
    return good ? json_pack("{s:s}", "uuid", node->uuid) : NULL;
}

/* Fields that may change at any time. The others may not change in a transient state. */
static bool
state_allows(const Node *node, const json_t *patch, GError **error)
{
    bool only_leaves_instance =
        json_array_size(patch) == 1 && json_patch_clears(patch, "instance_uuid");
    ProvisionState state = state_from_wire(node->provision_state);
    bool update_allowed = state != STATE_NONE && state_info(state)->flags & STATE_UPDATE_ALLOWED;
    if (node->target_provision_state == NULL || update_allowed ||
        (node->maintenance && only_leaves_instance))
        return true;
    return steel_fail(error, STEEL_ERROR_CONFLICT,
                      "Node %s can not be updated while a state transition is in progress.",
                      node->uuid);
}

static bool
interfaces_free(const Node *original)
{
    ProvisionState state = state_from_wire(original->provision_state);
    return original->maintenance ||
           (state != STATE_NONE && state_info(state)->flags & STATE_INTERFACES_FREE);
}

/* Removing the instance of a node with an allocation ends the allocation. */
static bool
releases_allocation(const Node *node, const Node *original)
{
    return original->allocation_uuid != NULL && original->instance_uuid != NULL &&
           node->instance_uuid == NULL;
}

static bool
instance_allows(const Node *node, const Node *original, GError **error)
{
    if (original->instance_uuid != NULL && node->instance_uuid != NULL &&
        strcmp(original->instance_uuid, node->instance_uuid) != 0)
        return steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED,
                          "Node %s is associated with instance %s.", node->uuid,
                          original->instance_uuid);
    if (releases_allocation(node, original) && !interfaces_free(original))
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE,
            "Node %s has an allocation: its instance_uuid cannot be removed in state %s; legal "
            "in enroll, manageable, inspecting, inspect wait and available, or in maintenance.",
            node->uuid, original->provision_state);
    return true;
}

/* A deployed node depends on its interfaces and its resource class. */
static bool
interfaces_allow(Node *node, Node *original, GError **error)
{
    bool changed = original->resource_class != NULL &&
                   g_strcmp0(node->resource_class, original->resource_class) != 0;
    const char *what = "resource_class";
    for (int type = 0; type < INTERFACE_COUNT && !changed; type++) {
        what = "interfaces";
        changed = g_strcmp0(*node_interface_field(node, (InterfaceType)type),
                            *node_interface_field(original, (InterfaceType)type)) != 0;
    }
    if (!changed || interfaces_free(original))
        return true;
    return steel_fail(
        error, STEEL_ERROR_INVALID_STATE,
        "Node %s can not have its %s changed in state %s; legal in enroll, manageable, inspecting, "
        "inspect wait and available, or in maintenance.",
        node->uuid, what, original->provision_state);
}

static bool
protection_allows(Node *node, const Node *original, GError **error)
{
    ProvisionState state = state_from_wire(original->provision_state);
    if (node->protected && !original->protected && state != STATE_ACTIVE && state != STATE_RESCUE)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE,
                          "Node %s can not be protected in state %s, only in active or rescue",
                          node->uuid, original->provision_state);
    if (!node->protected && original->protected)
        record_set_text(&node->protected_reason, NULL);
    if (node->protected_reason != NULL && *node->protected_reason != '\0' && !node->protected)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "protected_reason needs protected to be true");
    if (!node->retired && original->retired)
        record_set_text(&node->retired_reason, NULL);
    return true;
}

static void
maintenance_changed(Node *node, const Node *original)
{
    if (node->maintenance || !original->maintenance)
        return;
    record_set_text(&node->maintenance_reason, NULL);
    record_set_text(&node->fault, NULL);
    node->power_sync_failures = 0;
}

/* Recomputes the interfaces for a new driver if the client asks for it. */
/* Clients that know no instance_name write the instance's name where Nova always has. */
static void
name_instance(Node *node, const Node *original)
{
    const char *name = json_string_member(node->instance_info, "display_name");
    enum { LONGEST = 255 };
    if (node->instance_name == NULL && name != NULL && *name != '\0' &&
        g_utf8_strlen(name, -1) <= LONGEST &&
        !json_equal(node->instance_info, original->instance_info))
        record_set_text(&node->instance_name, name);
}

static void
driver_changed(Node *node, const json_t *patch, bool reset)
{
    if (!reset)
        return;
    const char *keep[INTERFACE_COUNT + 1] = {NULL};
    size_t kept = 0;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        char *field = g_strdup_printf("%s_interface", interface_type_name((InterfaceType)type));
        g_ptr_array_add(names, field);
        if (json_patch_value(patch, field) != NULL)
            keep[kept++] = interface_type_name((InterfaceType)type);
    }
    registry_reset_interfaces(node, keep);
}

static bool
update_allowed(Task *task, const json_t *patch, bool reset, GError **error)
{
    Conductor *conductor = task_conductor(task);
    Node *node = task->node, *original = task->stored;
    if (reset && !json_patch_touches(patch, "driver"))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "reset_interfaces goes with a change of the driver");
    if (node->console_enabled && strcmp(node->driver, original->driver) != 0)
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "node %s has its console enabled: stop it before the driver is changed",
                          node->uuid);
    driver_changed(node, patch, reset);
    if (node->console_enabled &&
        g_strcmp0(node->console_interface, original->console_interface) != 0)
        return steel_fail(
            error, STEEL_ERROR_CONFLICT,
            "node %s has its console enabled: stop it before console_interface is changed",
            node->uuid);
    return state_allows(original, patch, error) && instance_allows(node, original, error) &&
           protection_allows(node, original, error) && node_valid(conductor, node, error) &&
           registry_complete_node(conductor->registry, node, error) &&
           interfaces_allow(node, original, error);
}

static bool
save(Db *db, void *user_data, GError **error)
{
    const Task *task = user_data;
    if (releases_allocation(task->node, task->stored)) {
        if (!db_allocation_forget(db, task->stored->allocation_uuid, error))
            return false;
        record_set_text(&task->node->allocation_uuid, NULL);
        info_remove(task->node, INFO_INSTANCE_BEFORE_ALLOCATION);
    }
    return instance_is_free(db, task->node, task->stored, error) &&
           db_node_save(db, task->node, task->stored, error);
}

json_t *
node_update(VerbCall *call, const char *uuid, const json_t *patch, bool reset_interfaces,
            GError **error)
{
    LockedNode locked = {0};
    if (uuid == NULL || patch == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID, "an update needs a key and a patch");
        return NULL;
    }
    if (!locked_node_take(call, uuid, "node update", &locked, error))
        return NULL;
    Conductor *conductor = call->conductor;
    Task task = {.services = &conductor->services,
                 .node = locked.node,
                 .stored = locked.stored,
                 .conductor = conductor};
    bool good = json_patch_apply(&node_resource, task.node, patch, error) &&
                record_fits_limits(&node_resource, task.node, task.stored, error) &&
                update_allowed(&task, patch, reset_interfaces, error);
    if (good) {
        maintenance_changed(task.node, task.stored);
        name_instance(task.node, task.stored);
        notify_node(&task, "update", "start", NULL);
        good = db_transaction(conductor->services.db, DB_READ_MODIFY_WRITE, save, &task, error);
        notify_node(&task, "update", good ? "end" : "error", NULL);
    }
    if (good && json_patch_touches(patch, "driver_info"))
        power_absolve(&conductor->services, task.node);
    locked_node_give(&locked);
    return good ? json_object() : NULL;
}

static bool
destroy_allowed(const Node *node, GError **error)
{
    ProvisionState state = state_from_wire(node->provision_state);
    if (node->instance_uuid != NULL && !node->maintenance)
        return steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED,
                          "Node %s is associated with instance %s.", node->uuid,
                          node->instance_uuid);
    if (node->protected)
        return steel_fail(error, STEEL_ERROR_NODE_PROTECTED,
                          "Node %s is protected and cannot be undeployed, rebuilt or deleted",
                          node->uuid);
    if (node->maintenance)
        return true;
    bool legal = state != STATE_NONE && state_info(state)->flags & STATE_DELETE_ALLOWED;
    if (state == STATE_AVAILABLE)
        legal = config_boolean(config_current(), OPT_CONDUCTOR_ALLOW_DELETING_AVAILABLE_NODES);
    return legal || steel_fail(error, STEEL_ERROR_INVALID_STATE,
                               "Can not delete node %s while it is in provision state \"%s\". "
                               "Legal in enroll, manageable, "
                               "available and adopt failed, or in maintenance",
                               node->uuid, node->provision_state);
}

/* The database deletes the node's records with it (ON DELETE CASCADE), but not its allocation. */
static bool
destroy(Db *db, void *user_data, GError **error)
{
    const Node *node = user_data;
    return db_allocation_forget(db, node->allocation_uuid, error) &&
           db_node_delete(db, node, error);
}

/* Only a node in maintenance has some: it is given up, maybe because Cinder cannot be asked. */
static void
tell_volumes(const Node *node)
{
    const char *volume_id;
    json_t *record;
    json_object_foreach(info_json(node, INFO_CINDER_ATTACHMENTS), volume_id, record)
    {
        const char *server = json_string_member(record, "server");
        log_warning("conductor.resources",
                    "node %s is deleted, but Cinder still has volume %s attached to %s; end that "
                    "with: openstack volume set --state available --detached %s",
                    node->uuid, volume_id, server != NULL ? server : node->uuid, volume_id);
    }
}

json_t *
node_destroy(VerbCall *call, const char *uuid, GError **error)
{
    LockedNode locked = {0};
    if (uuid == NULL || !locked_node_take(call, uuid, "node deletion", &locked, error))
        return NULL;
    const DriverServices *services = &call->conductor->services;
    Node *node = locked.node;
    bool good = destroy_allowed(node, error);
    if (good) {
        notify_record(services, &node_resource, node, "delete", "start");
        good = notify_record_end(services, &node_resource, node, "delete",
                                 db_transaction(services->db, DB_WRITE, destroy, node, error));
    }
    if (good) {
        tell_volumes(node);
        power_forget(services, node);
        (void)consoles_stop(services->consoles, node->uuid);
    }
    locked_node_give(&locked); /* does nothing for a deleted node */
    return good ? json_object() : NULL;
}
