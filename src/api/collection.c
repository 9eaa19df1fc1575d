/* Items: shown from the database, made and changed through the conductor. The contract is in collection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/collection.h"

#include "api/access.h"
#include "api/controllers/controllers.h"
#include "api/render.h"
#include "api/router.h"
#include "common/uuid.h"
#include "model/json_patch.h"
#include "model/names.h"
#include "model/resources.h"

#include <string.h>

void
item_brief_clear(ItemBrief *brief)
{
    g_free(brief->uuid);
    g_free(brief->node_uuid);
    g_free(brief->owner);
    g_free(brief->lessee);
}

/* Nothing can have a name with other characters than a URL's unreserved ones. */
static bool
could_be_name(const char *ident)
{
    for (const char *p = ident; *p != '\0'; p++)
        if (!g_ascii_isalnum(*p) && strchr("._~-", *p) == NULL)
            return false;
    return *ident != '\0';
}

bool
collection_not_found(const Resource *resource, const char *ident, GError **error)
{
    if (resource->name_field != NULL && !could_be_name(ident))
        return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID or name for %s: %.255s",
                          resource->name, ident);
    g_autofree char *name = g_strdup(resource->name);
    name[0] = g_ascii_toupper(name[0]);
    return steel_fail(
        error, resource == &node_resource ? STEEL_ERROR_NODE_NOT_FOUND : STEEL_ERROR_NOT_FOUND,
        "%s %.255s could not be found.", name, ident);
}

/* How an ident names an item. */
typedef enum IdentKind { IDENT_KEY, IDENT_NAME, IDENT_BAD } IdentKind;

static IdentKind
ident_kind(const Request *request, const Collection *collection, const char *ident)
{
    if (uuid_valid(ident) || strcmp(collection->resource->key, "uuid") != 0)
        return IDENT_KEY;
    if (collection->names_since > 0 && request->version >= collection->names_since)
        return IDENT_NAME;
    return IDENT_BAD;
}

static bool
bad_ident(const Collection *collection, const char *ident, GError **error)
{
    const Resource *resource = collection->resource;
    if (collection->names_since > 0)
        return collection_not_found(resource, ident, error);
    return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID of a %s: %.80s", resource->name,
                      ident);
}

typedef struct ItemWriter {
    Renderer renderer;
    bool found;
} ItemWriter;

static bool
write_row(const DbRow *row, void *user_data)
{
    ItemWriter *writer = user_data;
    writer->found = true;
    render_row(&writer->renderer, row);
    return false;
}

/* Writes the item if it is there; false with the error set when the database fails. */
static bool
write_if_there(Request *request, const View *view, bool by_name, const char *ident, bool *found,
               GError **error)
{
    char lower[UUID_TEXT_SIZE];
    if (!by_name && uuid_valid(ident)) {
        for (size_t i = 0; i < sizeof lower; i++)
            lower[i] = g_ascii_tolower(ident[i]);
        ident = lower;
    }
    ItemWriter writer = {0};
    renderer_init(&writer.renderer, request, view, NULL, request_out(request, 200, 4096));
    const DbValue key = db_text(ident);
    bool good = db_query(request_db(request), by_name ? view->name_sql : view->item_sql, &key, 1,
                         write_row, &writer, error);
    renderer_clear(&writer.renderer);
    *found = writer.found;
    return good;
}

bool
collection_write_item(Request *request, const View *view, bool by_name, const char *ident,
                      unsigned status, GError **error)
{
    bool found = false;
    if (!write_if_there(request, view, by_name, ident, &found, error))
        return false;
    if (!found)
        return collection_not_found(view->resource, ident, error);
    request->status = status;
    return true;
}

static Answer
write_captured(Request *request, const Collection *collection, const View *view, GError **error)
{
    const char *ident = request->captures[0];
    IdentKind kind = ident_kind(request, collection, ident);
    bool found = false;
    if (kind != IDENT_BAD &&
        !write_if_there(request, view, kind == IDENT_NAME, ident, &found, error))
        return ANSWER_FAILED;
    if (!found && request->capture_suffix != NULL && collection->resource->name_field != NULL) {
        /* something really named "x.json" */
        g_autofree char *whole = g_strconcat(ident, request->capture_suffix, NULL);
        if (!write_if_there(request, view, true, whole, &found, error))
            return ANSWER_FAILED;
    }
    if (found)
        return ANSWER_NOW;
    if (kind == IDENT_BAD)
        bad_ident(collection, ident, error);
    else
        collection_not_found(collection->resource, ident, error);
    return ANSWER_FAILED;
}

Answer
collection_get(Request *request, GError **error)
{
    static const char *const arguments[] = {"fields", NULL};
    const Collection *collection = request->route->subject;
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    if (policy_wants_target(request) && request->route->flags & ROUTE_TARGETED) {
        g_auto(ItemBrief) brief = {0};
        if (!collection_find(request, collection, request->captures[0], &brief, error))
            return ANSWER_FAILED;
    }
    const char *fields = request_argument(request, "fields");
    if (fields == NULL)
        return write_captured(request, collection,
                              view_of(collection->resource, VIEW_DETAIL, request->version), error);
    if (!request_needs(request, MAX(8, collection->since), "the argument 'fields'", error))
        return ANSWER_FAILED;
    g_autoptr(View) view = view_of_fields(collection->resource, fields, request->version, error);
    return view != NULL ? write_captured(request, collection, view, error) : ANSWER_FAILED;
}

static bool
read_brief(const DbRow *row, void *user_data)
{
    ItemBrief *brief = user_data;
    brief->uuid = g_strdup(db_row_text(row, 0, NULL));
    brief->node_uuid = g_strdup(db_row_text(row, 1, NULL));
    brief->owner = g_strdup(db_row_text(row, 2, NULL));
    brief->lessee = g_strdup(db_row_text(row, 3, NULL));
    return false;
}

/* uuid, node, owner and lessee of an item: its own columns, or those of the node it belongs to. */
static char *
brief_sql(const Resource *resource, const char *column)
{
    if (resource == &node_resource)
        return g_strdup_printf("SELECT uuid, uuid, owner, lessee FROM nodes WHERE \"%s\" = ?1",
                               column);
    bool owned = resource_field(resource, "owner") != NULL;
    if (resource_field(resource, "node_uuid") == NULL || owned)
        return g_strdup_printf("SELECT uuid, %s, %s, NULL FROM %s WHERE \"%s\" = ?1",
                               resource_field(resource, "node_uuid") != NULL ? "node_uuid" : "NULL",
                               owned ? "owner" : "NULL", resource->table, column);
    return g_strdup_printf("SELECT i.uuid, i.node_uuid, n.owner, n.lessee FROM %s i "
                           "LEFT JOIN nodes n ON n.uuid = i.node_uuid WHERE i.\"%s\" = ?1",
                           resource->table, column);
}

static bool
load_brief(Request *request, const Resource *resource, IdentKind kind, const char *ident,
           ItemBrief *brief, GError **error)
{
    g_autofree char *sql =
        brief_sql(resource, kind == IDENT_NAME ? resource->name_field : resource->key);
    g_autofree char *lower = kind == IDENT_KEY ? g_ascii_strdown(ident, -1) : NULL;
    const DbValue value = db_text(lower != NULL ? lower : ident);
    return db_query(request_db(request), sql, &value, 1, read_brief, brief, error);
}

bool
collection_find(Request *request, const Collection *collection, const char *ident, ItemBrief *brief,
                GError **error)
{
    const Resource *resource = collection->resource;
    IdentKind kind = ident_kind(request, collection, ident);
    if (kind == IDENT_BAD)
        return bad_ident(collection, ident, error);
    if (!load_brief(request, resource, kind, ident, brief, error))
        return false;
    if (brief->uuid == NULL && request->capture_suffix != NULL && resource->name_field != NULL) {
        g_autofree char *whole = g_strconcat(ident, request->capture_suffix, NULL);
        if (!load_brief(request, resource, IDENT_NAME, whole, brief, error))
            return false;
    }
    if (brief->uuid == NULL)
        return collection_not_found(resource, ident, error);
    const PolicyTarget target = {brief->owner, brief->lessee};
    if (!(request->route->flags & ROUTE_TARGETED))
        return true;
    return policy_check(request, request->route->policy, &target, error);
}

static bool
check_member(const Request *request, const Resource *resource, void *scratch, const char *name,
             const json_t *value, GError **error)
{
    const Field *field = resource_field(resource, name);
    if (field == NULL || !(field->flags & FIELD_CREATE) || field->flags & FIELD_INTERNAL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Schema error for %s: Additional properties are not allowed ('%.80s' was "
                          "unexpected)",
                          resource->name, name);
    if (!record_set(resource, scratch, field, value, error))
        return false;
    if (field->type == FIELD_NAME && json_is_string(value) &&
        !node_name_valid(json_string_value(value), error))
        return false;
    bool claimed = request->owner_claimed && strcmp(name, "owner") == 0;
    return claimed || field->since <= request->version ||
           steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                      "%s of a %s exists from API version 1.%u, the request asks for 1.%u", name,
                      resource->name, field->since, request->version);
}

static bool
is_extra(const Collection *collection, const char *name)
{
    for (const char *const *extra = collection->create_extras; extra != NULL && *extra != NULL;
         extra++)
        if (strcmp(*extra, name) == 0)
            return true;
    return false;
}

bool
collection_check_values(const Request *request, const Collection *collection, const json_t *values,
                        GError **error)
{
    const Resource *resource = collection->resource;
    for (size_t i = 0; i < resource->field_count; i++)
        if (resource->fields[i].flags & FIELD_REQUIRED &&
            json_object_get(values, resource->fields[i].name) == NULL)
            return steel_fail(error, STEEL_ERROR_MISSING,
                              "Schema error for %s: '%s' is a required property", resource->name,
                              resource->fields[i].name);
    void *scratch = record_new(resource);
    bool good = true;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)values, name, value)
    {
        good = is_extra(collection, name) ||
               check_member(request, resource, scratch, name, value, error);
        if (!good)
            break;
    }
    record_free(resource, scratch);
    return good;
}

/* The node a new thing belongs to must be there, and be the caller's. Out: its uuid. */
static bool
check_parent(Request *request, const json_t *values, char **node_uuid, GError **error)
{
    const char *ident = json_string_member(values, "node_uuid");
    if (ident == NULL)
        return true;
    g_auto(NodeBrief) node = {0};
    if (!node_find(request, ident, &node, error)) {
        /* the node is part of the body, not of the path */
        if (error != NULL && steel_error_is(*error, STEEL_ERROR_NODE_NOT_FOUND))
            (*error)->code = STEEL_ERROR_INVALID;
        return false;
    }
    *node_uuid = g_strdup(node.uuid);
    return true;
}

Answer
collection_create(Request *request, GError **error)
{
    static const char *const arguments[] = {NULL};
    const Collection *collection = request->route->subject;
    const Resource *resource = collection->resource;
    json_t *values = request_only_arguments(request, arguments, error)
                         ? request_json(request, JSON_OBJECT, error)
                         : NULL;
    g_autofree char *node_uuid = NULL;
    if (values == NULL || !collection_check_values(request, collection, values, error) ||
        (collection->check_create != NULL && !collection->check_create(request, values, error)) ||
        !check_parent(request, values, &node_uuid, error))
        return ANSWER_FAILED;
    json_t *call = json_pack("{s:s, s:O}", "resource", resource->name, "values", values);
    return request_call(request, RPC_CREATE, node_uuid, call, collection_after_create);
}

bool
collection_after_create(Request *request, json_t *result, GError **error)
{
    const Collection *collection = request->route->subject;
    const char *uuid = json_string_member(result, "uuid");
    if (uuid == NULL)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "the conductor named no %s",
                          collection->resource->name);
    request_set_location(request, "%s/%s", collection->resource->path, uuid);
    return collection_write_item(request,
                                 view_of(collection->resource, VIEW_DETAIL, request->version),
                                 false, uuid, 201, error);
}

Answer
collection_patch(Request *request, GError **error)
{
    static const char *const arguments[] = {NULL};
    const Collection *collection = request->route->subject;
    bool is_node = collection->resource == &node_resource;
    if (!is_node && !request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    const json_t *patch = request_json(request, JSON_ARRAY, error);
    g_auto(ItemBrief) brief = {0};
    if (patch == NULL ||
        !collection_find(request, collection, request->captures[0], &brief, error) ||
        !json_patch_check(collection->resource, patch, request->version, error) ||
        (collection->check_patch != NULL &&
         !collection->check_patch(request, &brief, patch, error)))
        return ANSWER_FAILED;
    bool reset = false;
    if (is_node && !request_boolean_argument(request, "reset_interfaces", &reset, error))
        return ANSWER_FAILED;
    request->subject = g_strdup(brief.uuid);
    json_t *call = json_pack("{s:s, s:s, s:O, s:b}", "resource", collection->resource->name, "key",
                             brief.uuid, "patch", patch, "reset_interfaces", (int)reset);
    return request_call(request, RPC_UPDATE, brief.node_uuid, call, collection_after_patch);
}

bool
collection_after_patch(Request *request, json_t *result, GError **error)
{
    (void)result;
    const Collection *collection = request->route->subject;
    return collection_write_item(request,
                                 view_of(collection->resource, VIEW_DETAIL, request->version),
                                 false, request->subject, 200, error);
}

Answer
collection_delete(Request *request, GError **error)
{
    static const char *const arguments[] = {NULL};
    const Collection *collection = request->route->subject;
    g_auto(ItemBrief) brief = {0};
    if (!request_only_arguments(request, arguments, error) ||
        !collection_find(request, collection, request->captures[0], &brief, error))
        return ANSWER_FAILED;
    json_t *call =
        json_pack("{s:s, s:s}", "resource", collection->resource->name, "key", brief.uuid);
    return request_call(request, RPC_DESTROY, brief.node_uuid, call, request_after_204);
}
