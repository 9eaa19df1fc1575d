/* JSON as text: bounded parsing into jansson values, and writing into a string without a tree, for
 * long lists. Values of jansson are not shared between threads while they are changed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <jansson.h>
#include <stdint.h>

/* Parses untrusted JSON text.
 *
 * text, size     borrowed; need not end in NUL
 * maximum_depth  deepest nesting allowed (an object in an object is 2); 0 means 64
 * Returns        a new reference, or NULL with INVALID naming line and column, but nothing of the
 *                text, which may hold secrets. Duplicate keys are refused. */
json_t *json_text_parse(const char *text, size_t size, unsigned maximum_depth, GError **error);

/* What a text from strangers may hold. */
typedef struct JsonLimits {
    unsigned depth; /* 0 means 64 */
    /* objects, arrays and what is in them, counted before anything is made of them; 0: no limit */
    size_t values;
} JsonLimits;

/* The same with a limit of values; INVALID when there are more. */
json_t *json_text_parse_limited(const char *text, size_t size, const JsonLimits *limits,
                                GError **error);

/* Compact text of a value; the caller frees. NULL gives "null". Key order is kept. */
char *json_text_dump(const json_t *value);

/* Appends the compact text of a value if it has at most `limit` bytes. Otherwise returns false and
 * leaves `out` as it was. Writing stops at the limit, so that a huge value costs no more than
 * that. */
bool json_text_append(GString *out, const json_t *value, size_t limit);

/* Appends a JSON string literal with quotes and escapes; NULL appends null. */
void json_text_append_string(GString *out, const char *text);
void json_text_append_string_size(GString *out, const char *text, size_t size);

/* Appends a decimal number (g_string_append_printf is too slow for list rows). */
void json_text_append_integer(GString *out, int64_t number);

/* The string member of an object, or NULL when absent or of another type. Borrowed from the
 * object. */
const char *json_string_member(const json_t *object, const char *key);

/* A boolean as operators write it: true, 1, or "true", "t", "yes", "y", "on", "1" in upper or lower
 * case; false, 0, or "false", "f", "no", "n", "off", "0". Anything else (NULL too): false is
 * returned and *truth untouched. */
bool json_read_boolean(const json_t *value, bool *truth);

/* The same for a word alone. */
bool json_boolean_word(const char *word, bool *truth);

/* json_read_boolean, where anything else is false. */
bool json_is_truthy(const json_t *value);

/* True for values that Python counts as false: absent, null, false, 0, "", [] and {}. Ironic tests
 * some arguments so (`if configdrive:`), and its clients send any of these. */
bool json_is_nothing(const json_t *value);

/* The index of a text in an array; the array's size if the text is not in it, or is NULL. */
size_t json_array_find_text(const json_t *array, const char *text);
bool json_array_has_text(const json_t *array, const char *text);

/* A string, or an integer written as one ("623" and 623 are the same port). False when absent or no
 * number. */
bool json_integer_member(const json_t *object, const char *key, int64_t *number);
