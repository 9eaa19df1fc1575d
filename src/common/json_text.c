/* JSON text in and out; the contract is in json_text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_DEPTH 64

/* Counted before parsing, since a value takes a hundred times the memory of its text. */
typedef struct Measure {
    size_t depth, values; /* values: an upper bound */
} Measure;

/* Stops at the first limit that is exceeded. jansson's own limit of depth (2048) is too deep for
 * callers that recurse. */
static Measure
measure(const char *text, size_t size, const JsonLimits *limits)
{
    Measure measured = {.values = 1};
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"')
            in_string = true;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
        measured.depth = MAX(measured.depth, depth);
        measured.values += c == ',' || c == '{' || c == '[';
        if (measured.depth > limits->depth ||
            (limits->values > 0 && measured.values > limits->values))
            break;
    }
    return measured;
}

static bool
check_limits(const char *text, size_t size, const JsonLimits *limits, GError **error)
{
    const Measure measured = measure(text, size, limits);
    if (measured.depth > limits->depth)
        return steel_fail(error, STEEL_ERROR_INVALID, "the JSON is nested deeper than %u levels",
                          limits->depth);
    return limits->values == 0 || measured.values <= limits->values ||
           steel_fail(error, STEEL_ERROR_INVALID, "the JSON has more than %zu values",
                      limits->values);
}

/* jansson's message without the quoted text, which may be part of a password. */
static void
cut_quotation(json_error_t *fault)
{
    char *quoted = strstr(fault->text, " near ");
    if (quoted != NULL)
        *quoted = '\0';
}

json_t *
json_text_parse_limited(const char *text, size_t size, const JsonLimits *limits, GError **error)
{
    const JsonLimits within = {limits->depth > 0 ? limits->depth : DEFAULT_DEPTH, limits->values};
    if (!check_limits(text, size, &within, error))
        return NULL;
    json_error_t fault;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (value == NULL) {
        cut_quotation(&fault);
        steel_fail(error, STEEL_ERROR_INVALID, "not valid JSON at line %d, column %d: %s",
                   fault.line, fault.column, fault.text);
    }
    return value;
}

json_t *
json_text_parse(const char *text, size_t size, unsigned maximum_depth, GError **error)
{
    return json_text_parse_limited(text, size, &(JsonLimits){.depth = maximum_depth}, error);
}

char *
json_text_dump(const json_t *value)
{
    if (value == NULL)
        return g_strdup("null");
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *copy = g_strdup(text != NULL ? text : "null");
    free(text);
    return copy;
}

typedef struct Bounded {
    GString *out;
    size_t end;
} Bounded;

static int
append_bounded(const char *text, size_t size, void *data)
{
    const Bounded *bounded = data;
    if (bounded->out->len + size > bounded->end)
        return -1;
    g_string_append_len(bounded->out, text, (gssize)size);
    return 0;
}

bool
json_text_append(GString *out, const json_t *value, size_t limit)
{
    const size_t begin = out->len;
    Bounded bounded = {out, begin + limit};
    if (json_dump_callback(value, append_bounded, &bounded, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return true;
    g_string_truncate(out, begin);
    return false;
}

void
json_text_append_string_size(GString *out, const char *text, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    g_string_append_c(out, '"');
    size_t clean = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        g_string_append_len(out, text + clean, (gssize)(i - clean));
        clean = i + 1;
        char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
        const char *known = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : NULL;
        if (known != NULL)
            g_string_append_len(out, known, 2);
        else
            g_string_append_len(out, escape, sizeof escape);
    }
    g_string_append_len(out, text + clean, (gssize)(size - clean));
    g_string_append_c(out, '"');
}

void
json_text_append_string(GString *out, const char *text)
{
    if (text == NULL)
        g_string_append_len(out, "null", 4);
    else
        json_text_append_string_size(out, text, strlen(text));
}

void
json_text_append_integer(GString *out, int64_t number)
{
    char buffer[24];
    char *end = buffer + sizeof buffer, *p = end;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        *--p = '-';
    g_string_append_len(out, p, end - p);
}

const char *
json_string_member(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool
json_boolean_word(const char *word, bool *truth)
{
    static const char *const words[2][6] = {{"false", "f", "no", "n", "off", "0"},
                                            {"true", "t", "yes", "y", "on", "1"}};
    for (size_t i = 0; i < G_N_ELEMENTS(words[0]); i++)
        for (int value = 0; value < 2; value++)
            if (g_ascii_strcasecmp(word, words[value][i]) == 0) {
                *truth = value != 0;
                return true;
            }
    return false;
}

bool
json_read_boolean(const json_t *value, bool *truth)
{
    if (json_is_string(value))
        return json_boolean_word(json_string_value(value), truth);
    bool is_number = json_is_integer(value) &&
                     (json_integer_value(value) == 0 || json_integer_value(value) == 1);
    if (!is_number && !json_is_boolean(value))
        return false;
    *truth = is_number ? json_integer_value(value) == 1 : json_is_true(value);
    return true;
}

bool
json_is_truthy(const json_t *value)
{
    bool truth = false;
    return json_read_boolean(value, &truth) && truth;
}

bool
json_is_nothing(const json_t *value)
{
    switch (value != NULL ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_STRING:
        return json_string_length(value) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return json_number_value(value) == 0;
    case JSON_TRUE:
        return false;
    case JSON_FALSE:
    case JSON_NULL:
        return true;
    }
    return false;
}

size_t
json_array_find_text(const json_t *array, const char *text)
{
    size_t size = json_array_size(array), index = 0;
    while (index < size &&
           (text == NULL || g_strcmp0(json_string_value(json_array_get(array, index)), text) != 0))
        index++;
    return index;
}

bool
json_array_has_text(const json_t *array, const char *text)
{
    return json_array_find_text(array, text) < json_array_size(array);
}

bool
json_integer_member(const json_t *object, const char *key, int64_t *number)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || *text == '\0')
        return false;
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return false;
    *number = parsed;
    return true;
}
