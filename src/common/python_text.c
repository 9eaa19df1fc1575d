/* repr(), str() and json.dumps() of Python 3 for JSON values.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/python_text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void
python_real_append(GString *out, double number)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];
    for (int precision = 15; precision <= 17; precision++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%de", precision - 1);
        g_ascii_formatd(digits, sizeof digits, format, number);
        if (g_ascii_strtod(digits, NULL) == number)
            break;
    }
    char *e = strchr(digits, 'e');
    int exponent = e != NULL ? (int)g_ascii_strtoll(e + 1, NULL, 10) : 0;
    g_autofree char *mantissa =
        g_strndup(digits, e != NULL ? (size_t)(e - digits) : strlen(digits));
    char *point = strchr(mantissa, '.');
    if (point != NULL) {
        char *last = mantissa + strlen(mantissa) - 1;
        while (last > point && *last == '0')
            *last-- = '\0';
        if (last == point)
            *last = '\0';
    }
    if (exponent < -4 || exponent >= 16) {
        g_string_append_printf(out, "%se%c%02d", mantissa, exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    /* Fixed notation: as many decimals as the mantissa leaves after the point. */
    size_t decimals = point != NULL ? strlen(point + (*point != '\0')) : 0;
    int places = (int)decimals - exponent;
    char format[8], text[64];
    g_snprintf(format, sizeof format, "%%.%df", MAX(places, 1));
    g_string_append(out, g_ascii_formatd(text, sizeof text, format, number));
}

/* True if Python's repr does not escape the character. */
static bool
printable(gunichar c)
{
    static const unsigned hidden =
        1u << G_UNICODE_CONTROL | 1u << G_UNICODE_FORMAT | 1u << G_UNICODE_SURROGATE |
        1u << G_UNICODE_PRIVATE_USE | 1u << G_UNICODE_UNASSIGNED | 1u << G_UNICODE_LINE_SEPARATOR |
        1u << G_UNICODE_PARAGRAPH_SEPARATOR | 1u << G_UNICODE_SPACE_SEPARATOR;
    return c == ' ' || (hidden >> g_unichar_type(c) & 1) == 0;
}

static void
repr_string(GString *out, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    g_string_append_c(out, quote);
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar c = g_utf8_get_char(at);
        if (c == (gunichar)quote || c == '\\')
            g_string_append_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c == '\r')
            g_string_append(out, "\\r");
        else if (c == '\t')
            g_string_append(out, "\\t");
        else if (printable(c))
            g_string_append_unichar(out, c);
        else
            g_string_append_printf(out,
                                   c < 0x100     ? "\\x%02x"
                                   : c < 0x10000 ? "\\u%04x"
                                                 : "\\U%08x",
                                   c);
    }
    g_string_append_c(out, quote);
}

static void
repr_array(GString *out, json_t *array)
{
    size_t i;
    json_t *item;
    g_string_append_c(out, '[');
    json_array_foreach(array, i, item)
    {
        if (i > 0)
            g_string_append(out, ", ");
        python_repr_append(out, item);
    }
    g_string_append_c(out, ']');
}

static void
repr_object(GString *out, json_t *object)
{
    const char *key;
    json_t *item;
    bool first = true;
    g_string_append_c(out, '{');
    json_object_foreach(object, key, item)
    {
        if (!first)
            g_string_append(out, ", ");
        first = false;
        repr_string(out, key);
        g_string_append(out, ": ");
        python_repr_append(out, item);
    }
    g_string_append_c(out, '}');
}

void
python_repr_append(GString *out, json_t *value)
{
    if (value == NULL) {
        g_string_append(out, "None");
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        repr_object(out, value);
        return;
    case JSON_ARRAY:
        repr_array(out, value);
        return;
    case JSON_STRING:
        repr_string(out, json_string_value(value));
        return;
    case JSON_INTEGER:
        g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    case JSON_REAL:
        python_real_append(out, json_real_value(value));
        return;
    case JSON_TRUE:
        g_string_append(out, "True");
        return;
    case JSON_FALSE:
        g_string_append(out, "False");
        return;
    case JSON_NULL:
        g_string_append(out, "None");
        return;
    }
}

char *
python_str(json_t *value)
{
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    GString *out = g_string_new(NULL);
    python_repr_append(out, value);
    return g_string_free(out, false);
}

static int
compare_keys(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

GPtrArray *
json_sorted_keys(json_t *object)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(g_free);
    const char *key;
    json_t *item;
    json_object_foreach(object, key, item) g_ptr_array_add(keys, g_strdup(key));
    g_ptr_array_sort(keys, compare_keys);
    return keys;
}

static void
format_dict_append(GString *out, json_t *object, const char *prefix)
{
    g_autoptr(GPtrArray) keys = json_sorted_keys(object);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        json_t *item = json_object_get(object, key);
        g_autofree char *name =
            prefix != NULL ? g_strdup_printf("%s.%s", prefix, key) : g_strdup(key);
        if (i > 0)
            g_string_append(out, ", ");
        if (json_is_object(item)) {
            format_dict_append(out, item, name);
        } else if (json_is_null(item)) {
            g_string_append_printf(out, "%s=", name);
        } else {
            g_autofree char *text = python_str(item);
            g_string_append_printf(out, "%s='%s'", name, text);
        }
    }
}

char *
python_format_dict(json_t *object)
{
    GString *out = g_string_new(NULL);
    format_dict_append(out, object, NULL);
    return g_string_free(out, false);
}

static void
json_string_append(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        gunichar c = g_utf8_get_char(at);
        static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
        const char *found = c < 0x80 ? memchr(escaped, (int)c, sizeof escaped - 1) : NULL;
        if (found != NULL)
            g_string_append_printf(out, "\\%c", letters[found - escaped]);
        else if (c >= 0x20 && c < 0x7f)
            g_string_append_c(out, (char)c);
        else if (c < 0x10000)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                                   0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    g_string_append_c(out, '"');
}

/* Starts the next line of an indented value, or nothing when `level` is negative. */
static void
new_line(GString *out, int level)
{
    if (level >= 0)
        g_string_append_printf(out, "\n%*s", level * 2, "");
}

static void json_append(GString *out, json_t *value, int level);

static void
json_array_append_text(GString *out, json_t *array, int level)
{
    int inner = level >= 0 ? level + 1 : level;
    size_t i;
    json_t *item;
    if (json_array_size(array) == 0) {
        g_string_append(out, "[]");
        return;
    }
    g_string_append_c(out, '[');
    json_array_foreach(array, i, item)
    {
        if (i > 0)
            g_string_append(out, level >= 0 ? "," : ", ");
        new_line(out, inner);
        json_append(out, item, inner);
    }
    new_line(out, level);
    g_string_append_c(out, ']');
}

static void
json_object_append_text(GString *out, json_t *object, int level)
{
    int inner = level >= 0 ? level + 1 : level;
    const char *key;
    json_t *item;
    bool first = true;
    if (json_object_size(object) == 0) {
        g_string_append(out, "{}");
        return;
    }
    g_string_append_c(out, '{');
    json_object_foreach(object, key, item)
    {
        if (!first)
            g_string_append(out, level >= 0 ? "," : ", ");
        first = false;
        new_line(out, inner);
        json_string_append(out, key);
        g_string_append(out, ": ");
        json_append(out, item, inner);
    }
    new_line(out, level);
    g_string_append_c(out, '}');
}

static void
json_append(GString *out, json_t *value, int level)
{
    if (json_is_object(value))
        json_object_append_text(out, value, level);
    else if (json_is_array(value))
        json_array_append_text(out, value, level);
    else if (json_is_string(value))
        json_string_append(out, json_string_value(value));
    else if (json_is_boolean(value))
        g_string_append(out, json_is_true(value) ? "true" : "false");
    else if (json_is_number(value))
        python_repr_append(out, value);
    else
        g_string_append(out, "null");
}

void
python_json_append(GString *out, json_t *value, bool indent)
{
    json_append(out, value, indent ? 0 : -1);
}
