/* Check strings: the language of policy files.
 *
 *     (role:admin and system_scope:all) or (role:member and project_id:%(node.owner)s)
 *
 * A string is parsed once into a tree; evaluating it allocates nothing. The words: and, or, not (in
 * rising precedence), parentheses, `role:R`, `rule:NAME`, `ATTRIBUTE:VALUE` of the credentials,
 * `'literal':VALUE`, `@` (always), `!` (never), `http://...` and `https://...` (the answer of
 * another server); a VALUE or URL may contain %(name)s of the target. An empty string is `@`.
 *
 * Source: the documentation of oslo.policy 4.0, "Policy Rule Expressions".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "auth/credentials.h"
#include "common/error.h"

typedef struct Check Check;

/* The answer of a check. */
typedef enum Verdict {
    VERDICT_NO,
    VERDICT_YES,
    VERDICT_DEPENDS, /* on the target, which the context does not know */
    /* a server that had to be asked gave no answer: whatever is around it, the answer is no */
    VERDICT_FAILED,
} Verdict;

/* Asks another server. YES or NO by its answer, FAILED without one. May block; see
 * CheckContext.remote. */
typedef struct CheckContext CheckContext;
typedef Verdict (*CheckRemote)(void *user_data, const char *url, const CheckContext *context);

/* What a check is evaluated on. Everything is borrowed. */
struct CheckContext {
    const Credentials *credentials;
    const char *object; /* what owner and lessee belong to: "node", "allocation" or "runbook" */
    const char *owner, *lessee;       /* NULL: it has none, and nobody matches */
    bool target_unknown;              /* there will be a target, but who owns it is not known yet */
    const char *service_project_name; /* %(config.service_project_name)s; NULL: it matches nobody */
    const char *rule;                 /* the rule that is asked, for other servers */
    CheckRemote remote;               /* NULL: nobody may be asked */
    void *remote_data;
};

/* Parses a check string. Free with check_free.
 * Errors: CONFIG, saying what was expected where (longer than 64 KiB or 2,000 words, nested deeper
 * than 64, a bad word). Pure. */
Check *check_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void check_free(Check *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Check, check_free)

/* Joins two checks; takes both over. */
Check *check_or(Check *first, Check *second);
Check *check_and(Check *first, Check *second);

/* What rule: words refer to. NULL: there is no such rule, the word then answers NO. */
typedef const Check *(*CheckResolver)(void *user_data, const char *rule);

/* Replaces names of rules by the rules themselves, once, before evaluation. The rules must live as
 * long as the check. */
void check_resolve(Check *check, CheckResolver resolver, void *user_data);

/* Calls `visit` with the name of each rule: word and what it was resolved to (or NULL). Stops when
 * it returns false. */
typedef bool (*CheckVisitor)(void *user_data, const char *rule, const Check *resolved);
bool check_visit_rules(const Check *check, CheckVisitor visit, void *user_data);

/* Whether the check itself, without the rules that it refers to, asks another server. */
bool check_asks_remote(const Check *check);

/* Evaluations that answering the check takes at most, with the rules it refers to: each as often as
 * it is referred to.
 *
 * cost_of  the cost of a rule that is referred to */
typedef size_t (*CheckCost)(void *user_data, const char *rule);
size_t check_cost(const Check *check, CheckCost cost_of, void *user_data);

/* Evaluates a resolved check. Never DEPENDS if the target is known. Pure except for
 * context->remote; any thread. Rules must not refer to each other in a circle (policy_new checks
 * that). */
Verdict check_evaluate(const Check *check, const CheckContext *context);
