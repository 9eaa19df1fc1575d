/* Allocations: the search for a node begins after the client has its answer.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/names.h"
#include "model/resources.h"

/* A node that does not exist is a mistake of the request, so the answer is 400. */
static bool
filter_known_node(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    return filter_node(call, filter, value, error) || node_not_found_is_invalid(error);
}

static const ListFilter filters[] = {
    {"node",           52, "node_uuid",      filter_known_node},
    {"resource_class", 52, "resource_class", filter_text},
    {"state",          52, "state",          filter_text},
    {"owner",          60, "owner",          filter_text},
};

static const char *const extras[] = {"node", NULL};

static bool
check_create(Request *request, json_t *values, GError **error)
{
    if (json_is_nothing(json_object_get(values, "node")))
        json_object_del(values, "node");
    const json_t *node = json_object_get(values, "node");
    const json_t *class = json_object_get(values, "resource_class");
    if (node != NULL && request->version < 58) /* 400 as in Ironic, not 406 */
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "an allocation for a given node exists from API version 1.58, the "
                          "request asks for 1.%u",
                          request->version);
    if (node != NULL && !json_is_string(node))
        return steel_fail(error, STEEL_ERROR_INVALID, "node must be a UUID or a name");
    const char *class_name = json_string_value(class);
    if (node == NULL && (class_name == NULL || *class_name == '\0'))
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "The resource_class field is mandatory when not backfilling");
    if (node != NULL && (json_object_get(values, "candidate_nodes") != NULL ||
                         json_object_get(values, "traits") != NULL))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "candidate_nodes and traits do not go with node");
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(values, "traits"), index, item)
    {
        if (!json_is_string(item))
            return steel_fail(error, STEEL_ERROR_INVALID, "traits must be an array of strings");
        if (!trait_name_valid(json_string_value(item), error))
            return false;
    }
    json_array_foreach(json_object_get(values, "candidate_nodes"), index, item)
    {
        if (!json_is_string(item))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "candidate_nodes must be an array of UUIDs or names");
    }
    return true;
}

static const Reference references[] = {
    {.member = "node", .named = true, .find = node_reference},
    {.member = "candidate_nodes", .named = true, .find = node_reference},
};

const Collection allocation_collection = {
    .resource = &allocation_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 52,
    .detail_since = API_VERSION_MAXIMUM + 1, /* there is only one view */
    .names_since = 52,
    .always_detail = true,
    .create_extras = extras,
    .check_create = check_create,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    .see = "baremetal:allocation:get",
    .ownership = DB_OWNED_BY_FIELDS,
};
