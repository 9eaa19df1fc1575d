/* Port groups.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/router.h"
#include "model/json_patch.h"
#include "model/resources.h"

/* By a field of the groups' nodes; a list takes one filter at a time then. */
static bool
filter_of_nodes(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    static const char *const all[] = {"node", "address", "shard", "conductor_groups"};
    unsigned given = call->request->captures[0] != NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        given += request_argument(call->request, all[i]) != NULL;
    if (given > 1)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Filtering by node, address, shard or conductor_groups simultaneously is "
                          "not supported.");
    db_list_filter(&call->query, filter->field, DB_FILTER_NODE_IN, db_text(value));
    return true;
}

static const ListFilter filters[] = {
    {"address",          23,  "address",         filter_mac},
    {"node",             23,  "node_uuid",       filter_node},
    {"shard",            106, "shard",           filter_of_nodes},
    {"conductor_groups", 83,  "conductor_group", filter_of_nodes},
};

/* Sets the configured mode if the client names none. */
static bool
check_create(Request *request, json_t *values, GError **error)
{
    (void)request;
    (void)error;
    const char *mode = config_string(config_current(), OPT_DEFAULT_PORTGROUP_MODE);
    if (mode != NULL && !json_is_string(json_object_get(values, "mode")))
        json_object_set_new(values, "mode", json_string(mode));
    return true;
}

/* Before 1.26 Ironic refuses these fields in the first operation of a patch, and only there. */
static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    static const char *const younger[] = {"mode", "properties"};
    json_auto_t *head = json_pack("[O]", json_array_get(patch, 0));
    (void)brief;
    for (size_t i = 0; head != NULL && i < G_N_ELEMENTS(younger); i++)
        if (json_patch_touches(head, younger[i]) && !request_needs(request, 26, younger[i], error))
            return false;
    return true;
}

static const Reference references[] = {
    {.member = "node_uuid", .find = node_reference},
};

const Collection portgroup_collection = {
    .resource = &portgroup_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 23,
    .detail_since = 43,
    .names_since = 23,
    .check_create = check_create,
    .check_patch = check_patch,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    COLLECTION_ON_NODE,
};

static Answer
ports_of(Request *request, bool detail, GError **error)
{
    g_auto(ItemBrief) group = {0};
    if (!collection_find(request, &portgroup_collection, request->captures[0], &group, error))
        return ANSWER_FAILED;
    return collection_list_within(request, &port_collection, "portgroup_uuid", group.uuid, NULL,
                                  detail, error);
}

Answer
portgroup_ports(Request *request, GError **error)
{
    return ports_of(request, false, error);
}

Answer
portgroup_ports_detail(Request *request, GError **error)
{
    return ports_of(request, true, error);
}
