/* Nodes: the rules of their collection, validation and maintenance.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/router.h"
#include "common/uuid.h"
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
    static const char *const faults[] = {"power failure", "clean failure", "rescue abort failure"};
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
        if (strcmp(value, faults[i]) == 0)
            return filter_text(call, filter, value, error);
    return steel_fail(
        error, STEEL_ERROR_INVALID,
        "Unrecognized fault \"%.80s\" is specified, allowed faults are power failure, "
        "clean failure, rescue abort failure",
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

static const ListFilter filters[] = {
    {"chassis_uuid",         1,  "chassis_uuid",    filter_chassis},
    {"instance_uuid",        1,  "instance_uuid",   filter_uuid},
    {"associated",           1,  "instance_uuid",   filter_present},
    {"maintenance",          1,  "maintenance",     filter_boolean},
    {"provision_state",      9,  "provision_state", filter_state},
    {"driver",               16, "driver",          filter_text},
    {"resource_class",       21, "resource_class",  filter_text},
    {"fault",                42, "fault",           filter_fault},
    {"conductor_group",      46, "conductor_group", filter_text_lower},
    {"conductor",            49, NULL,              filter_conductor},
    {"owner",                50, "owner",           filter_text},
    {"description_contains", 1,  "description",     filter_contains},
    {"retired",              1,  "retired",         filter_boolean},
    {"lessee",               65, "lessee",          filter_text},
    {"project",              1,  NULL,              filter_project},
    {"shard",                82, "shard",           filter_any_of},
    {"sharded",              82, "shard",           filter_present},
};

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

static bool
check_create(Request *request, json_t *values, GError **error)
{
    if (!name_fits_version(request, json_object_get(values, "name"), error))
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
        !owner_may_change(request, brief, patch, error))
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

static const Reference references[] = {
    {.member = "chassis_uuid", .find = find_chassis},
};

static const char *const patch_arguments[] = {"reset_interfaces", NULL};

const Collection node_collection = {
    .resource = &node_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
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

Answer
node_validate(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    g_auto(NodeBrief) node = {0};
    if (!request_only_arguments(request, none, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_VALIDATE, node.uuid, json_object(), request_after_200);
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
    return request_call(request, RPC_VALIDATE, node.uuid, json_object(), request_after_200);
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
