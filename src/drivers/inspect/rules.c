/* Inspection rules at work; the contract is in rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/rules.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/inspection_rules.h"
#include "drivers/inspect/built_in_rules.h"
#include "model/record_size.h"
#include "model/rule_conditions.h"
#include "model/secrets.h"

#include <string.h>

#define AREA "drivers.inspect"

/* ---- what rules see ---- */

/* The node as an object of its fields; secrets are masked where the rule may not see them. */
static json_t *
node_values(const Node *node, bool mask)
{
    json_t *values = json_object();
    for (size_t i = 0; i < node_resource.field_count; i++) {
        const Field *field = &node_resource.fields[i];
        if (field->type == FIELD_COMPUTED || field->flags & FIELD_INTERNAL)
            continue;
        json_t *value = record_get(node, field);
        json_t *own = json_deep_copy(value);
        json_decref(value);
        if (mask && field->flags & FIELD_SECRETS)
            secret_mask(own);
        json_object_set_new(values, field->name, own);
    }
    return values;
}

static void
look_anew(RuleRun *run)
{
    json_decref(run->values.node);
    run->values.node = node_values(run->inspection->task->node, run->mask);
    run->values.plugin_data = run->inspection->plugin_data;
}

/* [inspection_rules]mask_secrets. */
static bool
is_masked(const InspectionRule *rule)
{
    const char *how = config_string(config_current(), OPT_INSPECTION_RULES_MASK_SECRETS);
    return strcmp(how, "always") == 0 || (strcmp(how, "sensitive") == 0 && !rule->sensitive);
}

/* ---- actions ---- */

typedef struct Acting {
    RuleRun *run;
    const json_t *action;
} Acting;

static bool
act(RuleValues *values, void *user_data, GError **error)
{
    const Acting *acting = user_data;
    json_auto_t *arguments = rule_operation_arguments(acting->action, false, values, error);
    if (arguments == NULL || !rule_action_run(acting->run, acting->action, arguments, error))
        return false;
    look_anew(acting->run);
    return true;
}

static bool
run_actions(RuleRun *run, const InspectionRule *rule, GError **error)
{
    size_t index;
    json_t *action;
    json_array_foreach(rule->actions, index, action)
    {
        Acting acting = {run, action};
        if (!rule_loop(action, &run->values, act, &acting, error)) {
            g_prefix_error(error, "action %s: ", json_string_member(action, "op"));
            return false;
        }
    }
    return true;
}

static bool
run_rule(RuleRun *run, const InspectionRule *rule, GError **error)
{
    bool holds = false;
    run->mask = run->values.mask = is_masked(rule);
    look_anew(run);
    if (!rule_conditions_hold(rule->conditions, &run->values, &holds, error))
        return false;
    if (!holds)
        return true;
    log_info(AREA, "inspection rule %s is applied to node %s", rule->uuid,
             run->inspection->task->node->uuid);
    return run_actions(run, rule, error);
}

/* ---- rules ---- */

static int
by_priority(const void *a, const void *b)
{
    const InspectionRule *first = *(InspectionRule *const *)a,
                         *second = *(InspectionRule *const *)b;
    return first->priority > second->priority ? -1 : first->priority < second->priority;
}

/* Those of the database and the built-in ones; g_ptr_array_sort keeps the order of equals. */
static GPtrArray *
all_rules(const Task *task, GError **error)
{
    g_autoptr(GPtrArray) rules = db_inspection_rules(task->services->db, "main", error);
    if (rules == NULL || !built_in_rules_append(rules, error))
        return NULL;
    g_ptr_array_sort(rules, by_priority);
    return g_steal_pointer(&rules);
}

/* True if a rule has chosen another driver, or another interface of it. */
static bool
driver_changed(const Node *before, const Node *node)
{
    for (size_t i = 0; i < node_resource.field_count; i++) {
        const Field *field = &node_resource.fields[i];
        bool chooses =
            strcmp(field->name, "driver") == 0 || g_str_has_suffix(field->name, "_interface");
        if (chooses && !record_same(field, before, node))
            return true;
    }
    return false;
}

static bool
settle_driver(const Task *task, const Node *before, GError **error)
{
    DriverSet set = {0};
    const Registry *registry = task->services->registry;
    if (!driver_changed(before, task->node))
        return true;
    if (g_strcmp0(before->driver, task->node->driver) != 0)
        registry_reset_interfaces(task->node, NULL);
    return registry_complete_node(registry, task->node, error) &&
           registry_driver_set(registry, task->node, &set, error);
}

/* What cannot be saved must not stay in the node: its failure is saved with it. */
static void
restore(Node *node, const Node *before)
{
    for (size_t i = 0; i < node_resource.field_count; i++)
        if (node_resource.fields[i].type != FIELD_COMPUTED)
            record_copy_field(&node_resource.fields[i], before, node);
}

static bool
node_fits(const Task *task, GError **error)
{
    const Config *config = config_current();
    const SizeLimits limits = {
        .field = (size_t)config_integer(config, OPT_API_MAX_FIELD_SIZE) * 1024,
        .record = (size_t)config_integer(config, OPT_API_MAX_RECORD_SIZE) * 1024,
    };
    return record_size_check(&node_resource, task->node, task->stored, &limits, error);
}

static bool
run_rules(RuleRun *run, const GPtrArray *rules, GError **error)
{
    for (guint i = 0; i < rules->len; i++) {
        const InspectionRule *rule = rules->pdata[i];
        if (!run_rule(run, rule, error)) {
            g_prefix_error(error, "inspection rule %s: ", rule->uuid);
            return false;
        }
    }
    return true;
}

bool
rules_apply(Inspection *inspection, GError **error)
{
    Task *task = inspection->task;
    g_autoptr(GPtrArray) rules = all_rules(task, error);
    if (rules == NULL || rules->len == 0)
        return rules != NULL;
    g_autoptr(Node) before = node_copy(task->node);
    RuleRun run = {.inspection = inspection,
                   .values = {.inventory = inspection->inventory,
                              .plugin_data = inspection->plugin_data,
                              .operations_left = RULE_OPERATIONS_LIMIT}};
    bool good = run_rules(&run, rules, error) && settle_driver(task, before, error) &&
                node_fits(task, error) && task_save(task, error);
    json_decref(run.values.node);
    if (!good)
        restore(task->node, before);
    return good;
}
