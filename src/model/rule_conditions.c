/* Conditions of rules; the contract is in rule_conditions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/rule_conditions.h"

#include "common/json_text.h"
#include "common/python_text.h"
#include "model/rule_check.h"

#include <arpa/inet.h>
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

/* ---- comparing, as Python does ---- */

static bool
is_number(const json_t *value)
{
    return json_is_number(value) || json_is_boolean(value);
}

static double
number_of(const json_t *value)
{
    return json_is_boolean(value) ? json_boolean_value(value) : json_number_value(value);
}

static bool
same(const json_t *a, const json_t *b)
{
    if (is_number(a) && is_number(b))
        return json_is_integer(a) && json_is_integer(b)
                   ? json_integer_value(a) == json_integer_value(b)
                   : number_of(a) == number_of(b);
    if (json_is_array(a) && json_is_array(b)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; equal && i < json_array_size(a); i++)
            equal = same(json_array_get(a, i), json_array_get(b, i));
        return equal;
    }
    if (json_is_object(a) && json_is_object(b)) {
        const char *key;
        json_t *value;
        bool equal = json_object_size(a) == json_object_size(b);
        json_object_foreach((json_t *)(uintptr_t)a, key, value)
        {
            const json_t *other = json_object_get(b, key);
            equal = equal && other != NULL && same(value, other);
        }
        return equal;
    }
    return json_equal(a, b);
}

static const char *
type_word(const json_t *value)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "a boolean",
        [JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
    };
    return words[json_typeof(value)];
}

/* *order is below, equal to or above 0. */
static bool
compare(const json_t *a, const json_t *b, int *order, GError **error)
{
    if (is_number(a) && is_number(b)) {
        double first = number_of(a), second = number_of(b);
        *order = first < second ? -1 : first > second;
        return true;
    }
    if (json_is_string(a) && json_is_string(b)) {
        *order = strcmp(json_string_value(a), json_string_value(b)); /* UTF-8 sorts by character */
        return true;
    }
    if (json_is_array(a) && json_is_array(b)) {
        size_t size = MIN(json_array_size(a), json_array_size(b));
        for (size_t i = 0; i < size; i++)
            if (!same(json_array_get(a, i), json_array_get(b, i)))
                return compare(json_array_get(a, i), json_array_get(b, i), order, error);
        *order =
            json_array_size(a) < json_array_size(b) ? -1 : json_array_size(a) > json_array_size(b);
        return true;
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "%s cannot be compared with %s; force_strings "
                      "compares both as texts",
                      type_word(a), type_word(b));
}

static bool
pair_holds(RuleCode code, const json_t *a, const json_t *b, bool *holds, GError **error)
{
    int order = 0;
    if (code == RULE_EQ) {
        *holds = same(a, b);
        return true;
    }
    if (!compare(a, b, &order, error))
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
                          type_word(given));
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
    return is_number(value) ? number_of(value) != 0 : word_is(value, "yes", "true");
}

static bool
is_false(const json_t *value)
{
    return is_number(value) ? number_of(value) == 0
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
                          type_word(values));
    json_array_foreach(values, index, item) *holds = *holds || same(value, item);
    return true;
}

/* ---- networks ---- */

typedef struct Address {
    int family; /* AF_INET, AF_INET6 */
    unsigned char bytes[16];
    unsigned bits; /* of the family */
} Address;

static bool
read_address(const char *text, Address *address)
{
    address->family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    address->bits = address->family == AF_INET ? 32 : 128;
    return inet_pton(address->family, text, address->bytes) == 1;
}

/* "24", or "255.255.255.0". */
static bool
read_prefix(const char *text, const Address *network, unsigned *prefix)
{
    Address mask;
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    if (g_ascii_isdigit(*text) && *end == '\0') {
        *prefix = (unsigned)number;
        return number <= network->bits;
    }
    if (!read_address(text, &mask) || mask.family != network->family)
        return false;
    for (*prefix = 0; *prefix < mask.bits; (*prefix)++)
        if (!(mask.bytes[*prefix / 8] & 0x80 >> *prefix % 8))
            break;
    for (unsigned bit = *prefix; bit < mask.bits; bit++)
        if (mask.bytes[bit / 8] & 0x80 >> bit % 8)
            return false;
    return true;
}

static bool
within(const Address *address, const Address *network, unsigned prefix)
{
    if (address->family != network->family)
        return false;
    for (unsigned bit = 0; bit < prefix; bit++)
        if ((address->bytes[bit / 8] ^ network->bytes[bit / 8]) & 0x80 >> bit % 8)
            return false;
    return true;
}

static bool
in_net(const json_t *arguments, bool *holds, GError **error)
{
    const char *text = json_string_member(arguments, "address"),
               *subnet = json_string_member(arguments, "subnet");
    Address address, network;
    if (text == NULL || !read_address(text, &address))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.60s' is no IP address",
                          text != NULL ? text : "");
    const char *slash = subnet != NULL ? strchr(subnet, '/') : NULL;
    g_autofree char *start =
        g_strndup(subnet != NULL ? subnet : "",
                  slash != NULL ? (size_t)(slash - subnet) : strlen(subnet != NULL ? subnet : ""));
    bool good = read_address(start, &network);
    unsigned prefix = good ? network.bits : 0;
    if (!good || (slash != NULL && !read_prefix(slash + 1, &network, &prefix)))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.60s' is no IP network",
                          subnet != NULL ? subnet : "");
    *holds = within(&address, &network, prefix);
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
    return in_net(question->arguments, holds, error);
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
