/* Inspection rules: what is done with a node by what its inspection has found.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "model/json_patch.h"
#include "model/resources.h"
#include "model/rule_check.h"

static bool
priority_valid(const json_t *priority, GError **error)
{
    if (priority == NULL)
        return true;
    return (json_is_integer(priority) && json_integer_value(priority) >= 0 &&
            json_integer_value(priority) <= RULE_PRIORITY) ||
           steel_fail(error, STEEL_ERROR_INVALID, "priority must be an integer of 0 to %d",
                      RULE_PRIORITY);
}

static bool
phase_valid(const json_t *phase, GError **error)
{
    return phase == NULL || rule_phase_valid(json_string_value(phase), error);
}

static bool
check_create(Request *request, json_t *values, GError **error)
{
    (void)request;
    return priority_valid(json_object_get(values, "priority"), error) &&
           phase_valid(json_object_get(values, "phase"), error) &&
           rule_conditions_valid(json_object_get(values, "conditions"), error) &&
           rule_actions_valid(json_object_get(values, "actions"), error);
}

static bool
check_patch(Request *request, const ItemBrief *brief, const json_t *patch, GError **error)
{
    (void)request;
    (void)brief;
    return priority_valid(json_patch_value(patch, "priority"), error) &&
           phase_valid(json_patch_value(patch, "phase"), error) &&
           rule_conditions_valid(json_patch_value(patch, "conditions"), error) &&
           rule_actions_valid(json_patch_value(patch, "actions"), error);
}

static const ListFilter filters[] = {
    {"phase", 96, "phase", filter_text},
};

const Collection inspection_rule_collection = {
    .resource = &inspection_rule_resource,
    .filters = filters,
    .filter_count = G_N_ELEMENTS(filters),
    .since = 96,
    .detail_since = 96,
    .check_create = check_create,
    .check_patch = check_patch,
};
