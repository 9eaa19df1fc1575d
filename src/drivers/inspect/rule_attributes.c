/* What actions of inspection rules change, by paths; the contract is in rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/rules.h"
#include "model/names.h"

#include <string.h>

/* ---- paths ---- */

char **
rule_path(const char *path)
{
    const char *slash = strchr(path, '/');
    while (slash != NULL && *path == '/')
        path++;
    g_autofree char *inner = g_strdup(path);
    for (size_t end = strlen(inner); slash != NULL && end > 0 && inner[end - 1] == '/'; end--)
        inner[end - 1] = '\0';
    return g_strsplit(inner, slash != NULL ? "/" : ".", RULE_PATH_PARTS);
}

static bool
nowhere(const char *part, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "'%.80s' of the path leads nowhere", part);
}

/* ---- objects ---- */

/* The object that has the last key; what is missing on the way is made. Borrowed. */
static json_t *
descend(json_t *object, char **keys, GError **error)
{
    for (; keys[0] != NULL && keys[1] != NULL; keys++) {
        json_t *next = json_object_get(object, keys[0]);
        if (next == NULL) {
            json_object_set_new(object, keys[0], json_object());
            next = json_object_get(object, keys[0]);
        }
        if (!json_is_object(next)) {
            nowhere(keys[0], error);
            return NULL;
        }
        object = next;
    }
    return object;
}

static const char *
last_of(char **keys)
{
    while (keys[0] != NULL && keys[1] != NULL)
        keys++;
    return keys[0] != NULL ? keys[0] : "";
}

bool
rule_object_set(json_t *object, char **keys, json_t *value, GError **error)
{
    json_t *parent = descend(object, keys, error);
    return parent != NULL && json_object_set(parent, last_of(keys), value) == 0;
}

static bool
has_value(const json_t *list, const json_t *value)
{
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        if (json_equal(item, value))
            return true;
    }
    return false;
}

static bool
extend_list(json_t *list, const char *name, json_t *value, bool unique, GError **error)
{
    if (!json_is_array(list))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.80s' is no array to be extended", name);
    if (!unique || !has_value(list, value))
        json_array_append(list, value);
    return true;
}

bool
rule_object_extend(json_t *object, char **keys, json_t *value, bool unique, GError **error)
{
    json_t *parent = descend(object, keys, error);
    const char *name = last_of(keys);
    if (parent == NULL)
        return false;
    if (json_object_get(parent, name) == NULL)
        json_object_set_new(parent, name, json_array());
    return extend_list(json_object_get(parent, name), name, value, unique, error);
}

bool
rule_object_unset(json_t *object, char **keys)
{
    json_t *above = NULL, *parent = object;
    const char *parent_name = NULL;
    for (; keys[0] != NULL && keys[1] != NULL; keys++) {
        above = parent;
        parent_name = keys[0];
        parent = json_object_get(parent, keys[0]);
        if (!json_is_object(parent))
            return false;
    }
    if (json_object_get(parent, last_of(keys)) == NULL)
        return false;
    if (json_object_size(parent) == 1 && above != NULL)
        json_object_del(above, parent_name);
    else
        json_object_del(parent, last_of(keys));
    return true;
}

/* ---- records ---- */

/* The field that a path begins with, if rules may change it. */
static const Field *
field_of(const Resource *resource, char **parts, GError **error)
{
    const Field *field = parts[0] != NULL ? resource_field(resource, parts[0]) : NULL;
    if (field != NULL && field->flags & FIELD_PATCH && !(field->flags & FIELD_INTERNAL))
        return field;
    steel_fail(error, STEEL_ERROR_INVALID, "a rule cannot change '%.80s' of a %s",
               parts[0] != NULL ? parts[0] : "", resource->name);
    return NULL;
}

static bool
set_whole(const Resource *resource, void *record, const Field *field, const json_t *value,
          GError **error)
{
    if (field->type == FIELD_NAME && json_is_string(value) &&
        !node_name_valid(json_string_value(value), error))
        return false;
    if (field->type != FIELD_MAC || !json_is_string(value))
        return record_set(resource, record, field, value, error);
    g_autofree char *address = mac_address_normalize(json_string_value(value), error);
    json_auto_t *text = address != NULL ? json_string(address) : NULL;
    return text != NULL && record_set(resource, record, field, text, error);
}

/* A copy of the object or array in a field, to be changed and set; NULL with the error. */
static json_t *
copy_of(const void *record, const Field *field, json_type type, GError **error)
{
    json_t *copy = record_get(record, field);
    json_t *own = json_deep_copy(copy);
    json_decref(copy);
    if (own != NULL && json_typeof(own) == type)
        return own;
    json_decref(own);
    nowhere(field->name, error);
    return NULL;
}

bool
rule_attribute_set(const Resource *resource, void *record, const char *path, json_t *value,
                   GError **error)
{
    g_auto(GStrv) parts = rule_path(path);
    const Field *field = field_of(resource, parts, error);
    if (field == NULL)
        return false;
    if (parts[1] == NULL)
        return set_whole(resource, record, field, value, error);
    json_auto_t *object = copy_of(record, field, JSON_OBJECT, error);
    return object != NULL && rule_object_set(object, parts + 1, value, error) &&
           record_set(resource, record, field, object, error);
}

bool
rule_attribute_extend(const Resource *resource, void *record, const char *path, json_t *value,
                      bool unique, GError **error)
{
    g_auto(GStrv) parts = rule_path(path);
    const Field *field = field_of(resource, parts, error);
    if (field == NULL)
        return false;
    json_auto_t *whole = copy_of(record, field, parts[1] == NULL ? JSON_ARRAY : JSON_OBJECT, error);
    if (whole == NULL)
        return false;
    bool good = parts[1] == NULL ? extend_list(whole, field->name, value, unique, error)
                                 : rule_object_extend(whole, parts + 1, value, unique, error);
    return good && record_set(resource, record, field, whole, error);
}

/* Deletes the last key; false with the error if there is none. */
static bool
delete_key(json_t *object, char **keys, GError **error)
{
    for (; keys[0] != NULL && keys[1] != NULL; keys++)
        object = json_object_get(object, keys[0]);
    return json_object_del(object, last_of(keys)) == 0 || nowhere(last_of(keys), error);
}

bool
rule_attribute_delete(const Resource *resource, void *record, const char *path, GError **error)
{
    g_auto(GStrv) parts = rule_path(path);
    const Field *field = field_of(resource, parts, error);
    if (field == NULL)
        return false;
    if (parts[1] == NULL)
        return record_set(resource, record, field, NULL, error);
    json_auto_t *object = copy_of(record, field, JSON_OBJECT, error);
    return object != NULL && delete_key(object, parts + 1, error) &&
           record_set(resource, record, field, object, error);
}
