/* YAML files as JSON values and JSON values as YAML: operators' files (clouds.yaml, steps, RAID
 * configurations) are read as PyYAML's safe_load reads YAML 1.1, and `-f yaml` writes as its
 * safe_dump does. Uses libyaml.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <glib.h>
#include <jansson.h>
#include <stddef.h>

/* Parses one document; JSON is YAML too. An empty one is null. Aliases and merge keys (<<) are
 * followed; dates stay text; the last of equal keys wins; keys that are not strings become text.
 *
 * text, size  borrowed; refused above 16 MiB, 64 levels or 200,000 values (aliases multiply)
 * Returns     a new reference, or NULL with INVALID naming line and column. Any thread. */
json_t *yaml_text_parse(const char *text, size_t size, GError **error);

/* Reads a file and parses it. IO when it cannot be read, else as yaml_text_parse; the text names
 * the file. */
json_t *yaml_file_parse(const char *path, GError **error);

/* Appends the value in block style with sorted keys, as yaml.safe_dump(value,
 * default_flow_style=False) does. */
void yaml_text_append(GString *out, json_t *value);
