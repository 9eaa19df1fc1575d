/* The fields of a node that most requests need, if the caller may see it.
 *
 * A node that the caller may not see looks absent: one function decides both.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"
#include "db/node_brief.h"
#include "model/resource.h"

/* The rule that decides whether the caller may see a node and its resources. */
#define NODE_SEE "baremetal:node:get"

/* Finds a node that the caller may see, by UUID or (from 1.5) name, in one statement.
 * NODE_NOT_FOUND. */
bool node_lookup(Request *request, const char *ident, NodeBrief *brief, GError **error);

/* The same, and checks the route's policy against its owner when the route is ROUTE_TARGETED.
 * NODE_NOT_FOUND; FORBIDDEN. */
bool node_find(Request *request, const char *ident, NodeBrief *brief, GError **error);

/* node_find for the first capture. */
bool node_captured(Request *request, NodeBrief *brief, GError **error);

/* node_find for a Reference of collection.h: the node that the item shall belong to. Out: its uuid,
 * the caller's to free. */
bool node_reference(Request *request, const char *ident, char **uuid, GError **error);

/* A node named in the query may be named by its name from version 1.5 on; NOT_ACCEPTABLE before. */
bool node_ident_allowed(const Request *request, const char *ident, GError **error);

/* Makes 400 (INVALID) of a NODE_NOT_FOUND: the node is not what the path asks for, so the request
 * is wrong. Leaves other errors. Always false. */
bool node_not_found_is_invalid(GError **error);

/* The error for an absent item: "Port X could not be found.", or INVALID if items of this kind have
 * names and the ident is neither a UUID nor in the form of a name. Always false.
 *
 * code  NOT_FOUND or NODE_NOT_FOUND */
bool ident_not_found(const Resource *resource, SteelErrorCode code, const char *ident,
                     GError **error);
