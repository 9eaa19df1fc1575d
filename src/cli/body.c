/* Building bodies, patches and queries.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/body.h"
#include "cli/config_drive.h"
#include "common/http_client.h"
#include "common/yaml_text.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STDIN_LIMIT = 16 << 20 };

/* The JSON that a text is, or the text. */
static json_t *
json_or_text(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : json_string(text);
}

bool
pair_split(const char *text, char **key, json_t **value, GError **error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Attributes must be a list of KEY=VALUE, not \"%s\"", text);
    json_t *read = json_or_text(equals + 1);
    if (read == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "the value of \"%.*s\" is not UTF-8",
                          (int)(equals - text), text);
    *key = g_strndup(text, (size_t)(equals - text));
    *value = read;
    return true;
}

static char *
read_stdin(const char *what, size_t *size, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[8192];
    size_t count = 0;
    while ((count = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
        g_string_append_len(text, buffer, (gssize)count);
        if (text->len > STDIN_LIMIT) {
            steel_fail(error, STEEL_ERROR_INVALID, "%s: more than %d bytes on stdin", what,
                       STDIN_LIMIT);
            return NULL;
        }
    }
    *size = text->len;
    return g_string_free(g_steal_pointer(&text), false);
}

json_t *
json_argument(const char *text, const char *what, GError **error)
{
    g_autofree char *input = NULL;
    if (strcmp(text, "-") != 0 && g_file_test(text, G_FILE_TEST_IS_REGULAR)) {
        json_t *value = yaml_file_parse(text, error);
        if (value == NULL)
            g_prefix_error(error, "%s: ", what);
        return value;
    }
    size_t size = strlen(text);
    if (strcmp(text, "-") == 0) {
        input = read_stdin(what, &size, error);
        if (input == NULL)
            return NULL;
    }
    json_error_t fault;
    json_t *value = json_loadb(input != NULL ? input : text, size, JSON_DECODE_ANY, &fault);
    if (value == NULL)
        steel_fail(error, STEEL_ERROR_INVALID, "%s: neither a file nor JSON: %s", what, fault.text);
    return value;
}

/* Sets body[field][key] for every key=value, or body[key] when the field is "". What is there
 * already stays, so that two options may fill one field. */
static bool
add_pairs(json_t *body, const char *field, const GPtrArray *texts, GError **error)
{
    json_t *object = field[0] != '\0' ? json_object_get(body, field) : body;
    if (object == NULL) {
        object = json_object();
        json_object_set_new(body, field, object);
    }
    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *key = NULL;
        json_t *value = NULL;
        if (!pair_split(g_ptr_array_index(texts, i), &key, &value, error))
            return false;
        json_object_set_new(object, key, value);
    }
    return true;
}

static json_t *
text_list(const GPtrArray *texts)
{
    json_t *list = json_array();
    for (guint i = 0; i < texts->len; i++)
        json_array_append_new(list, json_string(g_ptr_array_index(texts, i)));
    return list;
}

/* The value that an option gives to its field of the body; NULL on error. */
static json_t *
body_value(const OptionRow *row, const Arguments *arguments, GError **error)
{
    const char *text = arguments_text(arguments, row->name);
    switch (row->use) {
    case USE_BODY_TEXT: {
        json_t *value = json_string(text);
        if (value == NULL)
            steel_fail(error, STEEL_ERROR_INVALID, "%s: not UTF-8", row->name);
        return value;
    }
    case USE_BODY_NUMBER:
        return json_integer(arguments_number(arguments, row->name, 0));
    case USE_BODY_VALUE:
        return json_or_text(row->value);
    case USE_BODY_LIST:
        return text_list(arguments_values(arguments, row->name));
    case USE_BODY_JSON:
        return json_argument(text, row->name, error);
    case USE_BODY_CONFIG_DRIVE:
        return config_drive_value(text, error);
    case USE_BODY_PAIRS:
    case USE_BY_COMMAND:
    case USE_QUERY_TEXT:
    case USE_QUERY_VALUE:
    case USE_ADD:
    case USE_ADD_STRING:
    case USE_ADD_VALUE:
    case USE_ADD_PAIRS:
    case USE_ADD_JSON:
    case USE_REMOVE:
    case USE_REMOVE_KEYS:
        break;
    }
    g_assert_not_reached();
}

static bool
is_body_use(OptionUse use)
{
    return use >= USE_BODY_TEXT && use <= USE_BODY_CONFIG_DRIVE;
}

json_t *
body_build(const Command *command, const Arguments *arguments, GError **error)
{
    json_auto_t *body = json_loads(command->body != NULL ? command->body : "{}", 0, NULL);
    guint index = 0;
    for (const PositionalRow *row = command->positionals; row != NULL && row->metavar != NULL;
         row++, index++) {
        const char *text = arguments_positional(arguments, index);
        if (row->field != NULL && text != NULL)
            json_object_set_new(body, row->field, json_string(text));
    }
    for (const OptionRow *row = command->options; row != NULL && row->name != NULL; row++) {
        if (!is_body_use(row->use) || !arguments_has(arguments, row->name))
            continue;
        if (row->use == USE_BODY_PAIRS) {
            if (!add_pairs(body, row->field, arguments_values(arguments, row->name), error))
                return NULL;
            continue;
        }
        json_t *value = body_value(row, arguments, error);
        if (value == NULL)
            return NULL;
        json_object_set_new(body, row->field, value);
    }
    return json_incref(body);
}

/* Appends {"op": "add", "path": "/path", "value": value}; takes the value. */
static void
patch_add(json_t *patch, const char *path, json_t *value)
{
    g_autofree char *full = g_strconcat(path[0] == '/' ? "" : "/", path, NULL);
    json_array_append_new(patch,
                          json_pack("{s:s, s:s, s:o}", "op", "add", "path", full, "value", value));
}

static void
patch_remove(json_t *patch, const char *path)
{
    g_autofree char *full = g_strconcat(path[0] == '/' ? "" : "/", path, NULL);
    json_array_append_new(patch, json_pack("{s:s, s:s}", "op", "remove", "path", full));
}

static bool
patch_pairs(json_t *patch, const OptionRow *row, const GPtrArray *texts, GError **error)
{
    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *key = NULL;
        json_t *value = NULL;
        if (!pair_split(g_ptr_array_index(texts, i), &key, &value, error))
            return false;
        g_autofree char *path = g_strconcat(row->field, "/", key, NULL);
        patch_add(patch, path, value);
    }
    return true;
}

static void
patch_remove_keys(json_t *patch, const OptionRow *row, const GPtrArray *keys)
{
    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *path =
            g_strconcat(row->field, "/", (const char *)g_ptr_array_index(keys, i), NULL);
        patch_remove(patch, path);
    }
}

static bool
patch_value(json_t *patch, const OptionRow *row, const char *text, GError **error)
{
    json_t *value = NULL;
    if (text != NULL && text[0] == '\0')
        return true;
    if (row->use == USE_ADD)
        value = json_or_text(text);
    else if (row->use == USE_ADD_STRING)
        value = json_string(text);
    else if (row->use == USE_ADD_VALUE)
        value = json_string(row->value);
    else
        value = json_argument(text, row->name, error);
    if (value == NULL && row->use != USE_ADD_JSON) /* json_argument has set the error */
        return steel_fail(error, STEEL_ERROR_INVALID, "%s: not UTF-8", row->name);
    if (value == NULL)
        return false;
    patch_add(patch, row->field, value);
    return true;
}

json_t *
patch_build(const Command *command, const Arguments *arguments, GError **error)
{
    json_auto_t *patch = json_array();
    for (const OptionRow *row = command->options; row != NULL && row->name != NULL; row++) {
        const GPtrArray *values = arguments_values(arguments, row->name);
        if (row->use < USE_ADD || values == NULL)
            continue;
        if (row->use == USE_REMOVE)
            patch_remove(patch, row->field);
        else if (row->use == USE_REMOVE_KEYS)
            patch_remove_keys(patch, row, values);
        else if (row->use == USE_ADD_PAIRS
                     ? !patch_pairs(patch, row, values, error)
                     : !patch_value(patch, row, arguments_text(arguments, row->name), error))
            return NULL;
    }
    return json_incref(patch);
}

void
query_append(GString *path, const char *name, const char *value)
{
    g_autofree char *escaped = http_escape(value);
    g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') != NULL ? '&' : '?', name,
                           escaped);
}

static void
query_options(const OptionRow *row, const Arguments *arguments, GString *path)
{
    for (; row != NULL && row->name != NULL; row++) {
        if (!arguments_has(arguments, row->name))
            continue;
        if (row->use == USE_QUERY_TEXT)
            query_append(path, row->field, arguments_text(arguments, row->name));
        else if (row->use == USE_QUERY_VALUE)
            query_append(path, row->field, row->value);
    }
}

void
query_build(const Command *command, const Arguments *arguments, GString *path)
{
    const OptionRow *tables[OPTION_TABLES_MAX];
    command_option_tables(command, tables);
    for (size_t i = 0; tables[i] != NULL; i++)
        query_options(tables[i], arguments, path);
}

char *
path_build(const char *pattern, const Arguments *arguments)
{
    GString *path = g_string_new(NULL);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (at[0] != '{' || !g_ascii_isdigit(at[1]) || at[2] != '}') {
            g_string_append_c(path, *at);
            continue;
        }
        g_autofree char *escaped =
            http_escape(arguments_positional(arguments, (guint)(at[1] - '0')));
        g_string_append(path, escaped);
        at += 2;
    }
    return g_string_free(path, false);
}
