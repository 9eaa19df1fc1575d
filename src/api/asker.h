/* The caller of one request before the policy: one rule, one answer. For access_policy.c, which
 * says what the rules mean for requests, and access_bodies.c. Nothing is kept after the request.
 *
 * Threads: those of the request. May block while other servers are asked, where request->questions
 * allows that, and while policy files are read again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/access.h"
#include "auth/policy.h"
#include "auth/policy_remote.h"

/* How often policy files are checked for changes. */
enum { POLICY_LOOK_MS = 1000 };

/* The caller of one request, and the target that is judged. All pointers are borrowed. */
typedef struct Asker {
    const Policy *policy;
    const Credentials *who;
    const PolicyTarget *target; /* NULL if there is none */
    bool target_unknown;        /* there is a target that is not known yet */
    /* the request's questions to other servers; NULL if it may not ask */
    PolicyQuestions *questions;
    bool by_owner; /* an answer was yes because of the target's owner or lessee */
} Asker;

/* False with noauth and http_basic: everybody may do everything. */
bool policy_is_enforced(void);

/* Fills the asker for a request.
 *
 * target  borrowed; NULL: the rule is not about a thing that can have an owner
 * Errors  of policy_current (CONFIG, IO); error may be NULL. Then there is no policy, and nothing
 *         may be asked */
bool asker_init(Asker *asker, const Request *request, const PolicyTarget *target, GError **error);

/* The answer of one rule for the target as it is. */
Verdict asker_verdict(const Asker *asker, const char *rule);

/* True if the rule allows it for targets of all owners. */
bool asker_allows_for_all(const Asker *asker, const char *rule);

/* True if the rule allows it for this target; notes in the asker whether that was because of its
 * owner or lessee. */
bool asker_allows(Asker *asker, const char *rule);

/* Keeps the owner and lessee that the caller was judged by in request->judged. The conductor checks
 * that they are still the same. */
void asker_note(const Asker *asker, Request *request);

/* FORBIDDEN, with the rule and the caller's roles, so that an administrator sees which role is
 * missing. Always false. */
bool asker_forbid(const Asker *asker, const char *rule, GError **error);
