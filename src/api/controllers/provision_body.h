/* What the body of PUT states/provision may say: for which verbs and from which versions on, in
 * which shape, and what of it the caller may ask for. On the thread of the request; nothing here
 * asks a conductor.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/controllers/controllers.h"

/* The body, borrowed from the request, without members that are empty and so mean nothing. NULL:
 * the error is set. */
json_t *provision_body_read(Request *request, GError **error);

/* Whether the caller may ask this node for the lists of steps that the body has: who may set states
 * need not be one who may ask for any step. FORBIDDEN. */
bool provision_body_permitted(Request *request, const NodeBrief *node, const json_t *body,
                              GError **error);

/* Whether the members fit the verb, the version and each other, and whether the caller may have the
 * steps run on the child nodes that they are for. INVALID, NOT_ACCEPTABLE, FORBIDDEN,
 * NODE_NOT_FOUND. */
bool provision_body_valid(Request *request, const NodeBrief *node, const json_t *body,
                          const ProvisionVerb *verb, GError **error);

/* The member with the steps that a verb is nothing without; static. NULL: it has none. */
const char *provision_body_steps(const ProvisionVerb *verb);

/* The conductor's arguments: all members that are not null; a new reference. */
json_t *provision_body_arguments(const json_t *body);
