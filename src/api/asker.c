/* The caller and the policy; the contract is in asker.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/asker.h"

#include "auth/policy_store.h"

/* Callers without credentials. */
static const Credentials nobody = {0}, passer_by = {.is_public = true};

bool
policy_is_enforced(void)
{
    return g_strcmp0(config_string(config_current(), OPT_AUTH_STRATEGY), "keystone") == 0;
}

bool
asker_init(Asker *asker, const Request *request, const PolicyTarget *target, GError **error)
{
    /* A stream's events are judged on the publisher's thread, which may not wait for a file or a
     * server. */
    asker->policy = request->streaming ? policy_known() : policy_current(POLICY_LOOK_MS, error);
    asker->target = target;
    asker->target_unknown = false;
    asker->by_owner = false;
    asker->questions = request->streaming ? NULL : request->questions;
    asker->who = request->identity.is_public             ? &passer_by
                 : request->identity.credentials != NULL ? request->identity.credentials
                                                         : &nobody;
    return asker->policy != NULL;
}

Verdict
asker_verdict(const Asker *asker, const char *rule)
{
    const Config *config = config_current();
    const CheckContext context = {
        .credentials = asker->who,
        .owner = asker->target != NULL ? asker->target->owner : NULL,
        .lessee = asker->target != NULL ? asker->target->lessee : NULL,
        .target_unknown = asker->target_unknown,
        .service_project_name = config_boolean(config, OPT_RBAC_SERVICE_ROLE_ELEVATED_ACCESS)
                                    ? config_string(config, OPT_RBAC_SERVICE_PROJECT_NAME)
                                    : NULL,
        .remote = policy_remote_ask,
        .remote_data = asker->questions,
    };
    return policy_ask(asker->policy, rule, &context);
}

bool
asker_allows_for_all(const Asker *asker, const char *rule)
{
    Asker blind = *asker;
    blind.target_unknown = true;
    return asker_verdict(&blind, rule) == VERDICT_YES;
}

bool
asker_allows(Asker *asker, const char *rule)
{
    if (asker->target == NULL)
        return asker_verdict(asker, rule) == VERDICT_YES;
    if (asker_allows_for_all(asker, rule))
        return true;
    bool allowed = asker_verdict(asker, rule) == VERDICT_YES;
    asker->by_owner = asker->by_owner || allowed;
    return allowed;
}

void
asker_note(const Asker *asker, Request *request)
{
    const PolicyTarget *target = asker->target;
    if (target == NULL || target->node_uuid == NULL)
        return;
    if (request->judged == NULL)
        request->judged = json_object();
    json_object_set_new(
        request->judged, target->node_uuid,
        json_pack("{s:s?, s:s?}", "owner", target->owner, "lessee", target->lessee));
    request->judged_by_owner = request->judged_by_owner || asker->by_owner;
}

bool
asker_forbid(const Asker *asker, const char *rule, GError **error)
{
    const Credentials *who = asker->who;
    g_autoptr(GString) roles = g_string_new(NULL);
    for (char **role = who->roles; role != NULL && *role != NULL; role++)
        g_string_append_printf(roles, "%s%.64s", roles->len > 0 ? ", " : "", *role);
    return steel_fail(error, STEEL_ERROR_FORBIDDEN,
                      "The policy does not allow %s to the roles %s of %s%s.", rule,
                      roles->len > 0 ? roles->str : "(none)",
                      who->system_scope != NULL ? "the whole system"
                      : who->project_id != NULL ? "project "
                                                : "no project",
                      who->system_scope == NULL && who->project_id != NULL ? who->project_id : "");
}
