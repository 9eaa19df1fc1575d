/* Ports.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "common/uuid.h"
#include "model/json_patch.h"
#include "model/resources.h"

#include <string.h>

/* A list belongs to one node, to one port group or to shards. */
static bool
is_only_place(const Request *request, GError **error)
{
    int places = request->captures[0] != NULL;
    places +=
        request_argument(request, "node") != NULL || request_argument(request, "node_uuid") != NULL;
    places += request_argument(request, "portgroup") != NULL;
    places += request_argument(request, "shard") != NULL;
    return places <= 1 || steel_fail(error, STEEL_ERROR_FORBIDDEN,
                                     "Operation not permitted: ports are listed by one of node, "
                                     "port group and shard at a time");
}

static bool
filter_shard(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    if (!is_only_place(call->request, error))
        return false;
    db_list_filter(&call->query, filter->field, DB_FILTER_NODE_IN, db_text(value));
    return true;
}

static bool
filter_portgroup(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    g_auto(ItemBrief) group = {0};
    Request *request = call->request;
    if (!is_only_place(request, error) ||
        !collection_lookup(request, &portgroup_collection, value, &group, error))
        return false;
    char *uuid = g_strdup(group.uuid);
    g_ptr_array_add(call->texts, uuid);
    db_list_filter(&call->query, filter->field, DB_FILTER_EQUAL, db_text(uuid));
    return true;
}

static const ListFilter filters[] = {
    {"address",   1,  "address",        filter_mac},
    {"node",      1,  "node_uuid",      filter_node},
    {"node_uuid", 1,  "node_uuid",      filter_node},
    {"portgroup", 24, "portgroup_uuid", filter_portgroup},
    {"shard",     82, "shard",          filter_shard},
};

/* The conductor checks the other rules, since it knows the whole port after the patch. */
static bool
link_fits_version(const Request *request, const json_t *link, GError **error)
{
    return json_object_get(link, "network_type") == NULL ||
           request_needs(request, 64, "local_link_connection.network_type", error);
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    return link_fits_version(request, json_object_get(values, "local_link_connection"), error);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    (void)brief;
    return link_fits_version(request, json_patch_value(patch, "local_link_connection"), error);
}

/* The conductor checks that the port group belongs to the port's node; a group that the caller
 * cannot see counts as absent. */
static bool
find_portgroup(Request *request, const char *ident, char **uuid, GError **error)
{
    g_auto(ItemBrief) group = {0};
    if (!collection_lookup(request, &portgroup_collection, ident, &group, error))
        return false;
    *uuid = g_strdup(group.uuid);
    return true;
}

static const Reference references[] = {
    {.member = "node_uuid", .find = node_reference},
    {.member = "portgroup_uuid", .find = find_portgroup},
};

const Collection port_collection = {
    .resource = &port_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 1,
    .detail_since = 43,
    .check_create = check_create,
    .check_patch = check_patch,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    COLLECTION_ON_NODE,
};
