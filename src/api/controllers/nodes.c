/* Nodes: the rules of their collection, validation and maintenance.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/router.h"
#include "common/uuid.h"
#include "db/list.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/resources.h"

#include <string.h>

static bool
filter_state(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    if (state_from_wire(value) == STATE_NONE)
        return steel_fail(error, STEEL_ERROR_INVALID, "Provision state \"%.80s\" is not valid",
                          value);
    return filter_text(call, filter, value, error);
}

static bool
filter_fault(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    static const char *const faults[] = {"power failure", "clean failure", "rescue abort failure",
                                         "service failure"};
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
        if (strcmp(value, faults[i]) == 0)
            return filter_text(call, filter, value, error);
    return steel_fail(
        error, STEEL_ERROR_INVALID,
        "Unrecognized fault \"%.80s\" is specified, allowed faults are power failure, "
        "clean failure, rescue abort failure, service failure",
        value);
}

static bool
filter_conductor(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    (void)filter;
    (void)error;
    call->conductor = value;
    return true;
}

static bool
filter_chassis(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    g_auto(ItemBrief) chassis = {0};
    return collection_lookup(call->request, &chassis_collection, value, &chassis, error) &&
           filter_text_lower(call, filter, value, error);
}

/* The argument include_children makes a list of all, whosever children they are. */
static bool
filter_parent(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    bool children = false;
    return request_boolean_argument(call->request, "include_children", &children, error) &&
           (children || filter_text(call, filter, value, error));
}

/* Only checks the value: without_children narrows the list. */
static bool
filter_children(ListCall *call, const ListFilter *filter, const char *value, GError **error)
{
    bool children = false;
    (void)filter;
    (void)value;
    return request_boolean_argument(call->request, "include_children", &children, error);
}

static const ListFilter filters[] = {
    {"chassis_uuid",         1,   "chassis_uuid",    filter_chassis},
    {"instance_uuid",        1,   "instance_uuid",   filter_uuid},
    {"associated",           1,   "instance_uuid",   filter_present},
    {"maintenance",          1,   "maintenance",     filter_boolean},
    {"provision_state",      9,   "provision_state", filter_state},
    {"driver",               16,  "driver",          filter_text},
    {"resource_class",       21,  "resource_class",  filter_text},
    {"fault",                42,  "fault",           filter_fault},
    {"conductor_group",      46,  "conductor_group", filter_text_lower},
    {"conductor",            49,  NULL,              filter_conductor},
    {"owner",                50,  "owner",           filter_text},
    {"description_contains", 1,   "description",     filter_contains},
    {"retired",              1,   "retired",         filter_boolean},
    {"lessee",               65,  "lessee",          filter_text},
    {"project",              1,   NULL,              filter_project},
    {"shard",                82,  "shard",           filter_any_of},
    {"sharded",              82,  "shard",           filter_present},
    {"parent_node",          83,  "parent_node",     filter_parent},
    {"include_children",     83,  NULL,              filter_children},
    {"instance_name",        104, "instance_name",   filter_text},
};

/* Child nodes are listed when they are asked for. */
static void
without_children(ListCall *call)
{
    bool children = false;
    request_boolean_argument(call->request, "include_children", &children, NULL);
    if (!children && request_argument(call->request, "parent_node") == NULL)
        db_list_filter(&call->query, "parent_node", DB_FILTER_IS_NULL, db_text(NULL));
}

/* Before 1.10 a name had to be a host name. */
static bool
name_fits_version(const Request *request, const json_t *name, GError **error)
{
    const char *text = json_string_value(name);
    if (text == NULL || request->version >= 10)
        return true;
    bool good = *text != '-' && *text != '.';
    for (const char *p = text; *p != '\0' && good; p++)
        good = g_ascii_isalnum(*p) || *p == '-' || *p == '.';
    return good ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "'%.80s' is not a host name, which names are before API version 1.10", text);
}

/* A parent is a node that the caller sees, and has the owner of its child. Of others a caller
 * learns no more than of one that does not exist. */
static bool
parent_fits(Request *request, const json_t *ident, const char *owner, GError **error)
{
    g_auto(NodeBrief) parent = {0};
    g_autoptr(GError) failure = NULL;
    const char *text = json_string_value(ident);
    if (text == NULL ||
        (node_lookup(request, text, &parent, &failure) && g_strcmp0(parent.owner, owner) == 0))
        return true;
    if (failure != NULL && !steel_error_is(failure, STEEL_ERROR_NODE_NOT_FOUND) &&
        !steel_error_is(failure, STEEL_ERROR_INVALID)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Unable to apply the requested parent_node '%.80s'. Requested value was "
                      "invalid.",
                      text);
}

/* A name of an instance is not empty. */
static bool
instance_name_fits(const json_t *name, GError **error)
{
    const char *text = json_string_value(name);
    return text == NULL || *text != '\0' ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "instance_name must not be empty; null stands for none");
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    if (!name_fits_version(request, json_object_get(values, "name"), error) ||
        !instance_name_fits(json_object_get(values, "instance_name"), error) ||
        !parent_fits(request, json_object_get(values, "parent_node"),
                     json_string_member(values, "owner"), error))
        return false;
    if (request->version < 11) /* before 1.11 there was no such state */
        json_object_set_new(values, "provision_state", json_string("available"));
    return true;
}

/* Since "inspect wait" exists, a node that is being inspected must not be changed. */
static bool
state_takes_patches(Request *request, const ItemBrief *brief, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (request->version < 39)
        return true;
    if (!node_lookup(request, brief->uuid, &node, error))
        return false;
    return g_strcmp0(node.provision_state, "inspecting") != 0 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "Cannot update node \"%s\" while it is in state \"inspecting\".", node.uuid);
}

/* A node in use keeps its owner, unless a rule of its own allows the change. */
static bool
owner_may_change(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    const PolicyTarget target = {brief->owner, brief->lessee, brief->uuid};
    g_auto(NodeBrief) node = {0};
    if (!json_patch_touches(patch, "owner") ||
        policy_allows(request, "baremetal:node:update_owner_provisioned", &target))
        return true;
    if (!node_lookup(request, brief->uuid, &node, error))
        return false;
    return g_strcmp0(node.provision_state, "active") != 0 ||
           steel_fail(
               error, STEEL_ERROR_CONFLICT,
               "Cannot change the owner of node \"%s\" while it is in state \"active\"; that "
               "needs baremetal:node:update_owner_provisioned.",
               node.uuid);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    if (!name_fits_version(request, json_patch_value(patch, "name"), error) ||
        !state_takes_patches(request, brief, error) ||
        !owner_may_change(request, brief, patch, error) ||
        !instance_name_fits(json_patch_value(patch, "instance_name"), error) ||
        !parent_fits(request, json_patch_value(patch, "parent_node"), brief->owner, error))
        return false;
    if (json_patch_clears(patch, "chassis_uuid") &&
        !request_needs(request, 25, "taking a node out of its chassis", error))
        return false;
    if (request_argument(request, "reset_interfaces") == NULL)
        return true;
    if (!request_needs(request, 45, "the argument 'reset_interfaces'", error))
        return false;
    return json_patch_touches(patch, "driver") ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "The reset_interfaces parameter can only be used when changing the node's "
                      "driver.");
}

/* A caller puts nodes only into a chassis that they can see. */
static bool
find_chassis(Request *request, const char *ident, char **uuid, GError **error)
{
    g_auto(ItemBrief) chassis = {0};
    if (!collection_lookup(request, &chassis_collection, ident, &chassis, error))
        return false;
    *uuid = g_strdup(chassis.uuid);
    return true;
}

static bool
find_parent(Request *request, const char *ident, char **uuid, GError **error)
{
    g_auto(NodeBrief) parent = {0};
    if (!node_lookup(request, ident, &parent, error))
        return false;
    *uuid = g_strdup(parent.uuid);
    return true;
}

static const Reference references[] = {
    {.member = "chassis_uuid", .find = find_chassis},
    {.member = "parent_node", .named = true, .find = find_parent},
};

static const char *const patch_arguments[] = {"reset_interfaces", NULL};

const Collection node_collection = {
    .resource = &node_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .narrow = without_children,
    .since = 1,
    .detail_since = 43,
    .names_since = 5,
    .check_create = check_create,
    .check_patch = check_patch,
    .patch_arguments = patch_arguments,
    .references = references,
    .reference_count = G_N_ELEMENTS(references),
    .not_found = STEEL_ERROR_NODE_NOT_FOUND,
    .see = NODE_SEE,
    .ownership = DB_OWNED_BY_FIELDS,
};

/* Interfaces that came with later versions are not told of in earlier ones. */
static bool
after_validation(Request *request, json_t *result, GError **error)
{
    if (request->version < 86)
        json_object_del(result, "firmware");
    return request_after_200(request, result, error);
}

Answer
node_validate(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    g_auto(NodeBrief) node = {0};
    if (!request_only_arguments(request, none, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VALIDATE, node.uuid, json_object(), after_validation);
}

Answer
node_validate_query(Request *request, GError **error)
{
    static const char *const arguments[] = {"node", "node_uuid", NULL};
    const char *ident = request_argument(request, "node");
    if (ident == NULL)
        ident = request_argument(request, "node_uuid");
    g_auto(NodeBrief) node = {0};
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    if (ident == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING, "Missing mandatory parameter: node");
        return ANSWER_FAILED;
    }
    if (!node_ident_allowed(request, ident, error) || !node_find(request, ident, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VALIDATE, node.uuid, json_object(), after_validation);
}

static bool
append_child(const DbRow *row, void *user_data)
{
    GString *out = user_data;
    if (out->str[out->len - 1] != '[')
        g_string_append_c(out, ',');
    g_string_append_printf(out, "\"%s\"", db_row_text(row, 0, NULL));
    return true;
}

Answer
node_children(Request *request, GError **error)
{
    static const char *const names[] = {"uuid", NULL};
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    g_autoptr(View) view = view_of_names(&node_resource, names, request->version);
    DbListQuery query = {.selection = view->selection,
                         .ownership = DB_OWNED_BY_FIELDS,
                         .project = policy_list_project(request)};
    db_list_filter(&query, "parent_node", DB_FILTER_EQUAL, db_text(node.uuid));
    GString *out = request_out(request, 200, 512);
    g_string_append(out, "{\"children\":[");
    if (!db_list(request_db(request), &query, append_child, out, error))
        return ANSWER_FAILED;
    g_string_append(out, "],\"links\":{\"href\":\"");
    request_append_base(request, out);
    g_string_append_printf(out, "/v1/nodes?parent_node=%s\",\"rel\":\"children\"}}", node.uuid);
    return ANSWER_NOW;
}

Answer
node_maintenance_set(Request *request, GError **error)
{
    static const char *const members[] = {"reason", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, members, error);
    if (body == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    json_t *reason = json_object_get(body, "reason");
    if (reason != NULL && !json_is_string(reason) && !json_is_null(reason)) {
        steel_fail(error, STEEL_ERROR_INVALID, "reason must be a string");
        return ANSWER_FAILED;
    }
    json_t *arguments = json_pack("{s:b}", "maintenance", 1);
    if (json_is_string(reason))
        json_object_set(arguments, "reason", reason);
    return request_call(request, RPC_SET_MAINTENANCE, node.uuid, arguments, request_after_202);
}

Answer
node_maintenance_unset(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_SET_MAINTENANCE, node.uuid,
                        json_pack("{s:b}", "maintenance", 0), request_after_202);
}
