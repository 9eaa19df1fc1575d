/* Inspection rules as records.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "model/rule_check.h"

static bool
rule_valid(InspectionRule *rule, GError **error)
{
    if (rule->priority < 0 || rule->priority > RULE_PRIORITY)
        return steel_fail(error, STEEL_ERROR_INVALID, "priority must be an integer of 0 to %d",
                          RULE_PRIORITY);
    if (!rule_phase_valid(rule->phase, error) || !rule_conditions_valid(rule->conditions, error) ||
        !rule_actions_valid(rule->actions, error))
        return false;
    rule_tidy(rule->conditions);
    rule_tidy(rule->actions);
    return true;
}

static bool
before_create(Conductor *conductor, void *record, GError **error)
{
    (void)conductor;
    return rule_valid(record, error);
}

/* What was hidden stays hidden. */
static bool
before_update(const Change *change, void *record, const void *original, GError **error)
{
    (void)change;
    InspectionRule *rule = record;
    const InspectionRule *before = original;
    if (before->sensitive && !rule->sensitive)
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "a sensitive rule stays sensitive: delete it and create another");
    return rule_valid(rule, error);
}

const ResourceRules inspection_rule_rules = {
    .resource = &inspection_rule_resource,
    .before_create = before_create,
    .before_update = before_update,
};
