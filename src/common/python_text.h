/* Writes values as Python does, because `baremetal` fills its tables and its JSON so, and scripts
 * rely on it. Pure functions; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Appends repr(value): {'a': [1, None, True]}. NULL is None. */
void python_repr_append(GString *out, json_t *value);

/* str(value): a string unchanged, everything else as repr. The caller frees. */
char *python_str(json_t *value);

/* osc_lib's format_dict: a='1', b.c='2'; a nested object's keys are joined by dots. The caller
 * frees. */
char *python_format_dict(json_t *object);

/* Appends json.dumps(value), two blanks of indent per level or none when `indent` is false. */
void python_json_append(GString *out, json_t *value, bool indent);

/* Appends repr(number): the shortest text that reads back as the same number. */
void python_real_append(GString *out, double number);

/* The keys of an object in the order of their characters, as Python sorts them; g_ptr_array_unref
 * frees. */
GPtrArray *json_sorted_keys(json_t *object);
