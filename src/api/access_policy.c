/* The policy for requests: which rules apply, to whose things, and what they narrow; the contract
 * is in access.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/router.h"
#include "auth/policy_remote.h"
#include "auth/policy_store.h"

#include <string.h>

/* How often policy files are checked for changes. */
enum { LOOK_MS = 1000 };

/* A project that does not exist, for a list that must be empty. */
static const char no_project[] = "\x1f";

/* Callers without credentials. */
static const Credentials nobody = {0}, passer_by = {.is_public = true};

/* The caller of one request, and the target that is judged. */
typedef struct Asker {
    const Policy *policy;
    const Credentials *who;
    const PolicyTarget *target; /* NULL if there is none */
    bool target_unknown;        /* there is a target that is not known yet */
    /* the request's questions to other servers; NULL if it may not ask */
    PolicyQuestions *questions;
    bool by_owner; /* an answer was yes because of the target's owner or lessee */
} Asker;

static bool
is_enforced(void)
{
    return g_strcmp0(config_string(config_current(), OPT_AUTH_STRATEGY), "keystone") == 0;
}

static bool
asker_init(Asker *asker, const Request *request, const PolicyTarget *target, GError **error)
{
    /* A stream's events are judged on the publisher's thread, which may not wait for a file or a
     * server. */
    asker->policy = request->streaming ? policy_known() : policy_current(LOOK_MS, error);
    asker->target = target;
    asker->target_unknown = false;
    asker->by_owner = false;
    asker->questions = request->streaming ? NULL : request->questions;
    asker->who = request->identity.is_public             ? &passer_by
                 : request->identity.credentials != NULL ? request->identity.credentials
                                                         : &nobody;
    return asker->policy != NULL;
}

static Verdict
ask(const Asker *asker, const char *rule)
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

/* True if the rule allows it for targets of all owners. */
static bool
allows_for_all(const Asker *asker, const char *rule)
{
    Asker blind = *asker;
    blind.target_unknown = true;
    return ask(&blind, rule) == VERDICT_YES;
}

static bool
allows(Asker *asker, const char *rule)
{
    if (asker->target == NULL)
        return ask(asker, rule) == VERDICT_YES;
    if (allows_for_all(asker, rule))
        return true;
    bool allowed = ask(asker, rule) == VERDICT_YES;
    asker->by_owner = asker->by_owner || allowed;
    return allowed;
}

/* Keeps the owner and lessee that the caller was judged by. The conductor checks that they are
 * still the same. */
static void
note(const Asker *asker, Request *request)
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

/* Names the rule and the caller's roles, so that an administrator sees which role is missing.
 * Always false. */
static bool
forbid(const Asker *asker, const char *rule, GError **error)
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

/* ---- fields of a node ---- */

/* Fields with a rule of their own; baremetal:node:update holds for all others. */
static const struct {
    const char *field, *rule;
} field_rules[] = {
    {"instance_info",      "baremetal:node:update_instance_info"},
    {"extra",              "baremetal:node:update_extra"},
    {"driver_info",        "baremetal:node:update:driver_info"},
    {"properties",         "baremetal:node:update:properties"},
    {"chassis_uuid",       "baremetal:node:update:chassis_uuid"},
    {"instance_uuid",      "baremetal:node:update:instance_uuid"},
    {"lessee",             "baremetal:node:update:lessee"},
    {"owner",              "baremetal:node:update:owner"},
    {"driver",             "baremetal:node:update:driver_interfaces"},
    {"network_data",       "baremetal:node:update:network_data"},
    {"conductor_group",    "baremetal:node:update:conductor_group"},
    {"name",               "baremetal:node:update:name"},
    {"retired",            "baremetal:node:update:retired"},
    {"retired_reason",     "baremetal:node:update:retired"},
    {"shard",              "baremetal:node:update:shard"},
    {"parent_node",        "baremetal:node:update:parent_node"},
    {"disable_power_off",  "baremetal:node:update:disable_power_off"},
    {"instance_name",      "baremetal:node:update_instance_info"},
    {"maintenance",        "baremetal:node:set_maintenance"},
    {"maintenance_reason", "baremetal:node:set_maintenance"},
};

/* True for the values that mean false in a patch. */
static bool
is_false(const json_t *value)
{
    static const char *const words[] = {"0", "f", "false", "off", "n", "no"};
    if (json_is_false(value) || (json_is_integer(value) && json_integer_value(value) == 0))
        return true;
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* The rule for one operation of a node's patch. Something that is no operation is refused later. */
static const char *
node_rule_of(const json_t *operation)
{
    const char *path = json_string_value(json_object_get(operation, "path"));
    if (path == NULL || *path != '/')
        return "baremetal:node:update";
    g_autofree char *field = g_strndup(path + 1, strcspn(path + 1, "/"));
    for (size_t i = 0; i < G_N_ELEMENTS(field_rules); i++)
        if (strcmp(field, field_rules[i].field) == 0)
            return field_rules[i].rule;
    if (g_str_has_suffix(field, "_interface"))
        return "baremetal:node:update:driver_interfaces";
    if (strcmp(field, "automated_clean") == 0 && is_false(json_object_get(operation, "value")))
        return "baremetal:node:disable_cleaning";
    return "baremetal:node:update";
}

/* True if there is a field that the caller may change. */
static bool
check_some_update(Asker *asker, GError **error)
{
    bool some =
        allows(asker, "baremetal:node:update") || allows(asker, "baremetal:node:disable_cleaning");
    for (size_t i = 0; i < G_N_ELEMENTS(field_rules) && !some; i++)
        some = allows(asker, field_rules[i].rule);
    return some || forbid(asker, "baremetal:node:update", error);
}

/* Asks the rule of each operation; `update` when there is none. */
static bool
check_operations(Asker *asker, const json_t *patch, const char *(*rule_of)(const json_t *operation),
                 const char *update, GError **error)
{
    size_t count = json_array_size(patch);
    for (size_t i = 0; i < count; i++) {
        const char *rule = rule_of(json_array_get(patch, i));
        if (!allows(asker, rule))
            return forbid(asker, rule, error);
    }
    return count > 0 || allows(asker, update) || forbid(asker, update, error);
}

static bool
check_node_update(Asker *asker, Request *request, GError **error)
{
    if (request->body_pending)
        return check_some_update(asker, error);
    return check_operations(asker, request->json, node_rule_of, "baremetal:node:update", error);
}

/* ---- fields of a runbook ---- */

static const char *
runbook_rule_of(const json_t *operation)
{
    const char *path = json_string_value(json_object_get(operation, "path"));
    if (path != NULL && g_str_has_prefix(path, "/owner"))
        return "baremetal:runbook:update:owner";
    if (path != NULL && g_str_has_prefix(path, "/public"))
        return "baremetal:runbook:update:public";
    return "baremetal:runbook:update";
}

static bool
check_runbook_update(Asker *asker, Request *request, GError **error)
{
    /* traits are changed by requests that are no patches */
    if (!request->body_pending && json_is_array(request->json))
        return check_operations(asker, request->json, runbook_rule_of, "baremetal:runbook:update",
                                error);
    return allows(asker, "baremetal:runbook:update") ||
           (request->body_pending && (allows(asker, "baremetal:runbook:update:owner") ||
                                      allows(asker, "baremetal:runbook:update:public"))) ||
           forbid(asker, "baremetal:runbook:update", error);
}

/* ---- the owner of new items ---- */

static bool
same_project(const Asker *asker, const char *owner)
{
    return owner != NULL && g_strcmp0(owner, asker->who->project_id) == 0;
}

/* Sets the caller's project as the owner, also in versions that do not show owners. */
static bool
claim_owner(const Asker *asker, Request *request, json_t *body)
{
    const char *project = asker->who->project_id;
    if (project == NULL || same_project(asker, json_string_member(body, "owner")))
        return true;
    request->owner_claimed = true;
    json_object_set_new(body, "owner", json_string(project));
    return true;
}

static bool
check_node_create(Asker *asker, Request *request, GError **error)
{
    const Credentials *who = asker->who;
    const bool self_owned =
        config_boolean(config_current(), OPT_API_PROJECT_ADMIN_CAN_MANAGE_OWN_NODES) &&
        allows(asker, "baremetal:node:create:self_owned_node");
    if (!self_owned || who->system_scope != NULL)
        return self_owned || allows(asker, "baremetal:node:create") ||
               forbid(asker, "baremetal:node:create", error);
    if (request->body_pending)
        return true;
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL)
        return false;
    const json_t *owner = json_object_get(body, "owner");
    if (owner != NULL && !json_is_null(owner) && !same_project(asker, json_string_value(owner)))
        return steel_fail(
            error, STEEL_ERROR_FORBIDDEN,
            "A project's administrator can create nodes of the own project only; leave "
            "owner out.");
    return claim_owner(asker, request, body);
}

static bool
check_allocation_create(Asker *asker, Request *request, GError **error)
{
    const bool legacy = !config_boolean(config_current(), OPT_OSLO_POLICY_ENFORCE_NEW_DEFAULTS);
    if (request->body_pending)
        return allows(asker, "baremetal:allocation:create") ||
               allows(asker, "baremetal:allocation:create_restricted") ||
               forbid(asker, "baremetal:allocation:create", error);
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL)
        return false;
    const char *owner = json_string_member(body, "owner");
    const bool before_rbac = allows(asker, "baremetal:allocation:create_pre_rbac");
    const bool restricted = allows(asker, "baremetal:allocation:create_restricted");
    const bool foreign = owner != NULL && !same_project(asker, owner);
    if (!allows(asker, "baremetal:allocation:create") ||
        (legacy && owner == NULL && !before_rbac)) {
        if (!restricted || (legacy && owner != NULL && !before_rbac))
            return forbid(asker, "baremetal:allocation:create_restricted", error);
        if (foreign && asker->who->project_id != NULL)
            return forbid(asker, "baremetal:allocation:create", error);
        return claim_owner(asker, request, body);
    }
    if (legacy || asker->who->system_scope != NULL)
        return true;
    if (foreign)
        return restricted || forbid(asker, "baremetal:allocation:create_restricted", error);
    return claim_owner(asker, request, body);
}

static bool
check_node_delete(Asker *asker, Request *request, GError **error)
{
    (void)request;
    if (allows(asker, "baremetal:node:delete"))
        return true;
    const bool own = config_boolean(config_current(), OPT_API_PROJECT_ADMIN_CAN_MANAGE_OWN_NODES);
    return (own && allows(asker, "baremetal:node:delete:self_owned_node")) ||
           forbid(asker, "baremetal:node:delete", error);
}

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
    if (allows(asker, list->all))
        return true;
    if (asker->who->project_id == NULL)
        return forbid(asker, list->all, error);
    return allows(asker, list->own) || forbid(asker, list->own, error);
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
    return allows(asker, rule) || forbid(asker, rule, error);
}

bool
policy_check(Request *request, const char *rule, const PolicyTarget *target, GError **error)
{
    Asker asker;
    if (!is_enforced())
        return true;
    if (!asker_init(&asker, request, target, error) || !check_rule(&asker, request, rule, error))
        return false;
    note(&asker, request);
    return true;
}

bool
policy_sees(Request *request, const char *rule, const PolicyTarget *target)
{
    Asker asker;
    if (!is_enforced())
        return true;
    if (!asker_init(&asker, request, target, NULL) || !allows(&asker, rule))
        return false;
    note(&asker, request);
    return true;
}

void
policy_refresh(void)
{
    if (is_enforced())
        (void)policy_current(LOOK_MS, NULL);
}

bool
policy_may_wait(const Request *request)
{
    if (!is_enforced() || request->route == NULL || request->route->flags & ROUTE_PUBLIC)
        return false;
    const Policy *policy = policy_current(LOOK_MS, NULL);
    return policy != NULL && policy_asks_remote(policy);
}

bool
policy_allows(const Request *request, const char *rule, const PolicyTarget *target)
{
    Asker asker;
    return !is_enforced() || (asker_init(&asker, request, target, NULL) && allows(&asker, rule));
}

bool
policy_wants_target(const Request *request, const char *see)
{
    Asker asker;
    if (!is_enforced() || request->route->policy == NULL)
        return false;
    if (!asker_init(&asker, request, NULL, NULL))
        return true;
    return !allows_for_all(&asker, request->route->policy) ||
           (see != NULL && !allows_for_all(&asker, see));
}

const char *
policy_list_project(const Request *request)
{
    Asker asker;
    if (!is_enforced())
        return NULL;
    const char *project =
        request->identity.project_id != NULL ? request->identity.project_id : no_project;
    if (!asker_init(&asker, request, NULL, NULL))
        return project;
    const ListRule *list = list_rule(request->route->policy);
    return allows(&asker, list != NULL ? list->all : "baremetal:node:list_all") ? NULL : project;
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
    Verdict verdict = ask(asker, rule);
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
    } else if (is_enforced()) {
        bits = node_bits | POLICY_HIDE_TARGET_PROPERTIES;
    }
    /* No rule limits what an agent sees of its own node. */
    if (is_enforced() && asker.policy != NULL && !request->identity.is_public) {
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
