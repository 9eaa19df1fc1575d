/* YAML to and from JSON values over libyaml's document loader and emitter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/yaml_text.h"
#include "common/python_text.h"
#include "common/yaml_scalar.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
    SIZE_LIMIT = 16 << 20,
    DEPTH_LIMIT = 64,
    VALUE_LIMIT = 200000,
};

/* A document during its conversion into values. */
typedef struct Loader {
    yaml_document_t *document;
    int values; /* made so far */
} Loader;

static json_t *load_node(Loader *loader, yaml_node_t *node, int depth, GError **error);

static void *
fail_at(const yaml_node_t *node, const char *what, GError **error)
{
    steel_fail(error, STEEL_ERROR_INVALID, "line %zu, column %zu: %s", node->start_mark.line + 1,
               node->start_mark.column + 1, what);
    return NULL;
}

static json_t *
load_scalar(const yaml_node_t *node, GError **error)
{
    const char *text = (const char *)node->data.scalar.value;
    json_t *value = NULL;
    if (strlen(text) != node->data.scalar.length)
        return fail_at(node, "a zero byte in a value", error);
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                 g_strcmp0((const char *)node->tag, YAML_STR_TAG) == 0;
    value = plain ? yaml_scalar_value(text) : json_string(text);
    return value != NULL ? value : fail_at(node, "not UTF-8", error);
}

static json_t *
load_sequence(Loader *loader, yaml_node_t *node, int depth, GError **error)
{
    json_auto_t *array = json_array();
    yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top; item++) {
        yaml_node_t *child = yaml_document_get_node(loader->document, *item);
        json_t *value = load_node(loader, child, depth + 1, error);
        if (value == NULL)
            return NULL;
        json_array_append_new(array, value);
    }
    return json_incref(array);
}

/* A mapping key as text: 1 is "1", true is "True" as Python's str has it. */
static char *
load_key(yaml_node_t *node, GError **error)
{
    if (node->type != YAML_SCALAR_NODE)
        return fail_at(node, "a key must be a scalar", error);
    json_auto_t *value = load_scalar(node, error);
    return value != NULL ? python_str(value) : NULL;
}

/* Merges the value of "<<": one mapping or a list of them, earlier ones first. Existing keys
 * stay. */
static bool
merge(json_t *object, json_t *value, const yaml_node_t *node, GError **error)
{
    if (json_is_object(value)) {
        json_object_update_missing(object, value);
        return true;
    }
    size_t i;
    json_t *item;
    if (!json_is_array(value))
        return fail_at(node, "<< needs a mapping or a list of mappings", error) != NULL;
    json_array_foreach(value, i, item)
    {
        if (!json_is_object(item))
            return fail_at(node, "<< needs a mapping or a list of mappings", error) != NULL;
        json_object_update_missing(object, item);
    }
    return true;
}

static json_t *
load_mapping(Loader *loader, yaml_node_t *node, int depth, GError **error)
{
    json_auto_t *object = json_object();
    json_auto_t *merged = json_object();
    yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key_node = yaml_document_get_node(loader->document, pair->key);
        g_autofree char *key = load_key(key_node, error);
        if (key == NULL)
            return NULL;
        json_auto_t *value = load_node(
            loader, yaml_document_get_node(loader->document, pair->value), depth + 1, error);
        if (value == NULL)
            return NULL;
        bool is_merge =
            strcmp(key, "<<") == 0 && key_node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (is_merge) {
            if (!merge(merged, value, key_node, error))
                return NULL;
        } else if (json_object_set(object, key, value) != 0) {
            return fail_at(key_node, "a key that is not UTF-8", error);
        }
    }
    json_object_update_missing(object, merged);
    return json_incref(object);
}

static json_t *
load_node(Loader *loader, yaml_node_t *node, int depth, GError **error)
{
    if (node == NULL)
        return json_null();
    if (depth > DEPTH_LIMIT)
        return fail_at(node, "nested too deep", error);
    if (++loader->values > VALUE_LIMIT)
        return fail_at(node, "too many values", error);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return load_scalar(node, error);
    case YAML_SEQUENCE_NODE:
        return load_sequence(loader, node, depth, error);
    case YAML_MAPPING_NODE:
        return load_mapping(loader, node, depth, error);
    case YAML_NO_NODE:
        break;
    }
    return json_null();
}

json_t *
yaml_text_parse(const char *text, size_t size, GError **error)
{
    yaml_parser_t parser;
    yaml_document_t document;
    json_t *value = NULL;
    if (size > SIZE_LIMIT) {
        steel_fail(error, STEEL_ERROR_INVALID, "larger than %d bytes", SIZE_LIMIT);
        return NULL;
    }
    if (!yaml_parser_initialize(&parser)) {
        steel_fail(error, STEEL_ERROR_INVALID, "libyaml does not start");
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    if (!yaml_parser_load(&parser, &document)) {
        steel_fail(error, STEEL_ERROR_INVALID, "line %zu, column %zu: %s",
                   parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                   parser.problem != NULL ? parser.problem : "not YAML");
    } else {
        Loader loader = {.document = &document};
        value = load_node(&loader, yaml_document_get_root_node(&document), 1, error);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return value;
}

json_t *
yaml_file_parse(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (!g_file_get_contents(path, &text, &size, &cause)) {
        steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
        return NULL;
    }
    json_t *value = yaml_text_parse(text, size, error);
    if (value == NULL)
        g_prefix_error(error, "%s: ", path);
    return value;
}

static int
append_output(void *user, unsigned char *buffer, size_t size)
{
    g_string_append_len(user, (const char *)buffer, (gssize)size);
    return 1;
}

/* Passes an event to the emitter. It fails only without memory, which ends the program anyway. */
static void
emit(yaml_emitter_t *emitter, yaml_event_t *event, int initialized)
{
    if (!initialized || !yaml_emitter_emit(emitter, event))
        g_error("libyaml: %s", emitter->problem != NULL ? emitter->problem : "no memory");
}

static void
dump_scalar(yaml_emitter_t *emitter, const char *text, bool plain)
{
    yaml_event_t event;
    const unsigned char *bytes = (const unsigned char *)text;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, bytes, (int)strlen(text), plain, 1,
                                            YAML_ANY_SCALAR_STYLE);
    emit(emitter, &event, made);
}

static void
dump_string(yaml_emitter_t *emitter, const char *text)
{
    dump_scalar(emitter, text, yaml_scalar_kind(text) == YAML_SCALAR_STRING);
}

static void dump_value(yaml_emitter_t *emitter, json_t *value);

static void
dump_object(yaml_emitter_t *emitter, json_t *object)
{
    g_autoptr(GPtrArray) keys = json_sorted_keys(object);
    yaml_event_t event;
    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (guint i = 0; i < keys->len; i++) {
        const char *key = g_ptr_array_index(keys, i);
        dump_string(emitter, key);
        dump_value(emitter, json_object_get(object, key));
    }
    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void
dump_array(yaml_emitter_t *emitter, json_t *array)
{
    yaml_event_t event;
    size_t i;
    json_t *item;
    emit(emitter, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    json_array_foreach(array, i, item) dump_value(emitter, item);
    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static void
dump_value(yaml_emitter_t *emitter, json_t *value)
{
    if (json_is_object(value)) {
        dump_object(emitter, value);
    } else if (json_is_array(value)) {
        dump_array(emitter, value);
    } else if (json_is_string(value)) {
        dump_string(emitter, json_string_value(value));
    } else {
        g_autoptr(GString) text = g_string_new(NULL);
        python_json_append(text, value, false);
        /* 1e+30 is a string in YAML 1.1: a number has a point. PyYAML writes it so, too. */
        char *exponent = json_is_real(value) ? strchr(text->str, 'e') : NULL;
        if (exponent != NULL && strchr(text->str, '.') == NULL)
            g_string_insert(text, exponent - text->str, ".0");
        dump_scalar(emitter, text->str, true);
    }
}

void
yaml_text_append(GString *out, json_t *value)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    if (!yaml_emitter_initialize(&emitter))
        g_error("libyaml: no memory");
    yaml_emitter_set_output(&emitter, append_output, out);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    dump_value(&emitter, value);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_flush(&emitter);
    yaml_emitter_delete(&emitter);
}
