/* The type of a plain (unquoted) YAML 1.1 scalar: to read it, and to know which strings need
 * quotes.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>

typedef enum YamlScalarKind {
    YAML_SCALAR_STRING,
    YAML_SCALAR_NULL,
    YAML_SCALAR_BOOLEAN,
    YAML_SCALAR_INTEGER,
    YAML_SCALAR_REAL,
    YAML_SCALAR_TIMESTAMP,
    YAML_SCALAR_OTHER, /* "=" and "<<" */
} YamlScalarKind;

/* The kind by PyYAML's resolver; pure, any thread. */
YamlScalarKind yaml_scalar_kind(const char *text);

/* The value of a plain scalar: null, boolean, number (12:30:45 is 45045 in YAML 1.1), else a
 * string. Numbers that do not fit 64 bits, infinities and NaN stay strings. A new reference; NULL
 * when the text is not UTF-8. */
json_t *yaml_scalar_value(const char *text);
