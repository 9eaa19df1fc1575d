/* Rules that look into a request's body; the contract is in access_bodies.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access_bodies.h"

#include <string.h>

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
    bool some = asker_allows(asker, "baremetal:node:update") ||
                asker_allows(asker, "baremetal:node:disable_cleaning");
    for (size_t i = 0; i < G_N_ELEMENTS(field_rules) && !some; i++)
        some = asker_allows(asker, field_rules[i].rule);
    return some || asker_forbid(asker, "baremetal:node:update", error);
}

/* Asks the rule of each operation; `update` when there is none. */
static bool
check_operations(Asker *asker, const json_t *patch, const char *(*rule_of)(const json_t *operation),
                 const char *update, GError **error)
{
    size_t count = json_array_size(patch);
    for (size_t i = 0; i < count; i++) {
        const char *rule = rule_of(json_array_get(patch, i));
        if (!asker_allows(asker, rule))
            return asker_forbid(asker, rule, error);
    }
    return count > 0 || asker_allows(asker, update) || asker_forbid(asker, update, error);
}

bool
access_check_node_update(Asker *asker, Request *request, GError **error)
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

bool
access_check_runbook_update(Asker *asker, Request *request, GError **error)
{
    /* traits are changed by requests that are no patches */
    if (!request->body_pending && json_is_array(request->json))
        return check_operations(asker, request->json, runbook_rule_of, "baremetal:runbook:update",
                                error);
    return asker_allows(asker, "baremetal:runbook:update") ||
           (request->body_pending && (asker_allows(asker, "baremetal:runbook:update:owner") ||
                                      asker_allows(asker, "baremetal:runbook:update:public"))) ||
           asker_forbid(asker, "baremetal:runbook:update", error);
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

bool
access_check_node_create(Asker *asker, Request *request, GError **error)
{
    const Credentials *who = asker->who;
    const bool self_owned =
        config_boolean(config_current(), OPT_API_PROJECT_ADMIN_CAN_MANAGE_OWN_NODES) &&
        asker_allows(asker, "baremetal:node:create:self_owned_node");
    if (!self_owned || who->system_scope != NULL)
        return self_owned || asker_allows(asker, "baremetal:node:create") ||
               asker_forbid(asker, "baremetal:node:create", error);
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

bool
access_check_allocation_create(Asker *asker, Request *request, GError **error)
{
    const bool legacy = !config_boolean(config_current(), OPT_OSLO_POLICY_ENFORCE_NEW_DEFAULTS);
    if (request->body_pending)
        return asker_allows(asker, "baremetal:allocation:create") ||
               asker_allows(asker, "baremetal:allocation:create_restricted") ||
               asker_forbid(asker, "baremetal:allocation:create", error);
    json_t *body = request_json(request, JSON_OBJECT, error);
    if (body == NULL)
        return false;
    const char *owner = json_string_member(body, "owner");
    const bool before_rbac = asker_allows(asker, "baremetal:allocation:create_pre_rbac");
    const bool restricted = asker_allows(asker, "baremetal:allocation:create_restricted");
    const bool foreign = owner != NULL && !same_project(asker, owner);
    if (!asker_allows(asker, "baremetal:allocation:create") ||
        (legacy && owner == NULL && !before_rbac)) {
        if (!restricted || (legacy && owner != NULL && !before_rbac))
            return asker_forbid(asker, "baremetal:allocation:create_restricted", error);
        if (foreign && asker->who->project_id != NULL)
            return asker_forbid(asker, "baremetal:allocation:create", error);
        return claim_owner(asker, request, body);
    }
    if (legacy || asker->who->system_scope != NULL)
        return true;
    if (foreign)
        return restricted || asker_forbid(asker, "baremetal:allocation:create_restricted", error);
    return claim_owner(asker, request, body);
}

bool
access_check_node_delete(Asker *asker, Request *request, GError **error)
{
    (void)request;
    if (asker_allows(asker, "baremetal:node:delete"))
        return true;
    const bool own = config_boolean(config_current(), OPT_API_PROJECT_ADMIN_CAN_MANAGE_OWN_NODES);
    return (own && asker_allows(asker, "baremetal:node:delete:self_owned_node")) ||
           asker_forbid(asker, "baremetal:node:delete", error);
}
