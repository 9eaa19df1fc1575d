/* JSON Patch on records; the contract is in json_patch.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/json_patch.h"

#include <string.h>

enum { ESCAPES_SINCE = 98 };

/* A key as RFC 6901 writes it, in place: ~1 is /, and ~0 is ~. Paths of older versions have no
 * ~. */
static void
unescape(char *segment)
{
    char *out = segment;
    for (const char *p = segment; *p != '\0'; p++) {
        bool escape = *p == '~' && (p[1] == '0' || p[1] == '1');
        p += escape;
        *out++ = !escape ? *p : *p == '0' ? '~' : '/';
    }
    *out = '\0';
}

static const char *
operation_path(const json_t *operation)
{
    return json_string_member(operation, "path");
}

static bool
is_removal(const json_t *operation)
{
    return g_strcmp0(json_string_member(operation, "op"), "remove") == 0;
}

/* ^(/[\w-]+)+$ with Unicode's \w: bytes of multi-byte characters count as letters. From 1.98 on a
 * key may have ~0 for ~ and ~1 for /. */
static bool
path_valid(const char *path, unsigned minor_version)
{
    if (*path != '/')
        return false;
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '/' && (p[1] == '/' || p[1] == '\0'))
            return false;
        bool escape = *p == '~' && minor_version >= ESCAPES_SINCE && (p[1] == '0' || p[1] == '1');
        if (!escape && *p != '/' && *p != '_' && *p != '-' && !g_ascii_isalnum(*p) && !(*p & 0x80))
            return false;
    }
    return true;
}

/* The field that the path's first segment names, or NULL. */
static const Field *
root_field(const Resource *resource, const char *path, unsigned version)
{
    const char *end = strchr(path + 1, '/');
    g_autofree char *name = end != NULL ? g_strndup(path + 1, (gsize)(end - path - 1)) : NULL;
    return resource_field_at(resource, name != NULL ? name : path + 1, version);
}

static bool
members_valid(const json_t *operation, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)operation, key, value)
    {
        if (strcmp(key, "op") != 0 && strcmp(key, "path") != 0 && strcmp(key, "value") != 0)
            return steel_fail(
                error, STEEL_ERROR_PATCH,
                "'%.80s' is not a member of a patch operation: op, path and value are", key);
    }
    return true;
}

static bool
form_valid(const json_t *operation, unsigned minor_version, GError **error)
{
    if (!json_is_object(operation))
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "each operation of a patch must be an object with op, path and value");
    const char *op = json_string_member(operation, "op");
    const char *path = operation_path(operation);
    if (op == NULL ||
        (strcmp(op, "add") != 0 && strcmp(op, "replace") != 0 && strcmp(op, "remove") != 0))
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "'%.40s' is not an operation of a patch: add, replace and remove are",
                          op != NULL ? op : "(none)");
    if (path == NULL || !path_valid(path, minor_version))
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "'%.120s' is not a path of a patch: /field or /field/key, of letters, "
                          "digits, _ and -",
                          path != NULL ? path : "(none)");
    if (strcmp(op, "remove") != 0 && json_object_get(operation, "value") == NULL)
        return steel_fail(error, STEEL_ERROR_PATCH, "%s of %.120s needs a value", op, path);
    return members_valid(operation, error);
}

/* The fields that PATCH may change at this version, for the message of a refusal. */
static char *
legal_fields(const Resource *resource, unsigned minor_version)
{
    GString *names = g_string_new(NULL);
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field->flags & FIELD_PATCH && field_is_shown(field, minor_version))
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", field->name);
    }
    return g_string_free(names, FALSE);
}

static bool
target_valid(const Resource *resource, const json_t *operation, unsigned minor_version,
             GError **error)
{
    const char *path = operation_path(operation);
    const Field *field = root_field(resource, path, minor_version);
    if (field == NULL || field->flags & FIELD_INTERNAL || !(field->flags & FIELD_PATCH)) {
        g_autofree char *legal = legal_fields(resource, minor_version);
        return steel_fail(error, STEEL_ERROR_PATCH, "'%.120s' of a %s %s; these can be changed: %s",
                          path, resource->name,
                          field == NULL || field->flags & FIELD_INTERNAL
                              ? "does not exist"
                              : "is an internal attribute and can "
                                "not be changed by a patch",
                          legal);
    }
    if (!field_is_shown(field, minor_version))
        return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                          "%s of a %s exists from API version 1.%u, the request asks for 1.%u",
                          field->name, resource->name, field->since, minor_version);
    if (strchr(path + 1, '/') != NULL && !field_is_json(field))
        return steel_fail(error, STEEL_ERROR_PATCH, "'%.120s' leads into %s, which is %s", path,
                          field->name, field_type_words(field->type));
    if (path[1 + strlen(field->name)] == '\0' && field->flags & FIELD_NOT_NULL &&
        is_removal(operation))
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "'%s' is a mandatory attribute of a %s and can not be removed", path,
                          resource->name);
    return true;
}

bool
json_patch_check(const Resource *resource, const json_t *patch, unsigned minor_version,
                 GError **error)
{
    if (!json_is_array(patch))
        return steel_fail(error, STEEL_ERROR_PATCH,
                          "the body must be a JSON patch: an array of operations");
    size_t index;
    json_t *operation;
    json_array_foreach(patch, index, operation)
    {
        if (!form_valid(operation, minor_version, error) ||
            !target_valid(resource, operation, minor_version, error)) {
            g_prefix_error(error, "patch operation %zu: ", index + 1);
            return false;
        }
    }
    return true;
}

static bool
nowhere(const char *path, GError **error)
{
    return steel_fail(error, STEEL_ERROR_PATCH,
                      "'%.120s' does not exist: nothing of that name can be changed", path);
}

/* An index of an array: decimal digits without leading zeros, below `bound`. */
static bool
array_index(const char *segment, size_t bound, size_t *index)
{
    size_t number = 0, length = strlen(segment);
    if (length == 0 || length > 9 || (segment[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isdigit(segment[i]))
            return false;
        number = number * 10 + (size_t)(segment[i] - '0');
    }
    *index = number;
    return number < bound;
}

/* The value below a container, borrowed, or NULL. */
static json_t *
child(json_t *container, const char *segment)
{
    size_t index;
    if (json_is_object(container))
        return json_object_get(container, segment);
    if (json_is_array(container) && array_index(segment, json_array_size(container), &index))
        return json_array_get(container, index);
    return NULL;
}

static bool
change_array(json_t *array, const char *segment, const json_t *operation, GError **error)
{
    const char *op = json_string_member(operation, "op");
    json_t *value = json_object_get(operation, "value");
    size_t size = json_array_size(array), index = size;
    bool adding = strcmp(op, "add") == 0;
    bool appending = adding && strcmp(segment, "-") == 0;
    if (!appending && !array_index(segment, size + adding, &index))
        return nowhere(operation_path(operation), error);
    if (adding)
        json_array_insert_new(array, index, json_deep_copy(value));
    else if (strcmp(op, "replace") == 0)
        json_array_set_new(array, index, json_deep_copy(value));
    else
        json_array_remove(array, index);
    return true;
}

static bool
change_object(json_t *object, const char *segment, const json_t *operation, GError **error)
{
    const char *op = json_string_member(operation, "op");
    if (strcmp(op, "replace") == 0 && json_object_get(object, segment) == NULL)
        return nowhere(operation_path(operation), error);
    /* RFC 6902 refuses to remove an absent key. Here it succeeds, since operators unset keys to be
     * sure that they are absent ("node unset --instance-info image_source"). */
    if (strcmp(op, "remove") == 0)
        json_object_del(object, segment);
    else
        json_object_set_new(object, segment, json_deep_copy(json_object_get(operation, "value")));
    return true;
}

static bool
apply_nested(void *record, const Field *field, const json_t *operation, GError **error)
{
    const char *path = operation_path(operation);
    if (!field_is_json(field))
        return nowhere(path, error);
    json_t *container = *(json_t **)field_member(field, record);
    g_auto(GStrv) segments = g_strsplit(path + 1, "/", -1);
    guint last = g_strv_length(segments) - 1;
    for (guint i = 1; i <= last; i++)
        unescape(segments[i]);
    for (guint i = 1; i < last && container != NULL; i++)
        container = child(container, segments[i]);
    if (json_is_array(container))
        return change_array(container, segments[last], operation, error);
    if (json_is_object(container))
        return change_object(container, segments[last], operation, error);
    return nowhere(path, error);
}

static bool
apply_root(const Resource *resource, void *record, const Field *field, const json_t *operation,
           GError **error)
{
    const json_t *value = json_object_get(operation, "value");
    if (is_removal(operation)) {
        if (field->flags & FIELD_NOT_NULL)
            return steel_fail(error, STEEL_ERROR_PATCH,
                              "'/%s' is a mandatory attribute of a %s and can not be removed",
                              field->name, resource->name);
        value = NULL;
    }
    return record_set(resource, record, field, value, error);
}

static bool
apply_all(const Resource *resource, void *record, const json_t *patch, GError **error)
{
    size_t index;
    json_t *operation;
    json_array_foreach(patch, index, operation)
    {
        const char *path = operation_path(operation);
        const Field *field =
            path != NULL && *path == '/' ? root_field(resource, path, UINT_MAX) : NULL;
        if (field == NULL || json_string_member(operation, "op") == NULL)
            return nowhere(path != NULL ? path : "(no path)", error);
        bool applied = strchr(path + 1, '/') != NULL
                           ? apply_nested(record, field, operation, error)
                           : apply_root(resource, record, field, operation, error);
        if (!applied) {
            g_prefix_error(error, "patch operation %zu: ", index + 1);
            return false;
        }
    }
    return true;
}

bool
json_patch_apply(const Resource *resource, void *record, const json_t *patch, GError **error)
{
    void *changed = record_copy(resource, record);
    if (!apply_all(resource, changed, patch, error)) {
        record_free(resource, changed);
        return false;
    }
    /* Swaps the two structs, with everything that they own. */
    g_autofree void *previous = g_memdup2(record, resource->size);
    memcpy(record, changed, resource->size);
    memcpy(changed, previous, resource->size);
    record_free(resource, changed);
    return true;
}

/* 0 if the path is of another field, 1 if it is the whole field, 2 if it is a part of the field. */
static int
reaches(const json_t *operation, const char *field)
{
    const char *path = operation_path(operation);
    size_t length = strlen(field);
    if (path == NULL || *path != '/' || strncmp(path + 1, field, length) != 0)
        return 0;
    return path[1 + length] == '\0' ? 1 : path[1 + length] == '/' ? 2 : 0;
}

bool
json_patch_touches(const json_t *patch, const char *field)
{
    size_t index;
    json_t *operation;
    json_array_foreach(patch, index, operation) if (reaches(operation, field) > 0) return true;
    return false;
}

bool
json_patch_clears(const json_t *patch, const char *field)
{
    size_t index;
    json_t *operation;
    json_array_foreach(patch, index, operation)
    {
        if (reaches(operation, field) == 1 &&
            (is_removal(operation) || json_is_null(json_object_get(operation, "value"))))
            return true;
    }
    return false;
}

const json_t *
json_patch_value(const json_t *patch, const char *field)
{
    const json_t *value = NULL;
    size_t index;
    json_t *operation;
    json_array_foreach(patch, index, operation)
    {
        if (reaches(operation, field) == 1)
            value = is_removal(operation) ? NULL : json_object_get(operation, "value");
    }
    return value;
}
