/* Records driven by field tables; the contract is in resource.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/resource.h"

#include "common/uuid.h"
#include "model/names.h"

#include <string.h>

const Field *
resource_field(const Resource *resource, const char *name)
{
    for (size_t i = 0; i < resource->field_count; i++)
        if (strcmp(resource->fields[i].name, name) == 0)
            return &resource->fields[i];
    return NULL;
}

const Field *
resource_field_at(const Resource *resource, const char *name, unsigned version)
{
    const Field *field = resource_field(resource, name);
    if (field == NULL || !version_knows(version, field->since))
        return NULL;
    return field->flags & FIELD_UNKNOWN_BEFORE && field->since > version ? NULL : field;
}

static char **
text_member(const Field *field, const void *record)
{
    return field_member(field, record);
}

static json_t **
json_member(const Field *field, const void *record)
{
    return field_member(field, record);
}

void *
record_new(const Resource *resource)
{
    void *record = g_malloc0(resource->size);
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field->type == FIELD_TRISTATE)
            *(int8_t *)field_member(field, record) = -1;
        else if (field->flags & FIELD_NULLABLE)
            *(int64_t *)field_member(field, record) = INTEGER_NULL;
        else if (field_is_json(field))
            *json_member(field, record) =
                field->type == FIELD_OBJECT ? json_object() : json_array();
    }
    return record;
}

void
record_free(const Resource *resource, void *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        if (field_is_text(field))
            g_free(*text_member(field, record));
        else if (field_is_json(field))
            json_decref(*json_member(field, record));
    }
    g_free(record);
}

void
record_copy_field(const Field *field, const void *from, void *to)
{
    if (field_is_text(field)) {
        record_set_text(text_member(field, to), *text_member(field, from));
    } else if (field_is_json(field)) {
        json_t *copy = json_deep_copy(*json_member(field, from));
        json_decref(*json_member(field, to));
        *json_member(field, to) = copy;
    } else if (field->type == FIELD_INTEGER) {
        *(int64_t *)field_member(field, to) = *(int64_t *)field_member(field, from);
    } else if (field->type == FIELD_BOOLEAN) {
        *(bool *)field_member(field, to) = *(bool *)field_member(field, from);
    } else if (field->type == FIELD_TRISTATE) {
        *(int8_t *)field_member(field, to) = *(int8_t *)field_member(field, from);
    }
}

void *
record_copy(const Resource *resource, const void *record)
{
    void *copy = record_new(resource);
    for (size_t i = 0; i < resource->field_count; i++)
        record_copy_field(&resource->fields[i], record, copy);
    return copy;
}

bool
record_same(const Field *field, const void *a, const void *b)
{
    if (field_is_text(field))
        return g_strcmp0(*text_member(field, a), *text_member(field, b)) == 0;
    if (field_is_json(field))
        return json_equal(*json_member(field, a), *json_member(field, b));
    if (field->type == FIELD_INTEGER)
        return *(int64_t *)field_member(field, a) == *(int64_t *)field_member(field, b);
    if (field->type == FIELD_BOOLEAN)
        return *(bool *)field_member(field, a) == *(bool *)field_member(field, b);
    if (field->type == FIELD_TRISTATE)
        return *(int8_t *)field_member(field, a) == *(int8_t *)field_member(field, b);
    return true;
}

void
record_set_text(char **member, const char *text)
{
    char *copy = g_strdup(text); /* first, since text may be part of the old value */
    g_free(*member);
    *member = copy;
}

const char *
field_type_words(FieldType type)
{
    static const char *const words[] = {
        [FIELD_STRING] = "a string",       [FIELD_UUID] = "a UUID",
        [FIELD_NAME] = "a name",           [FIELD_MAC] = "a MAC address",
        [FIELD_TIME] = "an ISO 8601 time", [FIELD_INTEGER] = "an integer",
        [FIELD_BOOLEAN] = "a boolean",     [FIELD_TRISTATE] = "a boolean or null",
        [FIELD_OBJECT] = "an object",      [FIELD_ARRAY] = "an array",
        [FIELD_COMPUTED] = "computed",
    };
    return words[type];
}

static bool
wrong_type(const Field *field, const json_t *value, GError **error)
{
    if (field->flags & FIELD_SECRETS) /* the new value may be a part of the old one */
        return steel_fail(error, STEEL_ERROR_INVALID, "%s must be %s", field->name,
                          field_type_words(field->type));
    g_autofree char *text = json_text_dump(value);
    return steel_fail(error, STEEL_ERROR_INVALID, "%s must be %s, not %.80s%s", field->name,
                      field_type_words(field->type), text, strlen(text) > 80 ? "..." : "");
}

/* A text of a type with rules, normalized and checked; the caller frees. NULL with the error
 * set. */
static char *
checked_text(const Field *field, const json_t *value, GError **error)
{
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) != json_string_length(value)) {
        wrong_type(field, value, error);
        return NULL;
    }
    if (field->limit > 0 && g_utf8_strlen(text, -1) > (glong)field->limit) {
        steel_fail(error, STEEL_ERROR_INVALID, "%s may have at most %u characters, this has %ld",
                   field->name, field->limit, g_utf8_strlen(text, -1));
        return NULL;
    }
    if (field->type == FIELD_UUID && !uuid_valid(text)) {
        steel_fail(error, STEEL_ERROR_INVALID, "%s must be a UUID, not '%.80s'", field->name, text);
        return NULL;
    }
    if (field->type == FIELD_NAME && !node_name_valid(text, error))
        return NULL;
    if (field->type == FIELD_MAC)
        return mac_address_normalize(text, error);
    bool fold = field->type == FIELD_UUID || field->flags & FIELD_LOWER;
    return fold ? g_ascii_strdown(text, -1) : g_strdup(text);
}

static bool
set_text(void *record, const Field *field, const json_t *value, GError **error)
{
    char *text = checked_text(field, value, error);
    if (text == NULL)
        return false;
    g_free(*text_member(field, record));
    *text_member(field, record) = text;
    return true;
}

static bool
boolean_value(const Field *field, const json_t *value, bool *out, GError **error)
{
    bool form = json_is_boolean(value) || !(field->flags & FIELD_STRICT);
    return (form && json_read_boolean(value, out)) || wrong_type(field, value, error);
}

static bool
set_number(void *record, const Field *field, const json_t *value, GError **error)
{
    int64_t number = INTEGER_NULL;
    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else {
        json_t *wrapper = json_pack("{s:O}", "v", value);
        json_integer_member(wrapper, "v", &number);
        json_decref(wrapper);
    }
    if (number == INTEGER_NULL)
        return wrong_type(field, value, error);
    *(int64_t *)field_member(field, record) = number;
    return true;
}

static bool
set_json(void *record, const Field *field, const json_t *value, GError **error)
{
    bool right = field->type == FIELD_OBJECT ? json_is_object(value) : json_is_array(value);
    if (!right)
        return wrong_type(field, value, error);
    json_t *copy = json_deep_copy(value);
    json_decref(*json_member(field, record));
    *json_member(field, record) = copy;
    return true;
}

static void
clear(void *record, const Field *field)
{
    if (field_is_text(field)) {
        record_set_text(text_member(field, record), NULL);
    } else if (field_is_json(field)) {
        json_decref(*json_member(field, record));
        *json_member(field, record) = field->type == FIELD_OBJECT ? json_object() : json_array();
    } else if (field->type == FIELD_INTEGER) {
        *(int64_t *)field_member(field, record) = field->flags & FIELD_NULLABLE ? INTEGER_NULL : 0;
    } else if (field->type == FIELD_BOOLEAN) {
        *(bool *)field_member(field, record) = false;
    } else if (field->type == FIELD_TRISTATE) {
        *(int8_t *)field_member(field, record) = -1;
    }
}

bool
record_set(const Resource *resource, void *record, const Field *field, const json_t *value,
           GError **error)
{
    if (value == NULL || json_is_null(value)) {
        if (value != NULL && field->flags & FIELD_NOT_NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "%s of a %s may not be null", field->name,
                              resource->name);
        if (field->absent == NULL) {
            clear(record, field);
            return true;
        }
        json_t *standard = json_text_parse(field->absent, strlen(field->absent), 0, error);
        bool set = standard != NULL && record_set(resource, record, field, standard, error);
        json_decref(standard);
        return set;
    }
    if (field_is_text(field))
        return set_text(record, field, value, error);
    if (field_is_json(field))
        return set_json(record, field, value, error);
    if (field->type == FIELD_INTEGER)
        return set_number(record, field, value, error);
    bool truth = false;
    if (field->type == FIELD_COMPUTED || !boolean_value(field, value, &truth, error))
        return field->type == FIELD_COMPUTED
                   ? steel_fail(error, STEEL_ERROR_INVALID, "%s cannot be set", field->name)
                   : false;
    if (field->type == FIELD_BOOLEAN)
        *(bool *)field_member(field, record) = truth;
    else
        *(int8_t *)field_member(field, record) = truth;
    return true;
}

json_t *
record_get(const void *record, const Field *field)
{
    if (field_is_text(field)) {
        const char *text = *text_member(field, record);
        return text != NULL ? json_string(text) : json_null();
    }
    if (field_is_json(field))
        return json_deep_copy(*json_member(field, record));
    if (field->type == FIELD_INTEGER) {
        int64_t number = *(int64_t *)field_member(field, record);
        return number == INTEGER_NULL ? json_null() : json_integer(number);
    }
    if (field->type == FIELD_BOOLEAN)
        return json_boolean(*(bool *)field_member(field, record));
    if (field->type == FIELD_TRISTATE) {
        int8_t value = *(int8_t *)field_member(field, record);
        return value < 0 ? json_null() : json_boolean(value);
    }
    return json_null();
}

const char *
record_text(const Resource *resource, const void *record, const char *name)
{
    const Field *field = resource_field(resource, name);
    return field != NULL ? *text_member(field, record) : NULL;
}
