/* Items of collections: creates, changes and deletes them through the conductor; the contract is in
 * collection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/collection.h"

#include "api/router.h"
#include "common/uuid.h"
#include "model/json_patch.h"
#include "model/names.h"

#include <string.h>

static bool
check_member(const Request *request, const Resource *resource, void *scratch, const char *name,
             const json_t *value, GError **error)
{
    const Field *field = resource_field_at(resource, name, request->version);
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

/* Checks one reference, and replaces it by the UUID, so that the item that was judged is also the
 * one that is used. */
static bool
check_value(Request *request, const Reference *reference, json_t *value, GError **error)
{
    const char *ident = json_string_value(value);
    g_autofree char *uuid = NULL;
    if (!reference->named && !uuid_valid(ident))
        return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a UUID, not '%.80s'",
                          reference->member, ident);
    if (reference->find(request, ident, &uuid, error))
        return json_string_set(value, uuid) == 0;
    /* the reference is part of the body, not of the path, so the answer is 400 */
    if (error != NULL && (steel_error_is(*error, STEEL_ERROR_NODE_NOT_FOUND) ||
                          steel_error_is(*error, STEEL_ERROR_NOT_FOUND)))
        (*error)->code = STEEL_ERROR_INVALID;
    return false;
}

/* Checks a text or a list of texts. The check of types refuses anything else. */
static bool
check_reference(Request *request, const Reference *reference, json_t *value, GError **error)
{
    size_t index;
    json_t *item;
    if (json_is_string(value))
        return check_value(request, reference, value, error);
    if (json_array_size(value) > REFERENCE_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s may have at most %d entries",
                          reference->member, REFERENCE_LIMIT);
    json_array_foreach(value, index, item)
    {
        if (json_is_string(item) && !check_value(request, reference, item, error)) {
            g_prefix_error(error, "%s: ", reference->member);
            return false;
        }
    }
    return true;
}

static bool
check_references(Request *request, const Collection *collection, const json_t *values,
                 GError **error)
{
    for (size_t i = 0; i < collection->reference_count; i++) {
        const Reference *reference = &collection->references[i];
        if (!check_reference(request, reference, json_object_get(values, reference->member), error))
            return false;
    }
    return true;
}

/* Every operation is checked, not only the last one. */
static bool
check_patched_references(Request *request, const Collection *collection, const json_t *patch,
                         GError **error)
{
    for (size_t i = 0; i < collection->reference_count; i++) {
        const Reference *reference = &collection->references[i];
        size_t index;
        json_t *operation;
        json_array_foreach(patch, index, operation)
        {
            const char *path = json_string_member(operation, "path");
            if (*path == '/' && strcmp(path + 1, reference->member) == 0 &&
                !check_reference(request, reference, json_object_get(operation, "value"), error))
                return false;
        }
    }
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
    if (values == NULL || !collection_check_values(request, collection, values, error) ||
        (collection->check_create != NULL && !collection->check_create(request, values, error)) ||
        !check_references(request, collection, values, error))
        return ANSWER_FAILED;
    const char *node_uuid = json_string_member(values, "node_uuid");
    if (node_uuid == NULL)
        node_uuid = json_string_member(values, "node"); /* an allocation's name for it */
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
    bool pending = json_is_true(json_object_get(result, "pending"));
    const View *view =
        view_of(collection->resource, pending ? VIEW_CREATED : VIEW_DETAIL, request->version);
    return collection_write_item(request, collection, view, uuid, 201, error);
}

Answer
collection_patch(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    const Collection *collection = request->route->subject;
    if (!request_only_arguments(
            request, collection->patch_arguments != NULL ? collection->patch_arguments : none,
            error))
        return ANSWER_FAILED;
    const json_t *patch = request_json(request, JSON_ARRAY, error);
    g_auto(ItemBrief) brief = {0};
    if (patch == NULL ||
        !collection_find(request, collection, request->captures[0], &brief, error) ||
        !json_patch_check(collection->resource, patch, request->version, error) ||
        (collection->check_patch != NULL &&
         !collection->check_patch(request, &brief, patch, error)) ||
        !check_patched_references(request, collection, patch, error))
        return ANSWER_FAILED;
    /* the argument of nodes; other collections refuse it */
    bool reset = false;
    if (!request_boolean_argument(request, "reset_interfaces", &reset, error))
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
    return collection_write_item(request, collection,
                                 view_of(collection->resource, VIEW_DETAIL, request->version),
                                 request->subject, 200, error);
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
