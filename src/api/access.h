/* Who asks, and may they: the seam between requests and authentication. Handlers know nothing beyond this header.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

typedef enum AccessOutcome {
    ACCESS_GRANTED,   /* request->identity is filled */
    ACCESS_REFUSED,   /* the error is set: UNAUTHORIZED */
    ACCESS_MUST_WAIT, /* only with may_block false: ask again where waiting is allowed */
} AccessOutcome;

/* Finds out who asks, by [DEFAULT]auth_strategy and the request's headers.
 *
 * may_block  true on a pool's thread: another service may be asked. false on an HTTP thread */
AccessOutcome access_identify(Request *request, bool may_block, GError **error);

/* Whose thing a request is about; NULL members: nobody's. */
typedef struct PolicyTarget {
    const char *owner, *lessee;
} PolicyTarget;

/* Checks a rule, e.g. "baremetal:node:get", for the request's identity.
 *
 * target  NULL when the rule is not about a thing that can have an owner
 * Errors  FORBIDDEN naming the rule; NODE_NOT_FOUND is the caller's to say instead where a thing must stay unseen */
bool policy_check(const Request *request, const char *rule, const PolicyTarget *target,
                  GError **error);

/* False when no rule looks at owner and lessee for this identity: they need not be loaded. */
bool policy_wants_target(const Request *request);

/* The project that lists are limited to (as owner or lessee), or NULL for all. Borrowed from the request. */
const char *policy_list_project(const Request *request);
