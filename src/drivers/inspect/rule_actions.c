/* The actions of inspection rules, one row each; the contract is in rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "common/python_text.h"
#include "db/records.h"
#include "drivers/inspect/rules.h"
#include "model/capabilities.h"
#include "model/names.h"
#include "model/rule_check.h"

#include <string.h>

#define AREA "drivers.inspect"

static const char *
text_of(const json_t *arguments, const char *name, GError **error)
{
    const char *text = json_string_member(arguments, name);
    if (text == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "%s must be a text", name);
    return text;
}

static bool
is_unique(const json_t *arguments)
{
    return json_is_truthy(json_object_get(arguments, "unique"));
}

/* ---- words ---- */

static bool
run_fail(RuleRun *run, json_t *arguments, GError **error)
{
    (void)run;
    g_autofree char *message = python_str(json_object_get(arguments, "msg"));
    return steel_fail(error, STEEL_ERROR_INVALID, "%.1000s", message);
}

static bool
run_log(RuleRun *run, json_t *arguments, GError **error)
{
    g_autofree char *message = python_str(json_object_get(arguments, "msg"));
    const char *given = json_string_member(arguments, "level");
    g_autofree char *level = g_ascii_strdown(given != NULL ? given : "info", -1);
    const char *node = run->inspection->task->node->uuid;
    if (strcmp(level, "debug") == 0)
        log_debug(AREA, "a rule says of node %s: %.1000s", node, message);
    else if (strcmp(level, "info") == 0)
        log_info(AREA, "a rule says of node %s: %.1000s", node, message);
    else if (strcmp(level, "warning") == 0)
        log_warning(AREA, "a rule says of node %s: %.1000s", node, message);
    else if (strcmp(level, "error") == 0 || strcmp(level, "critical") == 0)
        log_error(AREA, "a rule says of node %s: %.1000s", node, message);
    else
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "there is no log level '%.20s': debug, info, warning, error and critical "
                          "are",
                          level);
    return true;
}

/* ---- the node ---- */

static bool
run_set_attribute(RuleRun *run, json_t *arguments, GError **error)
{
    const char *path = text_of(arguments, "path", error);
    return path != NULL && rule_attribute_set(&node_resource, run->inspection->task->node, path,
                                              json_object_get(arguments, "value"), error);
}

static bool
run_extend_attribute(RuleRun *run, json_t *arguments, GError **error)
{
    const char *path = text_of(arguments, "path", error);
    return path != NULL &&
           rule_attribute_extend(&node_resource, run->inspection->task->node, path,
                                 json_object_get(arguments, "value"), is_unique(arguments), error);
}

static bool
run_del_attribute(RuleRun *run, json_t *arguments, GError **error)
{
    const char *path = text_of(arguments, "path", error);
    return path != NULL &&
           rule_attribute_delete(&node_resource, run->inspection->task->node, path, error);
}

static bool
run_set_capability(RuleRun *run, json_t *arguments, GError **error)
{
    const char *name = text_of(arguments, "name", error);
    if (name == NULL)
        return false;
    g_autofree char *value = python_str(json_object_get(arguments, "value"));
    capability_set(run->inspection->task->node->properties, name, value);
    return true;
}

static bool
run_unset_capability(RuleRun *run, json_t *arguments, GError **error)
{
    const char *name = text_of(arguments, "name", error);
    if (name != NULL)
        capability_unset(run->inspection->task->node->properties, name);
    return name != NULL;
}

static bool
run_add_trait(RuleRun *run, json_t *arguments, GError **error)
{
    Node *node = run->inspection->task->node;
    const char *name = text_of(arguments, "name", error);
    if (name == NULL || !trait_name_valid(name, error))
        return false;
    json_auto_t *traits = json_deep_copy(node->traits);
    if (json_array_find_text(traits, name) == json_array_size(traits))
        json_array_append_new(traits, json_string(name));
    return trait_list_valid(traits, error) &&
           record_set(&node_resource, node, resource_field(&node_resource, "traits"), traits,
                      error);
}

static bool
run_remove_trait(RuleRun *run, json_t *arguments, GError **error)
{
    Node *node = run->inspection->task->node;
    const char *name = text_of(arguments, "name", error);
    if (name == NULL)
        return false;
    json_auto_t *traits = json_deep_copy(node->traits);
    if (json_array_remove(traits, json_array_find_text(traits, name)) != 0)
        log_warning(AREA, "a rule removes trait %.255s, which node %s does not have", name,
                    node->uuid);
    return record_set(&node_resource, node, resource_field(&node_resource, "traits"), traits,
                      error);
}

/* ---- plug-in data ---- */

/* The keys of a path: "a.b", or a list; g_strfreev frees. */
static char **
keys_of(const json_t *arguments, GError **error)
{
    const json_t *path = json_object_get(arguments, "path");
    GStrvBuilder *builder = NULL;
    size_t index;
    json_t *item;
    if (json_is_string(path))
        return g_strsplit(json_string_value(path), ".", RULE_PATH_PARTS);
    builder = g_strv_builder_new();
    json_array_foreach(path, index, item)
    {
        if (json_is_string(item) && index < RULE_PATH_PARTS)
            g_strv_builder_add(builder, json_string_value(item));
    }
    char **keys = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    if (keys[0] != NULL && g_strv_length(keys) == json_array_size(path))
        return keys;
    g_strfreev(keys);
    steel_fail(error, STEEL_ERROR_INVALID, "path must be a text or a list of texts");
    return NULL;
}

static bool
run_set_plugin_data(RuleRun *run, json_t *arguments, GError **error)
{
    g_auto(GStrv) keys = keys_of(arguments, error);
    return keys != NULL && rule_object_set(run->inspection->plugin_data, keys,
                                           json_object_get(arguments, "value"), error);
}

static bool
run_extend_plugin_data(RuleRun *run, json_t *arguments, GError **error)
{
    g_auto(GStrv) keys = keys_of(arguments, error);
    return keys != NULL &&
           rule_object_extend(run->inspection->plugin_data, keys,
                              json_object_get(arguments, "value"), is_unique(arguments), error);
}

static bool
run_unset_plugin_data(RuleRun *run, json_t *arguments, GError **error)
{
    g_auto(GStrv) keys = keys_of(arguments, error);
    if (keys != NULL && !rule_object_unset(run->inspection->plugin_data, keys))
        log_warning(AREA, "a rule removes plug-in data of node %s that is not there",
                    run->inspection->task->node->uuid);
    return keys != NULL;
}

/* ---- ports ---- */

/* The node's port with this UUID; NULL with the error. */
static Port *
find_port(RuleRun *run, const json_t *arguments, GError **error)
{
    const Task *task = run->inspection->task;
    const char *uuid = text_of(arguments, "port_id", error);
    g_autoptr(Port) port = NULL;
    if (uuid == NULL ||
        !db_record_look(task->services->db, &port_resource, "uuid", uuid, &port, error))
        return NULL;
    if (port != NULL && g_strcmp0(port->node_uuid, task->node->uuid) == 0)
        return g_steal_pointer(&port);
    steel_fail(error, STEEL_ERROR_INVALID, "the node has no port %.40s", uuid);
    return NULL;
}

static bool
change_port(const json_t *arguments, RuleCode code, Port *port, GError **error)
{
    const char *path = text_of(arguments, "path", error);
    json_t *value = json_object_get(arguments, "value");
    if (path == NULL)
        return false;
    if (code == RULE_SET_PORT_ATTRIBUTE)
        return rule_attribute_set(&port_resource, port, path, value, error);
    if (code == RULE_DEL_PORT_ATTRIBUTE)
        return rule_attribute_delete(&port_resource, port, path, error);
    return rule_attribute_extend(&port_resource, port, path, value, is_unique(arguments), error);
}

static bool
run_port(RuleRun *run, json_t *arguments, RuleCode code, GError **error)
{
    Task *task = run->inspection->task;
    g_autoptr(Port) port = find_port(run, arguments, error);
    if (port == NULL)
        return false;
    g_autoptr(Port) original = port_copy(port);
    if (!change_port(arguments, code, port, error))
        return false;
    if (g_strcmp0(port->node_uuid, original->node_uuid) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "a rule cannot move a port");
    task_forget_lists(task);
    return db_record_save(task->services->db, &port_resource, port, original, error);
}

static bool
run_set_port(RuleRun *run, json_t *arguments, GError **error)
{
    return run_port(run, arguments, RULE_SET_PORT_ATTRIBUTE, error);
}

static bool
run_extend_port(RuleRun *run, json_t *arguments, GError **error)
{
    return run_port(run, arguments, RULE_EXTEND_PORT_ATTRIBUTE, error);
}

static bool
run_del_port(RuleRun *run, json_t *arguments, GError **error)
{
    return run_port(run, arguments, RULE_DEL_PORT_ATTRIBUTE, error);
}

static bool
run_api_call(RuleRun *run, json_t *arguments, GError **error)
{
    (void)run;
    return rule_api_call(arguments, error);
}

static const struct {
    RuleCode code;
    bool (*run)(RuleRun *run, json_t *arguments, GError **error);
} actions[] = {
    {RULE_FAIL,                  run_fail},
    {RULE_LOG,                   run_log},
    {RULE_SET_ATTRIBUTE,         run_set_attribute},
    {RULE_EXTEND_ATTRIBUTE,      run_extend_attribute},
    {RULE_DEL_ATTRIBUTE,         run_del_attribute},
    {RULE_SET_CAPABILITY,        run_set_capability},
    {RULE_UNSET_CAPABILITY,      run_unset_capability},
    {RULE_ADD_TRAIT,             run_add_trait},
    {RULE_REMOVE_TRAIT,          run_remove_trait},
    {RULE_SET_PLUGIN_DATA,       run_set_plugin_data},
    {RULE_EXTEND_PLUGIN_DATA,    run_extend_plugin_data},
    {RULE_UNSET_PLUGIN_DATA,     run_unset_plugin_data},
    {RULE_SET_PORT_ATTRIBUTE,    run_set_port},
    {RULE_EXTEND_PORT_ATTRIBUTE, run_extend_port},
    {RULE_DEL_PORT_ATTRIBUTE,    run_del_port},
    {RULE_API_CALL,              run_api_call},
};

bool
rule_action_run(RuleRun *run, const json_t *action, json_t *arguments, GError **error)
{
    const RuleOperation *row = rule_action(json_string_member(action, "op"));
    for (size_t i = 0; row != NULL && i < G_N_ELEMENTS(actions); i++)
        if (actions[i].code == row->code)
            return actions[i].run(run, arguments, error);
    return steel_fail(error, STEEL_ERROR_INVALID, "a rule has an action that is not known");
}
