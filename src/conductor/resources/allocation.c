/* Creates and ends allocations, and backfills them for nodes in use. The end of an allocation
 * removes what it set on its node, under the node's lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/allocation.h"
#include "conductor/transition.h"

#include "common/time_text.h"
#include "conductor/resources/resources.h"
#include "db/allocations.h"
#include "db/nodes.h"
#include "db/records.h"
#include "model/internal_info.h"
#include "model/names.h"

#include <string.h>

static bool
allocation_before_create(Conductor *conductor, void *record, GError **error)
{
    const Allocation *allocation = record;
    (void)conductor;
    if (allocation->name != NULL && !node_name_valid(allocation->name, error))
        return false;
    size_t index;
    json_t *trait;
    json_array_foreach(allocation->traits, index, trait)
    {
        if (!json_is_string(trait))
            return steel_fail(error, STEEL_ERROR_INVALID, "traits must be an array of strings");
        if (!trait_name_valid(json_string_value(trait), error))
            return false;
    }
    return true;
}

/* ---- backfill: the client names the node, which may run an instance already ---- */

static bool
owner_fits(const Allocation *allocation, const Node *node, GError **error)
{
    const char *owner = allocation->owner;
    return owner == NULL || g_strcmp0(owner, node->owner) == 0 ||
           g_strcmp0(owner, node->lessee) == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "node %s is neither owned nor leased by project %s, whose the allocation "
                      "would be",
                      node->uuid, owner);
}

static bool
may_backfill(const Allocation *allocation, const Node *node, GError **error)
{
    if (!owner_fits(allocation, node, error))
        return false;
    bool asked = allocation->resource_class != NULL && *allocation->resource_class != '\0';
    if (asked && g_strcmp0(allocation->resource_class, node->resource_class) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "node %s is of resource class %s", node->uuid,
                          node->resource_class != NULL ? node->resource_class : "none");
    if (state_from_wire(node->provision_state) != STATE_ACTIVE)
        return steel_fail(
            error, STEEL_ERROR_INVALID_STATE,
            "Cannot backfill an allocation for node %s in state %s: only active nodes have "
            "an instance",
            node->uuid, node->provision_state);
    if (node->allocation_uuid != NULL)
        return steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED, "Node %s has an allocation already.",
                          node->uuid);
    return node->instance_uuid == NULL || allocation->uuid == NULL ||
           strcmp(node->instance_uuid, allocation->uuid) == 0 ||
           steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED, "Node %s is associated with instance %s.",
                      node->uuid, node->instance_uuid);
}

/* A node and its allocation, to be saved together. */
typedef struct Pair {
    LockedNode *locked;
    Allocation *allocation;
} Pair;

static bool
save_pair(Db *db, void *user_data, GError **error)
{
    const Pair *pair = user_data;
    return db_record_insert(db, &allocation_resource, pair->allocation, error) &&
           db_node_save(db, pair->locked->node, pair->locked->stored, error);
}

/* Copies the node's values to the allocation. */
static void
describe(Allocation *allocation, const Node *node)
{
    char now[TIME_TEXT_SIZE];
    record_set_text(&allocation->resource_class, node->resource_class);
    if (allocation->uuid == NULL)
        record_set_text(&allocation->uuid, node->instance_uuid);
    db_record_identify(&allocation_resource, allocation);
    record_set_text(&allocation->state, "active");
    record_set_text(&allocation->node_uuid, node->uuid);
    record_set_text(&allocation->updated_at, time_now_text(now));
}

/* Copies the allocation's values to the node; leave_node is the reverse. */
static void
enter_node(Node *node, const Allocation *allocation)
{
    record_set_text(&node->allocation_uuid, allocation->uuid);
    if (node->instance_uuid != NULL)
        info_set_boolean(node, INFO_INSTANCE_BEFORE_ALLOCATION, true);
    else
        record_set_text(&node->instance_uuid, allocation->uuid);
    if (json_object_get(node->instance_info, "traits") == NULL)
        json_object_set_new(node->instance_info, "traits", json_array());
}

static bool
fill(const VerbCall *call, LockedNode *locked, Allocation *allocation, GError **error)
{
    if (!may_backfill(allocation, locked->node, error))
        return false;
    describe(allocation, locked->node);
    enter_node(locked->node, allocation);
    Pair pair = {locked, allocation};
    return db_transaction(call->conductor->services.db, DB_WRITE, save_pair, &pair, error);
}

static json_t *
backfill(VerbCall *call, Allocation *allocation, const char *node_uuid, GError **error)
{
    LockedNode locked = {0};
    GError *cause = NULL;
    if (!locked_node_take(call, node_uuid, "allocation backfill", &locked, &cause)) {
        reference_failed(cause, error);
        return NULL;
    }
    bool good = fill(call, &locked, allocation, error);
    locked_node_give(&locked);
    return good ? json_pack("{s:s}", "uuid", allocation->uuid) : NULL;
}

/* ---- create ---- */

/* The node's instance gets the allocation's UUID, so that UUID must not be in use on another
 * node. */
static bool
insert_if_free(Db *db, void *user_data, GError **error)
{
    Allocation *allocation = user_data;
    bool exists = false;
    if (allocation->uuid != NULL && !db_instance_exists(db, allocation->uuid, &exists, error))
        return false;
    if (exists)
        return steel_fail(error, STEEL_ERROR_CONFLICT,
                          "An allocation with uuid %s cannot be made: there is an instance "
                          "of this UUID.",
                          allocation->uuid);
    return db_record_insert(db, &allocation_resource, allocation, error);
}

static json_t *
allocation_create(VerbCall *call, void *record, GError **error)
{
    Allocation *allocation = record;
    Db *db = call->conductor->services.db;
    const json_t *values = json_object_get(call->arguments, "values");
    const char *node_uuid = json_string_member(values, "node");
    record_set_text(&allocation->state, "allocating");
    if (node_uuid != NULL)
        return backfill(call, allocation, node_uuid, error);
    if (allocation->resource_class == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "an allocation needs a resource_class");
        return NULL;
    }
    if (!db_transaction(db, DB_READ_MODIFY_WRITE, insert_if_free, allocation, error))
        return NULL;
    if (!allocation_search_later(call->conductor, allocation->uuid, error)) {
        allocation_fail(call->conductor, allocation->uuid, (*error)->message);
        return NULL;
    }
    return json_pack("{s:s,s:b}", "uuid", allocation->uuid, "pending", 1);
}

/* ---- the end ---- */

static bool
may_release(const Allocation *allocation, const Node *node, GError **error)
{
    return node->maintenance || state_from_wire(node->provision_state) == STATE_AVAILABLE ||
           steel_fail(error, STEEL_ERROR_INVALID_STATE,
                      "Cannot remove allocation %s: node %s is in state %s; undeploy it first",
                      allocation->uuid, node->uuid, node->provision_state);
}

/* Traits that the operator added stay. */
static void
take_traits_back(Node *node, const json_t *given)
{
    json_t *traits = json_object_get(node->instance_info, "traits");
    for (size_t i = json_array_size(traits); i-- > 0;) {
        size_t index;
        json_t *trait;
        bool was_given = false;
        json_array_foreach(given, index, trait) was_given =
            was_given || json_equal(trait, json_array_get(traits, i));
        if (was_given)
            json_array_remove(traits, i);
    }
    if (json_is_array(traits) && json_array_size(traits) == 0)
        json_object_del(node->instance_info, "traits");
}

/* An instance that is older than its allocation stays. */
static void
leave_node(Node *node, const Allocation *allocation)
{
    if (g_strcmp0(node->allocation_uuid, allocation->uuid) != 0)
        return;
    record_set_text(&node->allocation_uuid, NULL);
    bool was_there = info_remove(node, INFO_INSTANCE_BEFORE_ALLOCATION);
    if (!was_there && g_strcmp0(node->instance_uuid, allocation->uuid) == 0)
        record_set_text(&node->instance_uuid, NULL);
    take_traits_back(node, allocation->traits);
}

static bool
delete_pair(Db *db, void *user_data, GError **error)
{
    const Pair *pair = user_data;
    return db_node_save(db, pair->locked->node, pair->locked->stored, error) &&
           db_record_delete(db, &allocation_resource, pair->allocation->uuid, error);
}

static bool
release(VerbCall *call, Allocation *allocation, GError **error)
{
    LockedNode locked = {0};
    g_autoptr(GError) failure = NULL;
    Db *db = call->conductor->services.db;
    /* The allocation's owner may end it, also on a node of another owner. */
    VerbCall unjudged = *call;
    unjudged.judged = NULL;
    if (!locked_node_take(&unjudged, allocation->node_uuid, "allocation deletion", &locked,
                          &failure)) {
        if (steel_error_is(failure, STEEL_ERROR_NODE_NOT_FOUND)) /* nothing to release */
            return db_record_delete(db, &allocation_resource, allocation->uuid, error);
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    Pair pair = {&locked, allocation};
    bool good = may_release(allocation, locked.node, error);
    if (good) {
        leave_node(locked.node, allocation);
        good = db_transaction(db, DB_WRITE, delete_pair, &pair, error);
    }
    locked_node_give(&locked);
    return good;
}

/* The search may give a node to the allocation at any moment, but only once. */
static json_t *
allocation_destroy(VerbCall *call, void *record, GError **error)
{
    Allocation *allocation = record;
    Db *db = call->conductor->services.db;
    bool deleted = false;
    if (allocation->node_uuid == NULL &&
        !db_allocation_delete_unserved(db, allocation->uuid, &deleted, error))
        return NULL;
    if (deleted)
        return json_object();
    g_autoptr(Allocation) now =
        db_record_find(db, &allocation_resource, "uuid", allocation->uuid, error);
    return now != NULL && release(call, now, error) ? json_object() : NULL;
}

static bool
allocation_before_update(const Change *change, void *record, const void *original, GError **error)
{
    const Allocation *allocation = record;
    (void)change;
    (void)original;
    return allocation->name == NULL || node_name_valid(allocation->name, error);
}

const ResourceRules allocation_rules = {
    .resource = &allocation_resource,
    .before_create = allocation_before_create,
    .before_update = allocation_before_update,
    .create = allocation_create,
    .destroy = allocation_destroy,
};
