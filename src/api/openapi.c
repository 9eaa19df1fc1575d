/* The OpenAPI document; the contract is in openapi.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/collection.h"
#include "api/controllers/controllers.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* One line of openapi.def about a route. */
typedef struct OperationRow {
    enum { ROW_ANSWER, ROW_BODY, ROW_ARGUMENTS, ROW_REFUSED } kind;
    HttpMethod method;
    const char *pattern;
    unsigned status;   /* of an answer */
    const char *text;  /* schema, or arguments separated by spaces */
    const char *media; /* NULL for JSON, if there is a schema */
} OperationRow;

static const OperationRow rows[] = {
#define SCHEMA(name, json)
#define FIELDS(name, resource, fields)
#define ANSWER(method, pattern, status, schema, media)                                             \
    {ROW_ANSWER, HTTP_##method, pattern, status, schema, media},
#define BODY(method, pattern, schema) {ROW_BODY, HTTP_##method, pattern, 0, schema, NULL},
#define ARGUMENTS(method, pattern, names) {ROW_ARGUMENTS, HTTP_##method, pattern, 0, names, NULL},
#define REFUSED(method, pattern) {ROW_REFUSED, HTTP_##method, pattern, 0, NULL, NULL},
#include "api/openapi.def"
#undef SCHEMA
#undef FIELDS
#undef ANSWER
#undef BODY
#undef ARGUMENTS
#undef REFUSED
};

/* The next row of this kind for the route, after `previous`; NULL if there is none. */
static const OperationRow *
next_row(const Route *route, int kind, const OperationRow *previous)
{
    for (const OperationRow *row = previous != NULL ? previous + 1 : rows;
         row < rows + G_N_ELEMENTS(rows); row++)
        if ((int)row->kind == kind && row->method == route->method &&
            strcmp(row->pattern, route->pattern) == 0)
            return row;
    return NULL;
}

/* The answers and bodies of the collections' generic handlers. */
static const struct {
    RequestHandler handler;
    unsigned status;
    const char *suffix; /* of the schema's name, after the resource's; NULL for an empty answer */
    /* the same for the request's body; NULL for none, "=Patch" for that schema itself */
    const char *body;
} generic[] = {
    {collection_list,   200, "List", NULL},
    {collection_detail, 200, "List", NULL},
    {collection_get,    200, "",     NULL},
    {collection_create, 201, "",     "Create"},
    {collection_patch,  200, "",     "=Patch"},
    {collection_delete, 204, NULL,   NULL},
};

/* ---- answers ---- */

static json_t *
content(const char *media, json_t *schema)
{
    return json_pack("{s:{s:o}}", media, "schema", schema);
}

static void
add_answer(json_t *responses, unsigned status, const char *schema, const char *media)
{
    char key[8];
    snprintf(key, sizeof key, "%u", status);
    json_t *answer = json_pack("{s:s}", "description",
                               status == 202   ? "Accepted; the work continues"
                               : status == 204 ? "Done"
                               : status == 201 ? "Created"
                               : status < 300  ? "The answer"
                                               : "Refused");
    if (schema != NULL)
        json_object_set_new(answer, "content",
                            content("application/json", openapi_reference(schema)));
    else if (media != NULL)
        json_object_set_new(answer, "content",
                            content(media, json_pack("{s:s}", "type", "string")));
    json_object_set_new(responses, key, answer);
}

static json_t *
responses_of(const Route *route)
{
    json_t *responses = json_object();
    for (const OperationRow *row = NULL; (row = next_row(route, ROW_ANSWER, row)) != NULL;)
        add_answer(responses, row->status, row->text, row->media);
    for (size_t i = 0; i < G_N_ELEMENTS(generic); i++) {
        if (route->handler != generic[i].handler)
            continue;
        const Collection *collection = route->subject;
        g_autofree char *name = openapi_resource_name(collection->resource);
        g_autofree char *schema =
            generic[i].suffix != NULL ? g_strconcat(name, generic[i].suffix, NULL) : NULL;
        add_answer(responses, generic[i].status, schema, NULL);
    }
    json_object_set_new(responses, "default",
                        json_pack("{s:s, s:o}", "description", "Refused, with the reason",
                                  "content",
                                  content("application/json", openapi_reference("Error"))));
    return responses;
}

/* ---- bodies ---- */

static void
add_body(json_t *operation, const Route *route)
{
    const OperationRow *row = next_row(route, ROW_BODY, NULL);
    json_t *schema = row != NULL ? openapi_reference(row->text) : NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(generic) && schema == NULL; i++) {
        if (route->handler != generic[i].handler || generic[i].body == NULL)
            continue;
        const Collection *collection = route->subject;
        g_autofree char *name = openapi_resource_name(collection->resource);
        g_autofree char *text = g_strconcat(name, generic[i].body, NULL);
        schema = openapi_reference(generic[i].body[0] == '=' ? generic[i].body + 1 : text);
    }
    if (schema != NULL)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:o}", "content", content("application/json", schema)));
}

/* ---- parameters ---- */

static json_t *
parameter(const char *name, const char *place, const char *type)
{
    return json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", place, "required",
                     strcmp(place, "path") == 0, "schema", "type", type);
}

static void
add_query(json_t *parameters, const char *name, const char *type, unsigned since)
{
    json_t *row = parameter(name, "query", type);
    if (since > 1)
        json_object_set_new(row, "x-since", openapi_since(since));
    json_array_append_new(parameters, row);
}

static void
add_list_parameters(json_t *parameters, const Collection *collection, bool may_detail)
{
    static const char *const texts[] = {"marker", "sort_key", "sort_dir"};
    add_query(parameters, "fields", "string", MAX(8, collection->since));
    add_query(parameters, "limit", "integer", collection->since);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        add_query(parameters, texts[i], "string", collection->since);
    if (may_detail && collection->detail_since <= API_VERSION_MAXIMUM)
        add_query(parameters, "detail", "boolean", collection->detail_since);
    for (size_t i = 0; i < collection->filter_count; i++) {
        const ListFilter *filter = &collection->filters[i];
        bool truth = filter->add == filter_boolean || filter->add == filter_present;
        add_query(parameters, filter->argument, truth ? "boolean" : "string", filter->since);
    }
}

static void
add_captures(json_t *parameters, const char *pattern)
{
    g_auto(GStrv) segments = g_strsplit(pattern, "/", 0);
    for (char **segment = segments; *segment != NULL; segment++) {
        size_t length = strlen(*segment);
        if (**segment != '{')
            continue;
        (*segment)[length - 1] = '\0';
        json_array_append_new(parameters, parameter(*segment + 1, "path", "string"));
    }
}

static json_t *
parameters_of(const Route *route)
{
    json_t *parameters = json_array();
    add_captures(parameters, route->pattern);
    if (!(route->flags & ROUTE_UNVERSIONED))
        json_array_append_new(parameters,
                              json_pack("{s:s}", "$ref", "#/components/parameters/version"));
    if (route->handler == collection_list || route->handler == collection_detail)
        add_list_parameters(parameters, route->subject, route->handler == collection_list);
    else if (route->handler == collection_get)
        add_query(parameters, "fields", "string",
                  MAX(8, ((const Collection *)route->subject)->since));
    for (const OperationRow *row = NULL; (row = next_row(route, ROW_ARGUMENTS, row)) != NULL;) {
        g_auto(GStrv) names = g_strsplit(row->text, " ", 0);
        for (char **name = names; *name != NULL; name++)
            add_query(parameters, *name, "string", 1);
    }
    return parameters;
}

/* ---- operations ---- */

/* "get_nodes_node_states" */
static char *
operation_id(const Route *route)
{
    GString *id = g_string_new(http_method_name(route->method));
    g_string_append_printf(id, "_%s", route->pattern);
    g_string_ascii_down(id);
    for (gsize i = 0; i < id->len; i++)
        if (!g_ascii_isalnum(id->str[i]))
            id->str[i] = '_';
    g_autofree char *raw = g_string_free(id, FALSE);
    g_auto(GStrv) words = g_strsplit(raw, "_", 0);
    GString *clean = g_string_new(NULL);
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            g_string_append_printf(clean, "%s%s", clean->len > 0 ? "_" : "", *word);
    return g_string_free(clean, FALSE);
}

static json_t *
operation_of(const Route *route)
{
    g_autofree char *id = operation_id(route);
    g_autofree char *tag = g_strndup(route->pattern, strcspn(route->pattern, "/"));
    json_t *operation = json_pack("{s:s, s:[s], s:o, s:o}", "operationId", id, "tags",
                                  *tag != '\0' ? tag : "versions", "parameters",
                                  parameters_of(route), "responses", responses_of(route));
    add_body(operation, route);
    if (route->flags & ROUTE_PUBLIC)
        json_object_set_new(operation, "security", json_array());
    if (route->policy != NULL)
        json_object_set_new(operation, "x-policy", json_string(route->policy));
    json_object_set_new(operation, "x-since", openapi_since(route->since));
    if (route->since > 1)
        json_object_set_new(operation, "x-below", json_integer(route->below));
    return operation;
}

static json_t *
paths(void)
{
    size_t count;
    const Route *routes = route_table(&count);
    json_t *all = json_object();
    for (size_t i = 0; i < count; i++) {
        const Route *route = &routes[i];
        if (next_row(route, ROW_REFUSED, NULL) != NULL)
            continue;
        bool bare = route->flags & ROUTE_UNVERSIONED || strcmp(route->pattern, "v1") == 0;
        g_autofree char *path = g_strconcat(bare ? "/" : "/v1/", route->pattern, NULL);
        g_autofree char *method = g_ascii_strdown(http_method_name(route->method), -1);
        json_t *item = json_object_get(all, path);
        if (item == NULL) {
            item = json_object();
            json_object_set_new(all, path, item);
        }
        json_object_set_new(item, method, operation_of(route));
    }
    return all;
}

/* The classes of errors, with their statuses, and whether a retry may help. */
static json_t *
error_classes(void)
{
    json_t *classes = json_array();
    for (int code = 0; code < STEEL_ERROR_COUNT; code++) {
        g_autoptr(GError) error = g_error_new_literal(steel_error_quark(), code, "");
        const SteelErrorInfo *info = steel_error_info(error);
        json_array_append_new(classes,
                              json_pack("{s:s, s:i, s:b}", "class", info->class_name, "status",
                                        info->http_status, "retry", info->retryable));
    }
    return classes;
}

json_t *
openapi_document(void)
{
    json_t *version =
        json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "name", API_HEADER_VERSION, "in", "header",
                  "description", "The microversion asked for, 1.N or latest; 1.1 without it.",
                  "schema", "type", "string", "pattern", "^(1\\.[0-9]+|latest)$");
    json_t *security =
        openapi_parse("{'token':{'type':'apiKey','in':'header','name':'X-Auth-Token'},"
                      "'basic':{'type':'http','scheme':'basic'}}");
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{}, {s:[]}, {s:[]}], s:o, s:{s:o, s:{s:o}, s:o}, "
        "s:o, s:s}",
        "openapi", "3.1.0", "info", "title", "Steel: bare metal provisioning", "version",
        API_VERSION_TEXT(API_VERSION_MAXIMUM), "description",
        "The API of OpenStack Ironic as Steel serves it.", "servers", "url", "/", "security",
        "token", "basic", "paths", paths(), "components", "schemas", openapi_schemas(),
        "parameters", "version", version, "securitySchemes", security, "x-errors", error_classes(),
        "x-minimum-version", API_VERSION_TEXT(API_VERSION_MINIMUM));
}

static char *document_text; /* made once, kept forever */
static size_t document_size;

static void
make_text(void)
{
    json_t *document = openapi_document();
    document_text = json_text_dump(document);
    document_size = strlen(document_text);
    json_decref(document);
}

const char *
openapi_text(size_t *size)
{
    static pthread_once_t made = PTHREAD_ONCE_INIT;
    pthread_once(&made, make_text);
    *size = document_size;
    return document_text;
}
