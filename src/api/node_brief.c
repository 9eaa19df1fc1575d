/* Finds the nodes that requests name; the contract is in node_brief.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/node_brief.h"

#include "api/access.h"
#include "api/router.h"
#include "common/uuid.h"
#include "model/resources.h"

#include <string.h>

/* A name has only the unreserved characters of URLs. */
static bool
could_be_name(const char *ident)
{
    for (const char *p = ident; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("._~-", *p) == NULL)
            return false;
    return *ident != '\0';
}

bool
ident_not_found(const Resource *resource, SteelErrorCode code, const char *ident, GError **error)
{
    if (resource->name_field != NULL && !could_be_name(ident))
        return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID or name for %s: %.255s",
                          resource->name, ident);
    g_autofree char *name = g_strdup(resource->name);
    name[0] = g_ascii_toupper(name[0]);
    return steel_fail(error, code, "%s %.255s could not be found.", name, ident);
}

static bool
load_brief(Request *request, const char *ident, NodeBrief *brief, GError **error)
{
    bool by_uuid = uuid_valid(ident);
    if (!by_uuid && request->version < 5)
        return true;
    g_autofree char *lower = g_ascii_strdown(ident, -1);
    return db_node_brief(request_db(request), by_uuid ? DB_BY_KEY : DB_BY_NAME,
                         by_uuid ? lower : ident, brief, error);
}

static PolicyTarget
target_of(const NodeBrief *brief)
{
    return (PolicyTarget){brief->owner, brief->lessee, brief->uuid};
}

/* Routes without a login are for machines, which prove their identity in another way. */
static bool
is_visible(Request *request, const NodeBrief *brief)
{
    const PolicyTarget target = target_of(brief);
    return request->route->flags & ROUTE_PUBLIC || policy_sees(request, NODE_SEE, &target);
}

bool
node_lookup(Request *request, const char *ident, NodeBrief *brief, GError **error)
{
    if (!load_brief(request, ident, brief, error))
        return false;
    return (brief->uuid != NULL && is_visible(request, brief)) ||
           ident_not_found(&node_resource, STEEL_ERROR_NODE_NOT_FOUND, ident, error);
}

bool
node_find(Request *request, const char *ident, NodeBrief *brief, GError **error)
{
    if (!node_lookup(request, ident, brief, error))
        return false;
    const Route *route = request->route;
    const PolicyTarget target = target_of(brief);
    return !(route->flags & ROUTE_TARGETED) || route->policy == NULL ||
           policy_check(request, route->policy, &target, error);
}

bool
node_captured(Request *request, NodeBrief *brief, GError **error)
{
    return node_find(request, request->captures[0], brief, error);
}

bool
node_reference(Request *request, const char *ident, char **uuid, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (!node_find(request, ident, &node, error))
        return false;
    *uuid = g_strdup(node.uuid);
    return true;
}

bool
node_not_found_is_invalid(GError **error)
{
    if (error != NULL && steel_error_is(*error, STEEL_ERROR_NODE_NOT_FOUND))
        (*error)->code = STEEL_ERROR_INVALID;
    return false;
}

bool
node_ident_allowed(const Request *request, const char *ident, GError **error)
{
    return uuid_valid(ident) || request_needs(request, 5, "naming a node in the query", error);
}
