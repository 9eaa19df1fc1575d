/* Ports.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/versions.h"
#include "common/uuid.h"
#include "db/records.h"
#include "model/json_patch.h"
#include "model/network.h"
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

/* Lists by conductor group are of no other place. */
static bool
filter_groups(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    static const char *const others[] = {"node", "node_uuid", "portgroup", "address"};
    bool alone = call->request->captures[0] == NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(others) && alone; i++)
        alone = request_argument(call->request, others[i]) == NULL;
    if (!alone)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Filtering by conductor_groups cannot be combined with node, portgroup "
                          "or address.");
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
    {"address",              1,  "address",         filter_mac},
    {"node",                 1,  "node_uuid",       filter_node},
    {"node_uuid",            1,  "node_uuid",       filter_node},
    {"portgroup",            24, "portgroup_uuid",  filter_portgroup},
    {"shard",                82, "shard",           filter_shard},
    {"description_contains", 83, "description",     filter_contains},
    {"conductor_groups",     83, "conductor_group", filter_groups},
};

/* The conductor checks the other rules, since it knows the whole port after the patch. */
static bool
link_fits_version(const Request *request, const json_t *link, GError **error)
{
    if (json_object_get(link, "network_type") != NULL &&
        !request_needs(request, 64, "local_link_connection.network_type", error))
        return false;
    bool vtep = json_object_get(link, LINK_VTEP_LOGICAL) != NULL ||
                json_object_get(link, LINK_VTEP_PHYSICAL) != NULL;
    if (!vtep || version_has_vtep(request->version))
        return true;
    if (!version_knows(request->version, VTEP_SINCE))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Schema error for local_link_connection: '" LINK_VTEP_LOGICAL
                          "' was unexpected");
    return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                      "local_link_connection." LINK_VTEP_LOGICAL
                      " exists in API versions 1.%d to 1.%d, the request asks for 1.%u",
                      VTEP_SINCE, VTEP_UNTIL, request->version);
}

/* From 1.94 on a port may be created for the name of its node: the member becomes node_uuid. */
static bool
take_node_ident(Request *request, json_t *values, GError **error)
{
    const json_t *given = json_object_get(values, "node_ident");
    const char *ident = json_string_value(given);
    g_autofree char *uuid = NULL;
    if (given == NULL)
        return json_object_get(values, "node_uuid") != NULL ||
               steel_fail(error, STEEL_ERROR_MISSING,
                          "Schema error for port: 'node_uuid' is a required property");
    if (!request_needs(request, 94, "node_ident", error))
        return false;
    if (ident == NULL || json_object_get(values, "node_uuid") != NULL)
        return steel_fail(
            error, STEEL_ERROR_INVALID,
            "a port has either node_uuid or node_ident, the name or UUID of its node");
    if (!node_reference(request, ident, &uuid, error))
        return node_not_found_is_invalid(error);
    json_object_set_new(values, "node_uuid", json_string(uuid));
    json_object_del(values, "node_ident");
    return true;
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    return take_node_ident(request, values, error) &&
           link_fits_version(request, json_object_get(values, "local_link_connection"), error);
}

/* From 1.102 on the physical network of a port in a port group is the group's to change. A patch
 * that also changes the port's group is judged by the conductor. */
static bool
network_is_its_own(Request *request, const char *uuid, const json_t *patch, GError **error)
{
    if (request->version < 102 || !json_patch_touches(patch, "physical_network") ||
        json_patch_touches(patch, "portgroup_uuid"))
        return true;
    g_autoptr(Port) port = NULL;
    if (!db_record_look(request_db(request), &port_resource, "uuid", uuid, &port, error))
        return false;
    return port == NULL || port->portgroup_uuid == NULL ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "physical_network of port %s is that of its port group %s: change it there",
                      uuid, port->portgroup_uuid);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    return link_fits_version(request, json_patch_value(patch, "local_link_connection"), error) &&
           network_is_its_own(request, brief->uuid, patch, error);
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

static const char *const create_extras[] = {"node_ident", NULL};

const Collection port_collection = {
    .resource = &port_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 1,
    .detail_since = 43,
    .names_since = 88,
    .create_extras = create_extras,
    .check_create = check_create,
    .check_patch = check_patch,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    COLLECTION_ON_NODE,
};
