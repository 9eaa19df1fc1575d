/* Searches a node with the class and traits of an allocation, after the client has its answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/periodic.h"
#include "conductor/resources/allocation.h"
#include "conductor/transition.h"

#include "common/log.h"
#include "db/allocations.h"
#include "db/records.h"

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
    return listed && has_traits(node, allocation->traits);
}

/* Prefers the node with the allocation's name. The others are in random order, so that parallel
 * searches do not compete for one node. */
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
} Association;

static bool
is_taken(const Association *association, GError **error)
{
    return steel_fail(error, STEEL_ERROR_NODE_ASSOCIATED, "node %s is taken",
                      association->node_uuid);
}

/* Checks the traits of the node as it is now, and stores them for the instance: they choose its
 * deploy templates. */
static bool
hand_traits_over(Db *db, const Association *association, GError **error)
{
    const Allocation *allocation = association->allocation;
    g_autoptr(Node) node =
        db_record_find(db, &node_resource, "uuid", association->node_uuid, error);
    g_autoptr(Node) original = node != NULL ? node_copy(node) : NULL;
    if (node == NULL)
        return false;
    if (!has_traits(node, allocation->traits))
        return is_taken(association, error);
    json_object_set(node->instance_info, "traits", allocation->traits);
    return db_record_save(db, &node_resource, node, original, error);
}

static bool
associate(Db *db, void *user_data, GError **error)
{
    const Association *association = user_data;
    const Allocation *allocation = association->allocation;
    bool taken = false, served = false;
    if (!db_allocation_take(db, allocation, association->node_uuid, &taken, error))
        return false;
    if (!taken)
        return is_taken(association, error);
    if (!hand_traits_over(db, association, error) ||
        !db_allocation_serve(db, allocation->uuid, association->node_uuid, &served, error))
        return false;
    return served || steel_fail(error, STEEL_ERROR_NOT_FOUND,
                                "the allocation was deleted or served meanwhile");
}

/* Counts only nodes that the owner may see. */
static bool
found_none(const Allocation *allocation, unsigned free_nodes, unsigned matching, GError **error)
{
    return steel_fail(error, STEEL_ERROR_CONFLICT,
                      "no available nodes match the resource class %s%s: %u of the class are "
                      "available, %u match the candidates and traits, none could be taken",
                      allocation->resource_class, allocation->owner != NULL ? " and the owner" : "",
                      free_nodes, matching);
}

static bool
find_node(Conductor *conductor, const Allocation *allocation, GError **error)
{
    Db *db = conductor->services.db;
    g_autoptr(GPtrArray) nodes = db_allocation_nodes(db, allocation, error);
    if (nodes == NULL)
        return false;
    guint found = nodes->len;
    for (guint i = nodes->len; i-- > 0;)
        if (!is_candidate(allocation, nodes->pdata[i]))
            g_ptr_array_remove_index(nodes, i);
    order_candidates(nodes, allocation->name);
    for (guint i = 0; i < nodes->len; i++) {
        g_autoptr(GError) taken = NULL;
        Association association = {((Node *)nodes->pdata[i])->uuid, allocation};
        if (db_transaction(db, DB_READ_MODIFY_WRITE, associate, &association, &taken))
            return true;
        if (database_failed(taken)) {
            g_propagate_error(error, g_steal_pointer(&taken));
            return false;
        }
    }
    return found_none(allocation, found, nodes->len, error);
}

void
allocation_fail(Conductor *conductor, const char *uuid, const char *reason)
{
    g_autoptr(GError) error = NULL;
    if (!db_allocation_fail(conductor->services.db, uuid, reason, &error))
        log_error("conductor.allocation", "allocation %s: %s", uuid, error->message);
}

typedef struct Search {
    Conductor *conductor;
    char *uuid;
} Search;

/* If the database fails, the allocation stays "allocating" and the clock retries it. Two searches
 * for one allocation do no harm: only the first can make it active. */
static void
search(void *data)
{
    Search *job = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(Allocation) allocation = db_record_find(
        job->conductor->services.db, &allocation_resource, "uuid", job->uuid, &error);
    bool wanted = allocation != NULL && g_strcmp0(allocation->state, "allocating") == 0;
    if (wanted && !find_node(job->conductor, allocation, &error) && !database_failed(error))
        allocation_fail(job->conductor, job->uuid, error->message);
    g_free(job->uuid);
    g_free(job);
}

bool
allocation_search_later(Conductor *conductor, const char *uuid, GError **error)
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
    if (!ring_leads(conductor))
        return;
    g_autoptr(GPtrArray) waiting = db_allocations_waiting(conductor->services.db, 100, &error);
    for (guint i = 0; waiting != NULL && i < waiting->len && error == NULL; i++)
        allocation_search_later(conductor, ((Allocation *)waiting->pdata[i])->uuid, &error);
    if (error != NULL)
        log_warning("conductor.allocation", "allocations that wait: %s", error->message);
}
