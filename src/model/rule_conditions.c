/* Conditions of rules; the contract is in rule_conditions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/rule_conditions.h"

#include "common/json_text.h"
#include "common/python_text.h"
#include "model/ip_network.h"
#include "model/rule_check.h"
#include "model/rule_compare.h"

#include <string.h>

/* What one match of a regular expression may cost; beyond it the condition cannot be judged. */
#define REGEX_COST "(*LIMIT_MATCH=200000)"
enum { REGEX_LIMIT = 4096 };

/* ---- arguments ---- */

static const RuleOperation *
row_of(const json_t *operation, bool condition)
{
    const char *name = json_string_member(operation, "op");
    if (name == NULL)
        return NULL;
    return condition ? rule_operator(*name == '!' ? name + 1 : name) : rule_action(name);
}

json_t *
rule_operation_arguments(const json_t *operation, bool condition, RuleValues *values,
                         GError **error)
{
    const RuleOperation *row = row_of(operation, condition);
    if (row == NULL) {
        steel_fail(error, STEEL_ERROR_INVALID, "a rule has an operation that is not known");
        return NULL;
    }
    if (values->operations_left == 0) {
        steel_fail(error, STEEL_ERROR_INVALID, "the rules run more than %d operations",
                   RULE_OPERATIONS_LIMIT);
        return NULL;
    }
    values->operations_left--;
    values->text_left = RULE_TEXT_LIMIT;
    json_t *arguments = rule_arguments(row, json_object_get(operation, "args"), error);
    const char *name;
    json_t *value;
    json_object_foreach(arguments, name, value)
    {
        if (values->item != NULL || rule_names_have(row->formatted, name))
            json_object_set_new(arguments, name,
                                rule_value_format(value, values, row->code == RULE_IS_EMPTY));
    }
    return arguments;
}

bool
rule_loop(const json_t *operation, RuleValues *values,
          bool (*each)(RuleValues *values, void *user_data, GError **error), void *user_data,
          GError **error)
{
    json_t *loop = json_object_get(operation, "loop");
    bool going = true;
    size_t index;
    json_t *item;
    if (json_object_size(loop) == 0 && json_array_size(loop) == 0)
        return each(values, user_data, error);
    if (json_is_object(loop)) {
        values->item = loop;
        going = each(values, user_data, error);
    }
    json_array_foreach(loop, index, item)
    {
        values->item = item;
        going = going && each(values, user_data, error);
    }
    values->item = NULL;
    return going;
}

/* ---- several values ---- */

static bool
pair_holds(RuleCode code, const json_t *a, const json_t *b, bool *holds, GError **error)
{
    int order = 0;
    if (code == RULE_EQ) {
        *holds = rule_values_same(a, b);
        return true;
    }
    if (!rule_values_compare(a, b, &order, error))
        return false;
    *holds = code == RULE_LT ? order < 0 : order > 0;
    return true;
}

static json_t *
as_texts(json_t *values)
{
    json_t *texts = json_array();
    size_t index;
    json_t *value;
    json_array_foreach(values, index, value)
    {
        g_autofree char *text = python_str(value);
        json_array_append_new(texts, json_string(text));
    }
    return texts;
}

/* Each value with the next one. */
static bool
values_hold(RuleCode code, json_t *arguments, bool in_loop, bool *holds, GError **error)
{
    json_t *given = json_object_get(arguments, "values");
    bool texts = in_loop || json_is_truthy(json_object_get(arguments, "force_strings"));
    if (!json_is_array(given))
        return steel_fail(error, STEEL_ERROR_INVALID, "values must be an array, not %s",
                          rule_value_kind(given));
    json_auto_t *values = texts ? as_texts(given) : json_incref(given);
    *holds = true;
    for (size_t i = 0; *holds && i + 1 < json_array_size(values); i++)
        if (!pair_holds(code, json_array_get(values, i), json_array_get(values, i + 1), holds,
                        error))
            return false;
    return true;
}

/* ---- single values ---- */

static bool
word_is(const json_t *value, const char *first, const char *second)
{
    const char *text = json_string_value(value);
    return text != NULL &&
           (g_ascii_strcasecmp(text, first) == 0 || g_ascii_strcasecmp(text, second) == 0);
}

static bool
is_true(const json_t *value)
{
    return rule_value_is_number(value) ? rule_value_number(value) != 0
                                       : word_is(value, "yes", "true");
}

static bool
is_false(const json_t *value)
{
    return rule_value_is_number(value) ? rule_value_number(value) == 0
                                       : json_is_null(value) || word_is(value, "no", "false");
}

static bool
is_empty(json_t *value)
{
    g_autofree char *text = python_str(value);
    return *text == '\0' || strcmp(text, "None") == 0 || strcmp(text, "[]") == 0 ||
           strcmp(text, "{}") == 0;
}

static bool
one_of(json_t *value, const json_t *values, bool *holds, GError **error)
{
    size_t index;
    json_t *item;
    *holds = false;
    if (json_is_string(values)) {
        *holds = json_is_string(value) &&
                 strstr(json_string_value(values), json_string_value(value)) != NULL;
        return true;
    }
    if (json_is_object(values)) {
        *holds = json_is_string(value) && json_object_get(values, json_string_value(value)) != NULL;
        return true;
    }
    if (values != NULL && !json_is_array(values))
        return steel_fail(error, STEEL_ERROR_INVALID, "values must be an array, not %s",
                          rule_value_kind(values));
    json_array_foreach(values, index, item) *holds = *holds || rule_values_same(value, item);
    return true;
}

/* ---- regular expressions ---- */

static GRegex *
compile(const char *pattern, bool whole, GError **error)
{
    g_autoptr(GError) cause = NULL;
    size_t length = strlen(pattern);
    bool ended = length > 0 && pattern[length - 1] == '$';
    g_autofree char *all = g_strconcat(REGEX_COST, pattern, whole && !ended ? "$" : "", NULL);
    GRegexMatchFlags at = whole ? G_REGEX_MATCH_ANCHORED : (GRegexMatchFlags)0;
    GRegex *regex =
        length <= REGEX_LIMIT ? g_regex_new(all, (GRegexCompileFlags)0, at, &cause) : NULL;
    if (regex == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "invalid regular expression: %s",
                   cause != NULL ? cause->message : "it is too long");
    return regex;
}

static bool
matches(json_t *arguments, bool whole, bool *holds, GError **error)
{
    const char *pattern = json_string_member(arguments, "regex");
    if (pattern == NULL || (whole && *pattern == '\0'))
        return steel_fail(error, STEEL_ERROR_INVALID, "regex must be a text");
    g_autofree char *text = python_str(json_object_get(arguments, "value"));
    g_autoptr(GRegex) regex = compile(pattern, whole, error);
    g_autoptr(GError) cause = NULL;
    if (regex == NULL)
        return false;
    *holds = g_regex_match_full(regex, text, -1, 0, (GRegexMatchFlags)0, NULL, &cause);
    return cause == NULL || steel_fail(error, STEEL_ERROR_INVALID,
                                       "the regular expression costs too much: %s", cause->message);
}

/* ---- conditions ---- */

/* One application of an operator. */
typedef struct Question {
    RuleCode code;
    json_t *arguments;
    bool in_loop;
} Question;

static json_t *
value_of(const Question *question)
{
    return json_object_get(question->arguments, "value");
}

static bool
judge_values(const Question *question, bool *holds, GError **error)
{
    return values_hold(question->code, question->arguments, question->in_loop, holds, error);
}

static bool
judge_address(const Question *question, bool *holds, GError **error)
{
    return ip_network_has(json_string_member(question->arguments, "subnet"),
                          json_string_member(question->arguments, "address"), holds, error);
}

static bool
judge_text(const Question *question, bool *holds, GError **error)
{
    return matches(question->arguments, question->code == RULE_MATCHES, holds, error);
}

static bool
judge_choice(const Question *question, bool *holds, GError **error)
{
    return one_of(value_of(question), json_object_get(question->arguments, "values"), holds, error);
}

static bool
judge_word(const Question *question, bool *holds, GError **error)
{
    json_t *value = value_of(question);
    (void)error;
    *holds = question->code == RULE_IS_EMPTY  ? is_empty(value)
             : question->code == RULE_IS_TRUE ? is_true(value)
             : question->code == RULE_IS_NONE ? json_is_null(value)
                                              : is_false(value);
    return true;
}

static const struct {
    RuleCode code;
    bool (*judge)(const Question *question, bool *holds, GError **error);
} judges[] = {
    {RULE_EQ,       judge_values},
    {RULE_LT,       judge_values},
    {RULE_GT,       judge_values},
    {RULE_IN_NET,   judge_address},
    {RULE_MATCHES,  judge_text},
    {RULE_CONTAINS, judge_text},
    {RULE_ONE_OF,   judge_choice},
    {RULE_IS_EMPTY, judge_word},
    {RULE_IS_NONE,  judge_word},
    {RULE_IS_TRUE,  judge_word},
    {RULE_IS_FALSE, judge_word},
};

static bool
judge(const Question *question, bool *holds, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(judges); i++)
        if (judges[i].code == question->code)
            return judges[i].judge(question, holds, error);
    return steel_fail(error, STEEL_ERROR_INTERNAL, "an operator of rules without a meaning");
}

/* The results of a condition's loop. */
typedef struct Judging {
    const json_t *condition;
    RuleCode code;
    bool inverted, until_first;
    bool any, all, last; /* so far */
} Judging;

static bool
judge_item(RuleValues *values, void *user_data, GError **error)
{
    Judging *judging = user_data;
    bool holds = false;
    json_auto_t *arguments = rule_operation_arguments(judging->condition, true, values, error);
    const Question question = {judging->code, arguments, values->item != NULL};
    if (arguments == NULL || !judge(&question, &holds, error))
        return false;
    judging->last = holds != judging->inverted;
    judging->any = judging->any || judging->last;
    judging->all = judging->all && judging->last;
    return !(judging->until_first && judging->last);
}

static bool
condition_holds(const json_t *condition, RuleValues *values, bool *holds, GError **error)
{
    GError *cause = NULL;
    const RuleOperation *row = row_of(condition, true);
    const char *op = json_string_member(condition, "op"),
               *multiple = json_string_member(condition, "multiple");
    if (row == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "a rule has an operator that is not known");
    Judging judging = {.condition = condition,
                       .code = row->code,
                       .inverted = *op == '!',
                       .until_first = g_strcmp0(multiple, "first") == 0,
                       .all = true};
    if (!rule_loop(condition, values, judge_item, &judging, &cause) && cause != NULL) {
        g_propagate_prefixed_error(error, cause, "condition %s: ", op);
        return false;
    }
    *holds = g_strcmp0(multiple, "all") == 0    ? judging.all
             : g_strcmp0(multiple, "last") == 0 ? judging.last
                                                : judging.any;
    return true;
}

bool
rule_conditions_hold(const json_t *conditions, RuleValues *values, bool *holds, GError **error)
{
    size_t index;
    json_t *condition;
    *holds = true;
    json_array_foreach(conditions, index, condition)
    {
        if (!condition_holds(condition, values, holds, error))
            return false;
        if (!*holds)
            return true;
    }
    return true;
}
