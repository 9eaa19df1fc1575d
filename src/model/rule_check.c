/* The form of inspection rules; the contract is in rule_check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/rule_check.h"

#include "common/json_text.h"

#include <string.h>

static const RuleOperation all_operations[] = {
#define RULE_CONDITION(code, name, required, optional, formatted)                                  \
    {RULE_##code, name, required, optional, formatted, true},
#define RULE_ACTION(code, name, required, optional, formatted)                                     \
    {RULE_##code, name, required, optional, formatted, false},
#include "model/rule_operations.def"
};

static const RuleOperation *
find(const char *name, bool condition)
{
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(all_operations); i++)
        if (all_operations[i].condition == condition && strcmp(all_operations[i].name, name) == 0)
            return &all_operations[i];
    return NULL;
}

const RuleOperation *
rule_operator(const char *name)
{
    return find(name, true);
}

const RuleOperation *
rule_action(const char *name)
{
    return find(name, false);
}

bool
rule_names_have(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *word = names; *word != '\0'; word += strspn(word, " ")) {
        size_t size = strcspn(word, " ");
        if (size == length && memcmp(word, name, size) == 0)
            return true;
        word += size;
    }
    return false;
}

/* ---- arguments ---- */

static json_t *
by_name(const RuleOperation *operation, const json_t *list)
{
    g_autofree char *names = g_strconcat(operation->required, " ", operation->optional, NULL);
    g_auto(GStrv) each = g_strsplit(names, " ", -1);
    json_t *arguments = json_object();
    for (size_t i = 0; each[i] != NULL && *each[i] != '\0' && i < json_array_size(list); i++)
        json_object_set(arguments, each[i], json_array_get(list, i));
    return arguments;
}

static bool
all_known(const RuleOperation *operation, json_t *arguments, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach(arguments, name, value)
    {
        if (!rule_names_have(operation->required, name) &&
            !rule_names_have(operation->optional, name))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "%s takes %s%s%s, not the argument '%.40s'", operation->name,
                              operation->required, *operation->optional != '\0' ? " " : "",
                              operation->optional, name);
    }
    return true;
}

static bool
none_missing(const RuleOperation *operation, const json_t *arguments, GError **error)
{
    g_auto(GStrv) required = g_strsplit(operation->required, " ", -1);
    for (char **name = required; *name != NULL; name++)
        if (json_object_get(arguments, *name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "%s needs the argument %s",
                              operation->name, *name);
    return true;
}

json_t *
rule_arguments(const RuleOperation *operation, const json_t *args, GError **error)
{
    json_t *arguments = json_is_array(args)    ? by_name(operation, args)
                        : json_is_object(args) ? json_copy((json_t *)(uintptr_t)args)
                                               : NULL;
    if (arguments == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID, "args of %s must be an object or an array",
                   operation->name);
        return NULL;
    }
    if (all_known(operation, arguments, error) && none_missing(operation, arguments, error))
        return arguments;
    json_decref(arguments);
    return NULL;
}

/* ---- operations ---- */

static bool
depth_within(const json_t *value, unsigned depth)
{
    const char *key;
    size_t index;
    json_t *item;
    if (!json_is_object(value) && !json_is_array(value))
        return true;
    if (depth == 0)
        return false;
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        if (!depth_within(item, depth - 1))
            return false;
    }
    json_array_foreach(value, index, item)
    {
        if (!depth_within(item, depth - 1))
            return false;
    }
    return true;
}

static bool
loop_valid(const json_t *operation, GError **error)
{
    static const char *const ways[] = {"any", "all", "first", "last"};
    const json_t *loop = json_object_get(operation, "loop"),
                 *multiple = json_object_get(operation, "multiple");
    if (loop != NULL && !json_is_array(loop) && !json_is_object(loop))
        return steel_fail(error, STEEL_ERROR_INVALID, "loop must be an array or an object");
    if (json_array_size(loop) > RULE_LOOP)
        return steel_fail(error, STEEL_ERROR_INVALID, "a loop may have at most %d items",
                          RULE_LOOP);
    bool known = multiple == NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(ways) && !known; i++)
        known = g_strcmp0(json_string_value(multiple), ways[i]) == 0;
    return known ||
           steel_fail(error, STEEL_ERROR_INVALID, "multiple must be any, all, first or last");
}

static const RuleOperation *
operation_of(const json_t *operation, bool condition)
{
    const char *name = json_string_member(operation, "op");
    if (name != NULL && condition && *name == '!')
        name++;
    return find(name, condition);
}

static bool
operation_valid(const json_t *operation, bool condition, GError **error)
{
    const RuleOperation *row = operation_of(operation, condition);
    if (row == NULL) {
        const char *name = json_string_member(operation, "op");
        return steel_fail(error, STEEL_ERROR_INVALID, "there is no %s '%.40s' of a rule",
                          condition ? "operator" : "action", name != NULL ? name : "");
    }
    if (!depth_within(operation, RULE_DEPTH))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s is nested deeper than %d", row->name,
                          RULE_DEPTH);
    json_auto_t *arguments = rule_arguments(row, json_object_get(operation, "args"), error);
    /* `multiple` of an action means nothing */
    return arguments != NULL && loop_valid(operation, error);
}

static bool
list_valid(const json_t *list, bool condition, GError **error)
{
    const char *word = condition ? "condition" : "action";
    if (!json_is_array(list))
        return steel_fail(error, STEEL_ERROR_INVALID, "%ss must be an array", word);
    if (json_array_size(list) > RULE_OPERATIONS)
        return steel_fail(error, STEEL_ERROR_INVALID, "a rule may have at most %d %ss",
                          RULE_OPERATIONS, word);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!operation_valid(json_array_get(list, i), condition, error)) {
            g_prefix_error(error, "%s %zu: ", word, i + 1);
            return false;
        }
    return true;
}

bool
rule_conditions_valid(const json_t *conditions, GError **error)
{
    return conditions == NULL || list_valid(conditions, true, error);
}

bool
rule_actions_valid(const json_t *actions, GError **error)
{
    if (actions == NULL)
        return true;
    return list_valid(actions, false, error) &&
           (json_array_size(actions) > 0 ||
            steel_fail(error, STEEL_ERROR_INVALID, "a rule needs at least one action"));
}

static json_t *
tidied(const json_t *operation)
{
    json_t *loop = json_object_get(operation, "loop"),
           *multiple = json_object_get(operation, "multiple");
    json_t *tidy = json_pack("{s:O, s:O}", "op", json_object_get(operation, "op"), "args",
                             json_object_get(operation, "args"));
    if (json_object_size(loop) == 0 && json_array_size(loop) == 0)
        return tidy;
    json_object_set(tidy, "loop", loop);
    if (operation_of(operation, true) != NULL)
        json_object_set_new(tidy, "multiple",
                            multiple != NULL ? json_incref(multiple) : json_string("any"));
    return tidy;
}

void
rule_tidy(json_t *operations)
{
    for (size_t i = 0; i < json_array_size(operations); i++)
        json_array_set_new(operations, i, tidied(json_array_get(operations, i)));
}

bool
rule_phase_valid(const char *phase, GError **error)
{
    return g_strcmp0(phase, "main") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID, "there is no phase '%.16s': main is the only one",
                      phase != NULL ? phase : "");
}
