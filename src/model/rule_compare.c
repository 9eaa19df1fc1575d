/* Values of rules compared; the contract is in rule_compare.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/rule_compare.h"

#include <stdint.h>
#include <string.h>

bool
rule_value_is_number(const json_t *value)
{
    return json_is_number(value) || json_is_boolean(value);
}

double
rule_value_number(const json_t *value)
{
    return json_is_boolean(value) ? json_boolean_value(value) : json_number_value(value);
}

bool
rule_values_same(const json_t *a, const json_t *b)
{
    if (rule_value_is_number(a) && rule_value_is_number(b))
        return json_is_integer(a) && json_is_integer(b)
                   ? json_integer_value(a) == json_integer_value(b)
                   : rule_value_number(a) == rule_value_number(b);
    if (json_is_array(a) && json_is_array(b)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; equal && i < json_array_size(a); i++)
            equal = rule_values_same(json_array_get(a, i), json_array_get(b, i));
        return equal;
    }
    if (json_is_object(a) && json_is_object(b)) {
        const char *key;
        json_t *value;
        bool equal = json_object_size(a) == json_object_size(b);
        json_object_foreach((json_t *)(uintptr_t)a, key, value)
        {
            const json_t *other = json_object_get(b, key);
            equal = equal && other != NULL && rule_values_same(value, other);
        }
        return equal;
    }
    return json_equal(a, b);
}

const char *
rule_value_kind(const json_t *value)
{
    static const char *const words[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "a boolean",
        [JSON_FALSE] = "a boolean",  [JSON_NULL] = "null",
    };
    return words[json_typeof(value)];
}

bool
rule_values_compare(const json_t *a, const json_t *b, int *order, GError **error)
{
    if (rule_value_is_number(a) && rule_value_is_number(b)) {
        double first = rule_value_number(a), second = rule_value_number(b);
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
            if (!rule_values_same(json_array_get(a, i), json_array_get(b, i)))
                return rule_values_compare(json_array_get(a, i), json_array_get(b, i), order,
                                           error);
        *order =
            json_array_size(a) < json_array_size(b) ? -1 : json_array_size(a) > json_array_size(b);
        return true;
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "%s cannot be compared with %s; force_strings "
                      "compares both as texts",
                      rule_value_kind(a), rule_value_kind(b));
}
