/* Allocations: a node of a class with some traits is looked for and associated, after the client has its answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/resources/resources.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/names.h"

#include <stdlib.h>
#include <string.h>

static bool
has_traits(const Node *node, const json_t *wanted)
{
    size_t index, other;
    json_t *trait, *have;
    json_array_foreach(wanted, index, trait)
    {
        bool found = false;
        json_array_foreach(node->traits, other, have) found = found || json_equal(trait, have);
        if (!found)
            return false;
    }
    return true;
}

static bool
is_candidate(const Allocation *allocation, const Node *node)
{
    size_t index;
    json_t *candidate;
    bool listed = json_array_size(allocation->candidate_nodes) == 0;
    json_array_foreach(allocation->candidate_nodes, index, candidate) listed =
        listed || g_strcmp0(json_string_value(candidate), node->uuid) == 0;
    bool owner_fits = allocation->owner == NULL || g_strcmp0(allocation->owner, node->owner) == 0 ||
                      g_strcmp0(allocation->owner, node->lessee) == 0;
    return listed && owner_fits && has_traits(node, allocation->traits);
}

/* A node that has the allocation's name is taken before others, the rest in random order, so that many at once do not all
 * reach for the same. */
static void
order_candidates(GPtrArray *nodes, const char *name)
{
    for (guint i = 0; i + 1 < nodes->len; i++) {
        guint j = i + (guint)g_random_int_range(0, (gint32)(nodes->len - i));
        gpointer kept = nodes->pdata[i];
        nodes->pdata[i] = nodes->pdata[j];
        nodes->pdata[j] = kept;
    }
    for (guint i = 0; name != NULL && i < nodes->len; i++)
        if (g_strcmp0(((Node *)nodes->pdata[i])->name, name) == 0) {
            gpointer kept = nodes->pdata[0];
            nodes->pdata[0] = nodes->pdata[i];
            nodes->pdata[i] = kept;
        }
}

typedef struct Association {
    const char *node_uuid;
    const Allocation *allocation;
    bool backfill;
} Association;

/* The instance is deployed with the traits that were asked for: they choose among the deploy templates. */
static bool
hand_traits_over(Db *db, const Association *association, GError **error)
{
    g_autoptr(Node) node =
        db_record_find(db, &node_resource, "uuid", association->node_uuid, error);
    g_autoptr(Node) original = node != NULL ? node_copy(node) : NULL;
    if (node == NULL)
        return false;
    json_object_set(node->instance_info, "traits", association->allocation->traits);
    return db_record_save(db, &node_resource, node, original, error);
}

static bool
associate(Db *db, void *user_data, GError **error)
{
    const Association *association = user_data;
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(association->allocation->uuid),
                              db_text(association->node_uuid), db_text(time_now_text(now))};
    int64_t changed = 0;
    const char *take =
        association->backfill
            ? "UPDATE nodes SET instance_uuid = ?1, allocation_uuid = ?1 WHERE uuid = ?2 "
              "AND allocation_uuid IS NULL AND (instance_uuid IS NULL OR instance_uuid = ?1)"
            : "UPDATE nodes SET instance_uuid = ?1, allocation_uuid = ?1 WHERE uuid = ?2 "
              "AND instance_uuid IS NULL AND reservation IS NULL AND provision_state = 'available'";
    if (!db_execute(db, take, values, 2, &changed, error))
        return false;
    if (changed == 0)
        return steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED, "node %s is taken",
                          association->node_uuid);
    if (!hand_traits_over(db, association, error) ||
        !db_execute(db,
                    "UPDATE allocations SET state = 'active', node_uuid = ?2, last_error = NULL, "
                    "updated_at = ?3 WHERE uuid = ?1 AND state = 'allocating'",
                    values, 3, &changed, error))
        return false;
    return changed == 1 || steel_fail(error, STEEL_ERROR_NOT_FOUND,
                                      "the allocation was deleted or served meanwhile");
}

static bool
find_node(Conductor *conductor, const Allocation *allocation, GError **error)
{
    const DbValue class = db_text(allocation->resource_class);
    g_autoptr(GPtrArray) nodes = db_records_where(
        conductor->services.db, &node_resource,
        "resource_class = ?1 AND provision_state = 'available' AND maintenance = 0 "
        "AND instance_uuid IS NULL AND power_state IS NOT NULL",
        &class, 1, error);
    if (nodes == NULL)
        return false;
    guint found = nodes->len;
    for (guint i = nodes->len; i-- > 0;)
        if (!is_candidate(allocation, nodes->pdata[i]))
            g_ptr_array_remove_index(nodes, i);
    order_candidates(nodes, allocation->name);
    for (guint i = 0; i < nodes->len; i++) {
        g_autoptr(GError) taken = NULL;
        Association association = {((Node *)nodes->pdata[i])->uuid, allocation, false};
        if (db_transaction(conductor->services.db, associate, &association, &taken))
            return true;
        if (database_failed(taken)) {
            g_propagate_error(error, g_steal_pointer(&taken));
            return false;
        }
    }
    return steel_fail(error, STEEL_ERROR_CONFLICT,
                      "no available nodes match the resource class %s%s: %u of the class are "
                      "available, %u match the "
                      "candidates and traits, none could be taken",
                      allocation->resource_class, allocation->owner != NULL ? " and the owner" : "",
                      found, nodes->len);
}

typedef struct Search {
    Conductor *conductor;
    char *uuid;
} Search;

static void
mark_failed(Conductor *conductor, const char *uuid, const char *reason)
{
    char now[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(uuid), db_text(reason), db_text(time_now_text(now))};
    g_autoptr(GError) error = NULL;
    if (!db_execute(conductor->services.db,
                    "UPDATE allocations SET state = 'error', last_error = ?2, updated_at = ?3 "
                    "WHERE uuid = ?1 AND state = 'allocating'",
                    values, 3, NULL, &error))
        log_error("conductor.allocation", "allocation %s: %s", uuid, error->message);
}

/* What the database interrupts stays "allocating": the clock comes back to it. Two searches for one allocation do no harm:
 * only the first may make it active. */
static void
search(void *data)
{
    Search *job = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Allocation) allocation = db_record_find(
        job->conductor->services.db, &allocation_resource, "uuid", job->uuid, &error);
    bool wanted = allocation != NULL && g_strcmp0(allocation->state, "allocating") == 0;
    if (wanted && !find_node(job->conductor, allocation, &error) && !database_failed(error))
        mark_failed(job->conductor, job->uuid, error->message);
    g_free(job->uuid);
    g_free(job);
}

static bool
search_later(Conductor *conductor, const char *uuid, GError **error)
{
    Search *job = g_new(Search, 1);
    *job = (Search){conductor, g_strdup(uuid)};
    if (pool_submit(conductor->quick, search, job, error))
        return true;
    g_free(job->uuid);
    g_free(job);
    return false;
}

void
allocations_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) waiting =
        db_records_where(conductor->services.db, &allocation_resource,
                         "state = 'allocating' ORDER BY id LIMIT 100", NULL, 0, &error);
    for (guint i = 0; waiting != NULL && i < waiting->len && error == NULL; i++)
        search_later(conductor, ((Allocation *)waiting->pdata[i])->uuid, &error);
    if (error != NULL)
        log_warning("conductor.allocation", "allocations that wait: %s", error->message);
}

/* Names among the candidates become UUIDs. */
static bool
resolve_candidates(Db *db, Allocation *allocation, GError **error)
{
    json_t *resolved = json_array();
    size_t index;
    json_t *candidate;
    json_array_foreach(allocation->candidate_nodes, index, candidate)
    {
        const char *ident = json_string_value(candidate);
        GError *cause = NULL;
        g_autoptr(Node) node =
            db_record_find_ident(db, &node_resource, ident != NULL ? ident : "", &cause);
        if (node == NULL) {
            json_decref(resolved);
            g_prefix_error(&cause, "candidate_nodes: ");
            return reference_failed(cause, error);
        }
        json_array_append_new(resolved, json_string(node->uuid));
    }
    json_decref(allocation->candidate_nodes);
    allocation->candidate_nodes = resolved;
    return true;
}

static bool
before_create(Conductor *conductor, void *record, GError **error)
{
    Allocation *allocation = record;
    if (allocation->name != NULL && !node_name_valid(allocation->name, error))
        return false;
    size_t index;
    json_t *trait;
    json_array_foreach(allocation->traits, index, trait)
    {
        if (!json_is_string(trait) || !trait_name_valid(json_string_value(trait), error))
            return error != NULL && *error != NULL
                       ? false
                       : steel_fail(error, STEEL_ERROR_INVALID,
                                    "traits must be an array of strings");
    }
    return resolve_candidates(conductor->services.db, allocation, error);
}

/* The node is named: it exists, runs an instance already perhaps, and only the record is wanting. */
static json_t *
backfill(VerbCall *call, Allocation *allocation, const char *ident, GError **error)
{
    Db *db = call->conductor->services.db;
    GError *cause = NULL;
    g_autoptr(Node) node = db_record_find_ident(db, &node_resource, ident, &cause);
    if (node == NULL) {
        g_prefix_error(&cause, "node: ");
        reference_failed(cause, error);
        return NULL;
    }
    if (allocation->resource_class != NULL &&
        g_strcmp0(allocation->resource_class, node->resource_class) != 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "node %s is of resource class %s", node->uuid,
                   node->resource_class);
        return NULL;
    }
    if (state_from_wire(node->provision_state) != STATE_ACTIVE) {
        steel_fail(error, STEEL_ERROR_INVALID_STATE,
                   "Cannot backfill an allocation for node %s in state %s: only active nodes have "
                   "an instance",
                   node->uuid, node->provision_state);
        return NULL;
    }
    record_set_text(&allocation->resource_class, node->resource_class);
    if (allocation->uuid == NULL)
        record_set_text(&allocation->uuid, node->instance_uuid);
    if (!db_record_insert(db, &allocation_resource, allocation, error))
        return NULL;
    Association association = {node->uuid, allocation, true};
    if (!db_transaction(db, associate, &association, error)) {
        mark_failed(call->conductor, allocation->uuid, (*error)->message);
        return NULL;
    }
    return json_pack("{s:s}", "uuid", allocation->uuid);
}

static json_t *
create(VerbCall *call, void *record, GError **error)
{
    Allocation *allocation = record;
    const json_t *values = json_object_get(call->arguments, "values");
    const char *node = json_string_member(values, "node");
    record_set_text(&allocation->state, "allocating");
    if (node != NULL)
        return backfill(call, allocation, node, error);
    if (allocation->resource_class == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "an allocation needs a resource_class");
        return NULL;
    }
    if (!db_record_insert(call->conductor->services.db, &allocation_resource, allocation, error))
        return NULL;
    if (!search_later(call->conductor, allocation->uuid, error)) {
        mark_failed(call->conductor, allocation->uuid, (*error)->message);
        return NULL;
    }
    return json_pack("{s:s}", "uuid", allocation->uuid);
}

static bool
release(Db *db, void *user_data, GError **error)
{
    const Allocation *allocation = user_data;
    const DbValue values[] = {db_text(allocation->uuid)};
    return db_execute(db,
                      "UPDATE nodes SET allocation_uuid = NULL, instance_uuid = NULL WHERE "
                      "allocation_uuid = ?1",
                      values, 1, NULL, error) &&
           db_record_delete(db, &allocation_resource, allocation->uuid, error);
}

static json_t *
destroy(VerbCall *call, void *record, GError **error)
{
    Allocation *allocation = record;
    Db *db = call->conductor->services.db;
    if (allocation->node_uuid != NULL) {
        g_autoptr(Node) node =
            db_record_find(db, &node_resource, "uuid", allocation->node_uuid, NULL);
        ProvisionState state = node != NULL ? state_from_wire(node->provision_state) : STATE_NONE;
        bool deployed = node != NULL && !node->maintenance && state != STATE_AVAILABLE;
        if (deployed) {
            steel_fail(error, STEEL_ERROR_INVALID_STATE,
                       "Cannot remove allocation %s: node %s is in state %s; undeploy it first",
                       allocation->uuid, node->uuid, node->provision_state);
            return NULL;
        }
        if (node != NULL && node->reservation != NULL) {
            db_node_locked_error(node, error);
            return NULL;
        }
    }
    return db_transaction(db, release, allocation, error) ? json_object() : NULL;
}

static bool
before_update(Task *task, void *record, const void *original, const json_t *patch, GError **error)
{
    const Allocation *allocation = record;
    (void)task;
    (void)original;
    (void)patch;
    return allocation->name == NULL || node_name_valid(allocation->name, error);
}

const ResourceRules allocation_rules = {
    .resource = &allocation_resource,
    .before_create = before_create,
    .before_update = before_update,
    .create = create,
    .destroy = destroy,
};
