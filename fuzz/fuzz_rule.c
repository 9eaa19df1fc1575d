/* The texts and conditions of inspection rules, and what an agent sends: a rule as JSON, then,
 * after a line break, an inventory as JSON.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "model/rule_check.h"
#include "model/rule_conditions.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge(json_t *rule, json_t *inventory)
{
    json_auto_t *node = json_pack("{s:s, s:{s:s}}", "name", "n", "extra", "a", "b");
    json_auto_t *plugin_data = json_object();
    RuleValues values = {.node = node,
                         .inventory = inventory,
                         .plugin_data = plugin_data,
                         .mask = true,
                         .operations_left = 1000};
    bool holds = false;
    json_t *conditions = json_object_get(rule, "conditions");
    if (rule_conditions_valid(conditions, NULL))
        holds = rule_conditions_hold(conditions, &values, &holds, NULL) && holds;
    json_t *actions = json_object_get(rule, "actions");
    if (actions == NULL || !rule_actions_valid(actions, NULL))
        return;
    for (size_t i = 0; i < json_array_size(actions); i++)
        json_decref(rule_operation_arguments(json_array_get(actions, i), false, &values, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = memchr(text, '\n', size);
    if (line == NULL)
        return 0;
    size_t first = (size_t)(line - text);
    json_auto_t *rule = json_text_parse(text, first, 0, NULL);
    json_auto_t *inventory = json_text_parse(line + 1, size - first - 1, 0, NULL);
    if (json_is_object(rule) && json_is_object(inventory))
        judge(rule, inventory);
    return 0;
}
