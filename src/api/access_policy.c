/* The policy for requests: which rules apply, to whose things, and what they narrow; the contract
 * is in access.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include "api/access_bodies.h"
#include "api/asker.h"
#include "api/router.h"
#include "auth/policy_store.h"

#include <string.h>

/* A project that does not exist, for a list that must be empty. */
static const char no_project[] = "\x1f";

/* ---- the rules ---- */

/* Checks of policy.def's rules that go beyond their check string. */
static const struct {
    const char *rule;
    bool (*check)(Asker *asker, Request *request, GError **error);
} specials[] = {
#define SPECIAL(name, function) {name, function},
#include "auth/policy.def"
};

typedef struct ListRule {
    const char *own, *all;
} ListRule;

static const ListRule list_rules[] = {
#define LIST(own, all) {own, all},
#include "auth/policy.def"
};

/* The pair with this rule; NULL if the rule is not about lists. */
static const ListRule *
list_rule(const char *rule)
{
    for (size_t i = 0; i < G_N_ELEMENTS(list_rules); i++)
        if (g_strcmp0(rule, list_rules[i].own) == 0 || g_strcmp0(rule, list_rules[i].all) == 0)
            return &list_rules[i];
    return NULL;
}

/* Allows a list of all items, or narrows it to the caller's project. */
static bool
check_list(Asker *asker, const ListRule *list, GError **error)
{
    if (asker_allows(asker, list->all))
        return true;
    if (asker->who->project_id == NULL)
        return asker_forbid(asker, list->all, error);
    return asker_allows(asker, list->own) || asker_forbid(asker, list->own, error);
}

static bool
check_rule(Asker *asker, Request *request, const char *rule, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(specials); i++)
        if (strcmp(rule, specials[i].rule) == 0)
            return specials[i].check(asker, request, error);
    const ListRule *list = asker->target == NULL ? list_rule(rule) : NULL;
    if (list != NULL)
        return check_list(asker, list, error);
    return asker_allows(asker, rule) || asker_forbid(asker, rule, error);
}

bool
policy_check(Request *request, const char *rule, const PolicyTarget *target, GError **error)
{
    Asker asker;
    if (!policy_is_enforced())
        return true;
    if (!asker_init(&asker, request, target, error) || !check_rule(&asker, request, rule, error))
        return false;
    asker_note(&asker, request);
    return true;
}

bool
policy_sees(Request *request, const char *rule, const PolicyTarget *target)
{
    Asker asker;
    if (!policy_is_enforced())
        return true;
    if (!asker_init(&asker, request, target, NULL) || !asker_allows(&asker, rule))
        return false;
    asker_note(&asker, request);
    return true;
}

void
policy_refresh(void)
{
    if (policy_is_enforced())
        (void)policy_current(POLICY_LOOK_MS, NULL);
}

bool
policy_may_wait(const Request *request)
{
    if (!policy_is_enforced() || request->route == NULL || request->route->flags & ROUTE_PUBLIC)
        return false;
    const Policy *policy = policy_current(POLICY_LOOK_MS, NULL);
    return policy != NULL && policy_asks_remote(policy);
}

bool
policy_allows(const Request *request, const char *rule, const PolicyTarget *target)
{
    Asker asker;
    return !policy_is_enforced() ||
           (asker_init(&asker, request, target, NULL) && asker_allows(&asker, rule));
}

bool
policy_wants_target(const Request *request, const char *see)
{
    Asker asker;
    if (!policy_is_enforced() || request->route->policy == NULL)
        return false;
    if (!asker_init(&asker, request, NULL, NULL))
        return true;
    return !asker_allows_for_all(&asker, request->route->policy) ||
           (see != NULL && !asker_allows_for_all(&asker, see));
}

const char *
policy_list_project(const Request *request)
{
    Asker asker;
    if (!policy_is_enforced())
        return NULL;
    const char *project =
        request->identity.project_id != NULL ? request->identity.project_id : no_project;
    if (!asker_init(&asker, request, NULL, NULL))
        return project;
    const ListRule *list = list_rule(request->route->policy);
    return asker_allows(&asker, list != NULL ? list->all : "baremetal:node:list_all") ? NULL
                                                                                      : project;
}

/* ---- what is hidden ---- */

static const struct {
    unsigned bit;
    const char *rule, *json;
} hidings[] = {
    {POLICY_HIDE_DRIVER_INFO, "baremetal:node:get:driver_info",
     "{\"content\":\"** Redacted: this needs baremetal:node:get:driver_info **\"}"},
    {POLICY_HIDE_DRIVER_INTERNAL_INFO, "baremetal:node:get:driver_internal_info",
     "{\"content\":\"** Redacted: this needs baremetal:node:get:driver_internal_info **\"}"},
    {POLICY_HIDE_LAST_ERROR, "baremetal:node:get:last_error",
     "\"** Redacted: this needs baremetal:node:get:last_error **\""},
    {POLICY_HIDE_RESERVATION, "baremetal:node:get:reservation",
     "\"** Redacted: this needs baremetal:node:get:reservation **\""},
    {POLICY_HIDE_TARGET_PROPERTIES, "baremetal:volume:view_target_properties",
     "{\"redacted_contents\":\"** Redacted: this needs baremetal:volume:view_target_properties "
     "**\"}"},
};

/* True unless the rule lets the caller see a field; notes if it depends on the item. */
static bool
hides(const Asker *asker, const char *rule, bool *depends)
{
    Verdict verdict = asker_verdict(asker, rule);
    *depends = *depends || verdict == VERDICT_DEPENDS;
    return verdict != VERDICT_YES;
}

unsigned
policy_visibility(const Request *request, const PolicyTarget *target, bool *depends)
{
    static const unsigned node_bits = POLICY_HIDE_DRIVER_INFO | POLICY_HIDE_DRIVER_INTERNAL_INFO |
                                      POLICY_HIDE_LAST_ERROR | POLICY_HIDE_RESERVATION;
    Asker asker;
    bool differs = false;
    unsigned bits = 0;
    if (asker_init(&asker, request, target, NULL)) {
        asker.target_unknown = target == NULL;
        if (!hides(&asker, "show_password", &differs))
            bits |= POLICY_SHOW_DRIVER_SECRETS;
        if (!hides(&asker, "show_instance_secrets", &differs))
            bits |= POLICY_SHOW_INSTANCE_SECRETS;
    } else if (policy_is_enforced()) {
        bits = node_bits | POLICY_HIDE_TARGET_PROPERTIES;
    }
    /* No rule limits what an agent sees of its own node. */
    if (policy_is_enforced() && asker.policy != NULL && !request->identity.is_public) {
        bool sees_all = !hides(&asker, "baremetal:node:get:filter_threshold", &differs);
        for (size_t i = 0; i < G_N_ELEMENTS(hidings); i++)
            if (!(sees_all && hidings[i].bit & node_bits) &&
                hides(&asker, hidings[i].rule, &differs))
                bits |= hidings[i].bit;
    }
    if (depends != NULL)
        *depends = differs;
    return bits;
}

const char *
policy_hidden_json(unsigned bit)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hidings); i++)
        if (hidings[i].bit == bit)
            return hidings[i].json;
    return "null";
}

char *
access_policy_yaml(const Config *config, GError **error)
{
    g_autoptr(Policy) policy = policy_load(config, error);
    return policy != NULL ? policy_to_yaml(policy) : NULL;
}
