/* The resources of a simulated Redfish BMC, as they stand in data/; the contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"

#include <string.h>

static const char plain_json[] =
#include "redfish_json.inc"
    ;
static const char ilo5_json[] =
#include "ilo5_json.inc"
    ;
static const char ilo4_json[] =
#include "ilo4_json.inc"
    ;
static const char gen8_json[] =
#include "gen8_json.inc"
    ;

static json_t *
read_document(const char *text, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_t *document = json_text_parse(text, size, 0, &error);
    if (document == NULL)
        g_error("the resources of a Redfish BMC: %s", error->message);
    return document;
}

/* null takes a resource away. */
static void
add_resources(RedfishTree *tree, const json_t *document)
{
    const char *path;
    json_t *body;
    json_object_foreach(json_object_get(document, "resources"), path, body)
    {
        RedfishResource *resource = g_new0(RedfishResource, 1);
        *resource = (RedfishResource){path, body};
        g_autofree char *key = g_ascii_strdown(path, -1);
        g_hash_table_remove(tree->resources, key);
        if (json_is_null(body))
            g_free(resource);
        else
            g_hash_table_insert(tree->resources, g_steal_pointer(&key), resource);
    }
}

/* All kinds have what plain Redfish has, but where they have something else; "alone": but for its
 * resources. */
static RedfishTree *
tree_read(RedfishKind kind, const char *text, size_t size)
{
    json_t *plain = read_document(plain_json, sizeof plain_json - 1);
    json_t *own = text != NULL ? read_document(text, size) : json_object();
    RedfishTree *tree = g_new0(RedfishTree, 1);
    tree->resources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    tree->kind = kind;
    if (!json_is_true(json_object_get(own, "alone")))
        add_resources(tree, plain);
    add_resources(tree, own);
    json_t *state = json_deep_copy(json_object_get(plain, "state"));
    json_object_update(state, json_object_get(own, "state"));
    json_t *knobs = json_object_get(own, "knobs");
    tree->document = json_pack("{s:o, s:o, s:o, s:O*}", "plain", plain, "own", own, "state", state,
                               "knobs", knobs);
    return tree;
}

/* Made once, never freed. */
const RedfishTree *
redfish_tree_get(RedfishKind kind)
{
    static gsize trees[REDFISH_KIND_COUNT];
    static const struct {
        const char *text;
        size_t size;
    } texts[REDFISH_KIND_COUNT] = {[REDFISH_KIND_ILO5] = {ilo5_json, sizeof ilo5_json - 1},
                                   [REDFISH_KIND_ILO4] = {ilo4_json, sizeof ilo4_json - 1},
                                   [REDFISH_KIND_GEN8] = {gen8_json, sizeof gen8_json - 1}};
    if (g_once_init_enter(&trees[kind]))
        g_once_init_leave(&trees[kind], (gsize)tree_read(kind, texts[kind].text, texts[kind].size));
    return (const RedfishTree *)trees[kind];
}

/* A member of a collection whose members come and go stands as "*" in the tree. */
const RedfishResource *
redfish_tree_find(const RedfishTree *tree, const char *path)
{
    const RedfishResource *found = g_hash_table_lookup(tree->resources, path);
    const char *last = strrchr(path, '/');
    if (found != NULL || last == NULL)
        return found;
    g_autofree char *pattern = g_strdup_printf("%.*s/*", (int)(last - path), path);
    return g_hash_table_lookup(tree->resources, pattern);
}

static json_t *expand(const RedfishCall *call, const json_t *value) REQUIRES(call->bmc->lock);

static json_t *expand_object(const RedfishCall *call, const json_t *object)
    REQUIRES(call->bmc->lock);

static json_t *
expand_object(const RedfishCall *call, const json_t *object)
{
    json_t *copy = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        json_t *member = expand(call, value);
        if (member != NULL && strcmp(key, "...") == 0) {
            json_object_update(copy, member);
            json_decref(member);
        } else if (member != NULL) {
            json_object_set_new(copy, key, member);
        }
    }
    return copy;
}

static json_t *expand_array(const RedfishCall *call, const json_t *array) REQUIRES(call->bmc->lock);

static json_t *
expand_array(const RedfishCall *call, const json_t *array)
{
    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(array); i++)
        json_array_append_new(copy, expand(call, json_array_get(array, i)));
    return copy;
}

static json_t *expand_text(const RedfishCall *call, const char *text) REQUIRES(call->bmc->lock);

static json_t *
expand_text(const RedfishCall *call, const char *text)
{
    switch (text[0]) {
    case ':':
        return redfish_live(call, text + 1);
    case '#':
        return json_integer((json_int_t)json_object_size(redfish_state(call->bmc, text + 1)));
    case '@':
        return redfish_record_members(call, text + 1);
    case '*':
        return redfish_record(call, text + 1, call->id);
    default:
        return json_deep_copy(redfish_state(call->bmc, text));
    }
}

/* NULL: there is no such value at present. */
static json_t *
expand(const RedfishCall *call, const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_object(value))
        return expand_object(call, value);
    if (json_is_array(value))
        return expand_array(call, value);
    if (text == NULL || text[0] != '$')
        return json_deep_copy(value);
    return expand_text(call, text + 1);
}

/* Its address, as the call names it where the tree has "*". */
static char *
odata_id(const RedfishCall *call, const RedfishResource *resource)
{
    const char *star = strchr(resource->path, '*');
    return star == NULL
               ? g_strdup(resource->path)
               : g_strdup_printf("%.*s%s", (int)(star - resource->path), resource->path, call->id);
}

json_t *
redfish_expand(const RedfishCall *call, const RedfishResource *resource)
{
    json_t *body = expand(call, resource->body);
    if (json_object_get(body, "@odata.type") == NULL)
        return body;
    g_autofree char *id = odata_id(call, resource);
    json_object_set_new(body, "@odata.id", json_string(id));
    return body;
}
