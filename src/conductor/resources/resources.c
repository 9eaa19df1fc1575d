/* Creates, changes and deletes records of any resource; the rules are in the files next to this
 * one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "conductor/notify.h"

#include "db/nodes.h"
#include "db/records.h"
#include "model/json_patch.h"
#include "model/record_size.h"

#include <string.h>

static const ResourceRules *const all_rules[] = {
    &port_rules,          &portgroup_rules,       &volume_connector_rules,
    &volume_target_rules, &chassis_rules,         &deploy_template_rules,
    &runbook_rules,       &inspection_rule_rules, &allocation_rules,
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

static json_t *
created(const Resource *resource, const void *record)
{
    return json_pack("{s:s}", "uuid", record_text(resource, record, "uuid"));
}

/* Inserts a new record in one transaction, which checks again that the node exists and is the
 * caller's, and that all references fit. */
typedef struct Insertion {
    VerbCall *call;
    const ResourceRules *rules;
    void *record;
} Insertion;

static bool
node_admits(Db *db, const VerbCall *call, const char *uuid, GError **error)
{
    GError *cause = NULL;
    g_autoptr(Node) node = db_record_find(db, &node_resource, "uuid", uuid, &cause);
    return node != NULL ? verb_call_holds(call, node, error) : reference_failed(cause, error);
}

static bool
followed(Db *db, const ResourceRules *rules, const json_t *patch, const void *record,
         GError **error)
{
    return rules->follow == NULL || rules->follow(db, patch, record, error);
}

static bool
insert_checked(Db *db, void *user_data, GError **error)
{
    const Insertion *insertion = user_data;
    const ResourceRules *rules = insertion->rules;
    void *record = insertion->record;
    return (!rules->owned_by_node ||
            node_admits(db, insertion->call, record_text(rules->resource, record, "node_uuid"),
                        error)) &&
           (rules->fits == NULL || rules->fits(db, record, error)) &&
           db_record_insert(db, rules->resource, record, error) &&
           followed(db, rules, NULL, record, error);
}

/* Resources with a life of their own find their record themselves. */
static json_t *
insert_record(Insertion *insertion, GError **error)
{
    VerbCall *call = insertion->call;
    const ResourceRules *rules = insertion->rules;
    const Resource *resource = rules->resource;
    const DriverServices *services = &call->conductor->services;
    void *record = insertion->record;
    if (rules->create == NULL)
        db_record_identify(resource, record);
    notify_record(services, resource, record, "create", "start");
    json_t *result = NULL;
    if (rules->create != NULL)
        result = rules->create(call, record, error);
    else if (db_transaction(services->db, DB_READ_MODIFY_WRITE, insert_checked, insertion, error))
        result = created(resource, record);
    notify_record_end(services, resource, record, "create", result != NULL);
    return result;
}

static json_t *
create_record(VerbCall *call, const ResourceRules *rules, void *record, GError **error)
{
    Insertion insertion = {call, rules, record};
    bool good =
        record_from_values(rules->resource, record, json_object_get(call->arguments, "values"),
                           error) &&
        record_fits_limits(rules->resource, record, NULL, error) &&
        (rules->before_create == NULL || rules->before_create(call->conductor, record, error)) &&
        (rules->fits == NULL || rules->fits(call->conductor->services.db, record, error));
    return good ? insert_record(&insertion, error) : NULL;
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

/* ---- locks ---- */

/* The nodes of a changed record: its present owner and its next one. The second is empty unless it
 * moves. */
typedef struct Owners {
    LockedNode now, next;
} Owners;

static void
owners_give(Owners *owners)
{
    locked_node_give(&owners->now);
    locked_node_give(&owners->next);
}

/* Locks the nodes in the order of their UUIDs. */
static bool
owners_take(const VerbCall *call, const ResourceRules *rules, const char *now, const char *next,
            Owners *owners, GError **error)
{
    g_autofree char *purpose = g_strdup_printf("%s update", rules->resource->name);
    bool moves = next != NULL && strcmp(now, next) != 0;
    bool next_first = moves && strcmp(next, now) < 0;
    GError *cause = NULL;
    bool good =
        (!next_first || locked_node_take(call, next, purpose, &owners->next, &cause)) &&
        locked_node_take(call, now, purpose, &owners->now, error) &&
        (!moves || next_first || locked_node_take(call, next, purpose, &owners->next, &cause));
    if (!good)
        owners_give(owners);
    return good || (cause != NULL ? reference_failed(cause, error) : false);
}

static Change
change_of(const VerbCall *call, const Owners *owners)
{
    const Node *now = owners->now.node, *next = owners->next.node;
    return (Change){call->conductor->services.db, now, next != NULL ? next : now,
                    json_object_get(call->arguments, "patch")};
}

/* Loads the record by the call's key; NULL with the error set. */
static void *
load(const VerbCall *call, const ResourceRules *rules, GError **error)
{
    const char *key = json_string_member(call->arguments, "key");
    return db_record_find(call->conductor->services.db, rules->resource, rules->resource->key,
                          key != NULL ? key : "", error);
}

/* The record may have changed before the lock: reloads it, and checks that the locked node still
 * owns it. */
static void *
load_locked(const VerbCall *call, const ResourceRules *rules, const Owners *owners, GError **error)
{
    void *record = load(call, rules, error);
    if (record == NULL || owners->now.node == NULL ||
        strcmp(record_text(rules->resource, record, "node_uuid"), owners->now.node->uuid) == 0)
        return record;
    steel_fail(error, STEEL_ERROR_LOCKED,
               "%s %s has just been moved to another node, please retry.", rules->resource->name,
               record_text(rules->resource, record, "uuid"));
    record_free(rules->resource, record);
    return NULL;
}

/* ---- update ---- */

typedef struct Saving {
    const VerbCall *call;
    const ResourceRules *rules;
    const Change *change;
    void *record;
    const void *original;
} Saving;

/* Applies the patch to the record, if its rules and the owners' states allow it. */
static bool
patch_checked(const Saving *saving, void *record, const void *original, GError **error)
{
    const ResourceRules *rules = saving->rules;
    return json_patch_apply(rules->resource, record,
                            json_object_get(saving->call->arguments, "patch"), error) &&
           record_fits_limits(rules->resource, record, original, error) &&
           (rules->before_update == NULL ||
            rules->before_update(saving->change, record, original, error)) &&
           (rules->fits == NULL || rules->fits(saving->change->db, record, error));
}

static bool
save_checked(Db *db, void *user_data, GError **error)
{
    const Saving *saving = user_data;
    const ResourceRules *rules = saving->rules;
    return (rules->fits == NULL || rules->fits(db, saving->record, error)) &&
           db_record_save(db, rules->resource, saving->record, saving->original, error) &&
           followed(db, rules, saving->change->patch, saving->record, error);
}

/* A resource without an owner has no lock: the transaction reads and patches the record again, so
 * that no concurrent change is lost. */
static bool
save_anew(Db *db, void *user_data, GError **error)
{
    const Saving *saving = user_data;
    const Resource *resource = saving->rules->resource;
    void *original = load(saving->call, saving->rules, error);
    if (original == NULL)
        return false;
    void *record = record_copy(resource, original);
    bool good = patch_checked(saving, record, original, error) &&
                db_record_save(db, resource, record, original, error);
    if (good) /* for the notification */
        record_copy_field(resource_field(resource, "updated_at"), record, saving->record);
    record_free(resource, record);
    record_free(resource, original);
    return good;
}

/* Patches the record and saves it. Notifications are sent outside of the transaction. */
static bool
change_record(const VerbCall *call, const ResourceRules *rules, const Owners *owners, void *record,
              GError **error)
{
    const Resource *resource = rules->resource;
    const DriverServices *services = &call->conductor->services;
    const Change change = change_of(call, owners);
    void *original = record_copy(resource, record);
    Saving saving = {call, rules, &change, record, original};
    bool good = patch_checked(&saving, record, original, error);
    if (good && rules->before_save != NULL)
        good = rules->before_save(call, &change, record, original, error);
    if (good) {
        notify_record(services, resource, record, "update", "start");
        good = notify_record_end(services, resource, record, "update",
                                 db_transaction(services->db, DB_READ_MODIFY_WRITE,
                                                rules->owned_by_node ? save_checked : save_anew,
                                                &saving, error));
    }
    record_free(resource, original);
    return good;
}

static bool
update_unlocked(const VerbCall *call, const ResourceRules *rules, GError **error)
{
    static const Owners none = {0};
    void *record = load(call, rules, error);
    bool good = record != NULL && change_record(call, rules, &none, record, error);
    record_free(rules->resource, record);
    return good;
}

/* The present and the next owner of the record; the caller frees them. */
static bool
owners_of_change(const VerbCall *call, const ResourceRules *rules, char **now, char **next,
                 GError **error)
{
    const Resource *resource = rules->resource;
    void *record = load(call, rules, error);
    if (record == NULL)
        return false;
    *now = g_strdup(record_text(resource, record, "node_uuid"));
    bool good =
        json_patch_apply(resource, record, json_object_get(call->arguments, "patch"), error);
    *next = good ? g_strdup(record_text(resource, record, "node_uuid")) : NULL;
    record_free(resource, record);
    return good;
}

static bool
update_locked(const VerbCall *call, const ResourceRules *rules, GError **error)
{
    g_autofree char *now = NULL, *next = NULL;
    Owners owners = {0};
    if (!owners_of_change(call, rules, &now, &next, error) ||
        !owners_take(call, rules, now, next, &owners, error))
        return false;
    void *record = load_locked(call, rules, &owners, error);
    bool good = record != NULL && change_record(call, rules, &owners, record, error);
    record_free(rules->resource, record);
    owners_give(&owners);
    return good;
}

json_t *
verb_update(VerbCall *call, GError **error)
{
    if (is_node(call->arguments))
        return node_update(call, json_string_member(call->arguments, "key"),
                           json_object_get(call->arguments, "patch"),
                           json_is_true(json_object_get(call->arguments, "reset_interfaces")),
                           error);
    const ResourceRules *rules = rules_of(call->arguments, error);
    if (rules == NULL)
        return NULL;
    bool good = rules->owned_by_node ? update_locked(call, rules, error)
                                     : update_unlocked(call, rules, error);
    return good ? json_object() : NULL;
}

/* ---- destroy ---- */

static json_t *
destroy_record(VerbCall *call, const ResourceRules *rules, const Owners *owners, void *record,
               GError **error)
{
    const Resource *resource = rules->resource;
    const DriverServices *services = &call->conductor->services;
    const Change change = change_of(call, owners);
    if (rules->before_destroy != NULL && !rules->before_destroy(&change, record, error))
        return NULL;
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

/* Locks the node that owns the record, if there is one. */
static bool
lock_owner(const VerbCall *call, const ResourceRules *rules, Owners *owners, GError **error)
{
    if (!rules->owned_by_node)
        return true;
    void *record = load(call, rules, error);
    bool good = record != NULL &&
                owners_take(call, rules, record_text(rules->resource, record, "node_uuid"), NULL,
                            owners, error);
    record_free(rules->resource, record);
    return good;
}

json_t *
verb_destroy(VerbCall *call, GError **error)
{
    if (is_node(call->arguments))
        return node_destroy(call, json_string_member(call->arguments, "key"), error);
    Owners owners = {0};
    const ResourceRules *rules = rules_of(call->arguments, error);
    if (rules == NULL || !lock_owner(call, rules, &owners, error))
        return NULL;
    void *record = load_locked(call, rules, &owners, error);
    json_t *result = record != NULL ? destroy_record(call, rules, &owners, record, error) : NULL;
    record_free(rules->resource, record);
    owners_give(&owners);
    return result;
}
