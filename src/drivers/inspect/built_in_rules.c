/* Rules of a file; the contract is in built_in_rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/built_in_rules.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/yaml_text.h"
#include "model/resources.h"
#include "model/rule_check.h"

/* As PyYAML reads them, numbers of rules that have no name count up from here. */
#define UNNAMED "00000000-0000-0000-0000-%012x"

static bool
fill(InspectionRule *rule, const json_t *values, GError **error)
{
    static const char *const members[] = {"description", "priority",   "sensitive",
                                          "phase",       "conditions", "actions"};
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        const Field *field = resource_field(&inspection_rule_resource, members[i]);
        if (!record_set(&inspection_rule_resource, rule, field, json_object_get(values, members[i]),
                        error))
            return false;
    }
    return rule_phase_valid(rule->phase, error) && rule_conditions_valid(rule->conditions, error) &&
           rule_actions_valid(rule->actions, error);
}

static bool
append_rule(GPtrArray *rules, const json_t *values, unsigned *unnamed, GError **error)
{
    g_autoptr(InspectionRule) rule = inspection_rule_new();
    const char *name = json_string_member(values, "uuid");
    if (!json_is_object(values))
        return steel_fail(error, STEEL_ERROR_INVALID, "a rule must be a mapping");
    g_autofree char *made = name == NULL ? g_strdup_printf(UNNAMED, (*unnamed)++) : g_strdup(name);
    record_set_text(&rule->uuid, made);
    if (!fill(rule, values, error)) {
        g_prefix_error(error, "rule %.60s: ", made);
        return false;
    }
    g_ptr_array_add(rules, g_steal_pointer(&rule));
    return true;
}

bool
built_in_rules_append(GPtrArray *rules, GError **error)
{
    const char *path = config_string(config_current(), OPT_INSPECTION_RULES_BUILT_IN_RULES);
    unsigned unnamed = 0;
    size_t index;
    json_t *item;
    if (path == NULL || *path == '\0')
        return true;
    json_auto_t *list = yaml_file_parse(path, error);
    if (list == NULL)
        return false;
    if (!json_is_array(list))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a list of rules", path);
    json_array_foreach(list, index, item)
    {
        if (!append_rule(rules, item, &unnamed, error)) {
            g_prefix_error(error, "%s: ", path);
            return false;
        }
    }
    return true;
}
