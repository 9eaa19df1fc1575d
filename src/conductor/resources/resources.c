/* The generic way of creating, changing and deleting; the rules stand in the files beside.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"

#include "db/records.h"
#include "model/json_patch.h"

#include <string.h>

static const ResourceRules *const all_rules[] = {
    &port_rules,    &portgroup_rules,       &volume_connector_rules, &volume_target_rules,
    &chassis_rules, &deploy_template_rules, &allocation_rules,
};

static const ResourceRules *
rules_of(const json_t *arguments, GError **error)
{
    const char *name = json_string_member(arguments, "resource");
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(all_rules); i++)
        if (strcmp(all_rules[i]->resource->name, name) == 0)
            return all_rules[i];
    steel_fail(error, STEEL_ERROR_INVALID, "there is no resource %s",
               name != NULL ? name : "without a name");
    return NULL;
}

bool
record_from_values(const Resource *resource, void *record, const json_t *values, GError **error)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        const json_t *value = json_object_get(values, field->name);
        if (field->type == FIELD_COMPUTED || (value == NULL && field->absent == NULL))
            continue;
        if (!record_set(resource, record, field, value, error))
            return false;
    }
    return true;
}

bool
reference_failed(GError *cause, GError **error)
{
    if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND) ||
        steel_error_is(cause, STEEL_ERROR_NODE_NOT_FOUND))
        cause->code = STEEL_ERROR_INVALID;
    g_propagate_error(error, cause);
    return false;
}

static const char *
record_text(const Resource *resource, const void *record, const char *name)
{
    const Field *field = resource_field(resource, name);
    return field != NULL ? *(char **)field_member(field, record) : NULL;
}

static json_t *
created(const Resource *resource, const void *record)
{
    return json_pack("{s:s}", "uuid", record_text(resource, record, "uuid"));
}

static bool
node_exists(Conductor *conductor, const char *uuid, GError **error)
{
    GError *cause = NULL;
    g_autoptr(Node) node =
        db_record_find(conductor->services.db, &node_resource, "uuid", uuid, &cause);
    return node != NULL || reference_failed(cause, error);
}

/* Resources with a life of their own find their identity themselves. */
static json_t *
insert_record(VerbCall *call, const ResourceRules *rules, void *record, GError **error)
{
    const Resource *resource = rules->resource;
    const DriverServices *services = &call->conductor->services;
    if (rules->create == NULL)
        db_record_identify(resource, record);
    notify_record(services, resource, record, "create", "start");
    json_t *result = NULL;
    if (rules->create != NULL)
        result = rules->create(call, record, error);
    else if (db_record_insert(services->db, resource, record, error))
        result = created(resource, record);
    notify_record_end(services, resource, record, "create", result != NULL);
    return result;
}

static json_t *
create_record(VerbCall *call, const ResourceRules *rules, void *record, GError **error)
{
    const Resource *resource = rules->resource;
    if (!record_from_values(resource, record, json_object_get(call->arguments, "values"), error))
        return NULL;
    if (rules->owned_by_node &&
        !node_exists(call->conductor, record_text(resource, record, "node_uuid"), error))
        return NULL;
    if (rules->before_create != NULL && !rules->before_create(call->conductor, record, error))
        return NULL;
    return insert_record(call, rules, record, error);
}

static bool
is_node(const json_t *arguments)
{
    return g_strcmp0(json_string_member(arguments, "resource"), "node") == 0;
}

json_t *
verb_create(VerbCall *call, GError **error)
{
    if (is_node(call->arguments))
        return node_create(call, json_object_get(call->arguments, "values"), error);
    const ResourceRules *rules = rules_of(call->arguments, error);
    if (rules == NULL)
        return NULL;
    void *record = record_new(rules->resource);
    json_t *result = create_record(call, rules, record, error);
    record_free(rules->resource, record);
    return result;
}

/* Locks the node that owns the record; *task stays NULL for resources without one. */
static bool
lock_owner(VerbCall *call, const ResourceRules *rules, const void *record, Task **task,
           GError **error)
{
    if (!rules->owned_by_node)
        return true;
    g_autofree char *purpose = g_strdup_printf("%s update", rules->resource->name);
    *task = task_acquire(call->conductor, record_text(rules->resource, record, "node_uuid"),
                         TASK_EXCLUSIVE, purpose, error);
    return *task != NULL;
}

static bool
change(Conductor *conductor, const ResourceRules *rules, Task *task, void *record,
       const json_t *patch, GError **error)
{
    const Resource *resource = rules->resource;
    const DriverServices *services = &conductor->services;
    void *original = record_copy(resource, record);
    bool good = json_patch_apply(resource, record, patch, error) &&
                (rules->before_update == NULL ||
                 rules->before_update(task, record, original, patch, error));
    if (good) {
        notify_record(services, resource, record, "update", "start");
        good = notify_record_end(services, resource, record, "update",
                                 db_record_save(services->db, resource, record, original, error));
    }
    record_free(resource, original);
    return good;
}

/* Loads the record by the call's key; NULL with the error set. */
static void *
load(VerbCall *call, const ResourceRules *rules, GError **error)
{
    const char *key = json_string_member(call->arguments, "key");
    return db_record_find(call->conductor->services.db, rules->resource, rules->resource->key,
                          key != NULL ? key : "", error);
}

/* A resource without an owner has no lock: two changes at once are kept apart by the transaction. */
typedef struct Update {
    VerbCall *call;
    const ResourceRules *rules;
    const json_t *patch;
} Update;

static bool
update_unlocked(Db *db, void *user_data, GError **error)
{
    const Update *update = user_data;
    (void)db;
    void *record = load(update->call, update->rules, error);
    bool good = record != NULL &&
                change(update->call->conductor, update->rules, NULL, record, update->patch, error);
    record_free(update->rules->resource, record);
    return good;
}

json_t *
verb_update(VerbCall *call, GError **error)
{
    const json_t *patch = json_object_get(call->arguments, "patch");
    const char *key = json_string_member(call->arguments, "key");
    if (is_node(call->arguments))
        return node_update(call, key, patch,
                           json_is_true(json_object_get(call->arguments, "reset_interfaces")),
                           error);
    const ResourceRules *rules = rules_of(call->arguments, error);
    if (rules != NULL && !rules->owned_by_node) {
        Update update = {call, rules, patch};
        bool done = db_transaction(call->conductor->services.db, update_unlocked, &update, error);
        return done ? json_object() : NULL;
    }
    void *record = rules != NULL ? load(call, rules, error) : NULL;
    Task *task = NULL;
    bool good = record != NULL && lock_owner(call, rules, record, &task, error);
    if (good && task != NULL) { /* what was read before the lock may have changed */
        record_free(rules->resource, record);
        record = load(call, rules, error);
        good = record != NULL;
    }
    good = good && change(call->conductor, rules, task, record, patch, error);
    task_release(task);
    if (rules != NULL)
        record_free(rules->resource, record);
    return good ? json_object() : NULL;
}

static json_t *
destroy_record(VerbCall *call, const ResourceRules *rules, Task *task, void *record, GError **error)
{
    if (rules->before_destroy != NULL && !rules->before_destroy(task, record, error))
        return NULL;
    const Resource *resource = rules->resource;
    const DriverServices *services = &call->conductor->services;
    json_t *result = NULL;
    notify_record(services, resource, record, "delete", "start");
    if (rules->destroy != NULL)
        result = rules->destroy(call, record, error);
    else if (db_record_delete(services->db, resource, record_text(resource, record, resource->key),
                              error))
        result = json_object();
    notify_record_end(services, resource, record, "delete", result != NULL);
    return result;
}

json_t *
verb_destroy(VerbCall *call, GError **error)
{
    if (is_node(call->arguments))
        return node_destroy(call, json_string_member(call->arguments, "key"), error);
    const ResourceRules *rules = rules_of(call->arguments, error);
    void *record = rules != NULL ? load(call, rules, error) : NULL;
    if (record == NULL)
        return NULL;
    Task *task = NULL;
    json_t *result = lock_owner(call, rules, record, &task, error)
                         ? destroy_record(call, rules, task, record, error)
                         : NULL;
    task_release(task);
    record_free(rules->resource, record);
    return result;
}
