/* Schemas of the OpenAPI document: those of resources from their field tables, all others from
 * openapi.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "api/openapi.h"
#include "model/provision_states.h"
#include "model/resources.h"

#include <string.h>

static const struct {
    const char *name, *json;
} schemas[] = {
#define SCHEMA(name, json) {#name, json},
#define FIELDS(name, resource, fields)
#define ANSWER(method, pattern, status, schema, media)
#define BODY(method, pattern, schema)
#define ARGUMENTS(method, pattern, names)
#define REFUSED(method, pattern)
#include "api/openapi.def"
#undef SCHEMA
#undef FIELDS
};

static const struct {
    const char *name;
    const Resource *resource;
    const char *fields; /* separated by spaces */
} parts[] = {
#define SCHEMA(name, json)
#define FIELDS(name, resource, fields) {#name, &resource##_resource, fields},
#include "api/openapi.def"
#undef SCHEMA
#undef FIELDS
#undef ANSWER
#undef BODY
#undef ARGUMENTS
#undef REFUSED
};

json_t *
openapi_reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", name);
}

char *
openapi_resource_name(const Resource *resource)
{
    GString *name = g_string_new(NULL);
    bool upper = true;
    for (const char *p = resource->name; *p != '\0'; p++) {
        if (*p != ' ')
            g_string_append_c(name, upper                 ? g_ascii_toupper(*p)
                                    : g_ascii_isupper(*p) ? g_ascii_tolower(*p)
                                                          : *p);
        upper = *p == ' ';
    }
    return g_string_free(name, FALSE);
}

json_t *
openapi_since(unsigned minor)
{
    return json_string(api_version_text(minor));
}

json_t *
openapi_parse(const char *text)
{
    g_autofree char *copy = g_strdup(text);
    json_error_t fault;
    json_t *value = json_loads(g_strdelimit(copy, "'", '"'), JSON_REJECT_DUPLICATES, &fault);
    if (value == NULL)
        g_error("openapi.def: %s in %s", fault.text, text);
    return value;
}

/* ---- fields ---- */

static json_t *
type_or_null(const char *type, bool nullable)
{
    return nullable ? json_pack("{s:[s,s]}", "type", type, "null")
                    : json_pack("{s:s}", "type", type);
}

static json_t *
computed_schema(const Resource *resource, const Field *field)
{
    if (strcmp(field->name, "conductor") == 0)
        return type_or_null("string", true);
    if (strcmp(field->name, "alive") == 0)
        return type_or_null("boolean", false);
    if (resource == &chassis_resource && strcmp(field->name, "nodes") == 0)
        return json_pack("{s:s, s:o}", "type", "array", "items", openapi_reference("Links"));
    return openapi_reference("Links");
}

static const char *
format_of(const Field *field)
{
    return field->type == FIELD_UUID ? "uuid" : field->type == FIELD_TIME ? "date-time" : NULL;
}

static json_t *
text_schema(const Resource *resource, const Field *field, bool nullable)
{
    if (resource == &node_resource && (strcmp(field->name, "provision_state") == 0 ||
                                       strcmp(field->name, "target_provision_state") == 0))
        return openapi_reference("ProvisionState");
    json_t *schema = type_or_null("string", nullable);
    if (format_of(field) != NULL)
        json_object_set_new(schema, "format", json_string(format_of(field)));
    if (field->limit > 0)
        json_object_set_new(schema, "maxLength", json_integer(field->limit));
    if (field->type == FIELD_MAC)
        json_object_set_new(schema, "pattern", json_string("^([0-9a-f]{2}:){5}[0-9a-f]{2}$"));
    return schema;
}

/* Arrays whose items are no texts. */
static const struct {
    const Resource *resource;
    const char *field, *item;
    bool hidden; /* null where the item's answer does not show it */
} arrays[] = {
    {&deploy_template_resource, "steps",      "Step",          false},
    {&runbook_resource,         "steps",      "RunbookStep",   false},
    {&inspection_rule_resource, "conditions", "RuleOperation", true},
    {&inspection_rule_resource, "actions",    "RuleOperation", true},
};

static json_t *
array_schema(const Resource *resource, const Field *field)
{
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        if (arrays[i].resource == resource && strcmp(arrays[i].field, field->name) == 0) {
            json_t *schema = type_or_null("array", arrays[i].hidden);
            json_object_set_new(schema, "items", openapi_reference(arrays[i].item));
            return schema;
        }
    return json_pack("{s:s, s:o}", "type", "array", "items", type_or_null("string", false));
}

static json_t *
type_schema(const Resource *resource, const Field *field)
{
    bool nullable = !(field->flags & FIELD_NOT_NULL) && strcmp(field->name, resource->key) != 0;
    switch (field->type) {
    case FIELD_INTEGER:
        return type_or_null("integer", nullable);
    case FIELD_BOOLEAN:
        return type_or_null("boolean", false);
    case FIELD_TRISTATE:
        return type_or_null("boolean", true);
    case FIELD_OBJECT:
        return type_or_null("object", false);
    case FIELD_ARRAY:
        return array_schema(resource, field);
    case FIELD_COMPUTED:
        return computed_schema(resource, field);
    case FIELD_STRING:
    case FIELD_UUID:
    case FIELD_NAME:
    case FIELD_MAC:
    case FIELD_TIME:
        break;
    }
    return text_schema(resource, field, nullable);
}

/* since  the version that added the field */
static json_t *
field_schema(const Resource *resource, const Field *field, unsigned since)
{
    json_t *schema = type_schema(resource, field);
    if (since > 1)
        json_object_set_new(schema, "x-since", openapi_since(since));
    if (field->type != FIELD_COMPUTED && !(field->flags & FIELD_WRITE))
        json_object_set_new(schema, "readOnly", json_true());
    return schema;
}

/* ---- objects ---- */

typedef bool (*FieldChoice)(const Field *field, const void *choice);

static bool
is_shown(const Field *field, const void *choice)
{
    (void)choice;
    return !(field->flags & FIELD_INTERNAL);
}

static bool
is_in_list(const Field *field, const void *choice)
{
    (void)choice;
    return !(field->flags & FIELD_INTERNAL) && field->flags & FIELD_LIST;
}

static bool
is_named(const Field *field, const void *choice)
{
    return g_strv_contains(choice, field->name);
}

static json_t *
answer_object(const Resource *resource, FieldChoice chosen, const void *choice)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (!chosen(field, choice))
            continue;
        unsigned since = field->flags & FIELD_EARLY ? 1 : field->since;
        json_object_set_new(properties, field->name, field_schema(resource, field, since));
        if (since == 1)
            json_array_append_new(required, json_string(field->name));
    }
    return json_pack("{s:s, s:o, s:o, s:b, s:b}", "type", "object", "properties", properties,
                     "required", required, "additionalProperties", 0, "x-complete", 1);
}

/* The body of POST. */
static json_t *
create_object(const Resource *resource, const Collection *collection)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (!(field->flags & FIELD_CREATE) || field->flags & FIELD_INTERNAL)
            continue;
        json_object_set_new(properties, field->name, field_schema(resource, field, field->since));
        if (field->flags & FIELD_REQUIRED)
            json_array_append_new(required, json_string(field->name));
    }
    for (const char *const *extra = collection->create_extras; extra != NULL && *extra != NULL;
         extra++)
        json_object_set_new(properties, *extra, json_object());
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
                     required, "additionalProperties", 0);
}

static json_t *
list_object(const Resource *resource, const char *name, bool short_form)
{
    g_autofree char *links = g_strdup_printf("%s_links", resource->collection);
    g_autofree char *summary = g_strdup_printf("%sSummary", name);
    json_t *items = short_form ? json_pack("{s:[o,o]}", "anyOf", openapi_reference(summary),
                                           openapi_reference(name))
                               : openapi_reference(name);
    return json_pack("{s:s, s:[s], s:b, s:{s:{s:s, s:o}, s:{s:s}, s:o}}", "type", "object",
                     "required", resource->collection, "additionalProperties", 0, "properties",
                     resource->collection, "type", "array", "items", items, "next", "type",
                     "string", links, openapi_reference("Links"));
}

/* The collection of a resource; NULL if a node contains it. */
static const Collection *
collection_of(const Resource *resource)
{
    size_t count;
    const Route *routes = route_table(&count);
    for (size_t i = 0; i < count; i++) {
        const Collection *collection = routes[i].subject;
        if (routes[i].handler == collection_list && collection->resource == resource)
            return collection;
    }
    return NULL;
}

static void
add_resource(json_t *all, const Resource *resource, const Collection *collection)
{
    g_autofree char *name = openapi_resource_name(resource);
    g_autofree char *summary = g_strdup_printf("%sSummary", name);
    g_autofree char *list = g_strdup_printf("%sList", name);
    g_autofree char *create = g_strdup_printf("%sCreate", name);
    bool short_form = collection == NULL || !collection->always_detail;
    json_object_set_new(all, name, answer_object(resource, is_shown, NULL));
    json_object_set_new(all, list, list_object(resource, name, short_form));
    if (short_form)
        json_object_set_new(all, summary, answer_object(resource, is_in_list, NULL));
    if (collection != NULL && collection != &conductor_collection)
        json_object_set_new(all, create, create_object(resource, collection));
}

/* ---- words ---- */

static json_t *
provision_states(void)
{
    json_t *words = json_pack("[n]");
    for (int state = 0; state < STATE_COUNT; state++)
        json_array_append_new(words, json_string(state_info((ProvisionState)state)->wire));
    return json_pack("{s:o}", "enum", words);
}

static json_t *
provision_verbs(void)
{
    static const struct {
        const char *word;
        unsigned since;
    } rows[] = {
#define STATE(code, wire, history, target, flags)
#define EDGE(from, event, to)
#define VERB(word, event, since, allowed_in_maintenance) {word, since},
#include "model/provision_states.def"
#undef STATE
#undef EDGE
#undef VERB
    };
    json_t *words = json_array(), *versions = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_array_append_new(words, json_string(rows[i].word));
        json_object_set_new(versions, rows[i].word, openapi_since(rows[i].since));
    }
    return json_pack("{s:o, s:o}", "enum", words, "x-since-of-values", versions);
}

json_t *
openapi_schemas(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < RESOURCE_COUNT; i++)
        add_resource(all, all_resources[i], collection_of(all_resources[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_auto(GStrv) names = g_strsplit(parts[i].fields, " ", 0);
        json_object_set_new(all, parts[i].name, answer_object(parts[i].resource, is_named, names));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(schemas); i++)
        json_object_set_new(all, schemas[i].name, openapi_parse(schemas[i].json));
    json_object_set_new(all, "ProvisionState", provision_states());
    json_object_set_new(all, "ProvisionVerb", provision_verbs());
    json_object_set_new(
        all, "Patch",
        openapi_parse("{'type':'array','items':{'type':'object','required':['op','path'],"
                      "'additionalProperties':false,'properties':{'op':{'enum':['add','replace',"
                      "'remove','test','copy','move']},'path':{'type':'string'},"
                      "'from':{'type':'string'},'value':{}}}}"));
    return all;
}
