/* Limits on the size of records; the contract is in record_size.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/record_size.h"

#include <string.h>

static int
count_bytes(const char *text, size_t size, void *total)
{
    (void)text;
    *(size_t *)total += size;
    return 0;
}

size_t
json_size(const json_t *value)
{
    size_t size = 0;
    if (value != NULL)
        json_dump_callback(value, count_bytes, &size, JSON_COMPACT | JSON_ENCODE_ANY);
    return size;
}

static size_t
object_size(const json_t *value)
{
    static const char drive[] = "configdrive";
    const json_t *counted = json_object_get(value, drive);
    return json_size(value) - json_size(counted);
}

/* Bytes of a field; 0 if its type or a limit of its own keeps it small. */
static size_t
field_size(const Field *field, const void *record)
{
    if (record == NULL || field->type == FIELD_COMPUTED)
        return 0;
    if (field_is_json(field))
        return object_size(*(json_t **)field_member(field, record));
    const char *text = field->type == FIELD_STRING && field->limit == 0
                           ? *(char **)field_member(field, record)
                           : NULL;
    return text != NULL ? strlen(text) : 0;
}

bool
record_size_check(const Resource *resource, const void *record, const void *original,
                  const SizeLimits *limits, GError **error)
{
    size_t total = 0, before = 0, largest_size = 0;
    const char *largest = "";
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        size_t size = field_size(field, record), size_before = field_size(field, original);
        if (size > limits->field && size > size_before)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "%s: it would take %zu bytes, more than the %zu that one field may "
                              "([api]max_field_size)",
                              field->name, size, limits->field);
        if (size > largest_size) {
            largest_size = size;
            largest = field->name;
        }
        total += size;
        before += size_before;
    }
    return total <= limits->record || total <= before ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the %s would take %zu bytes, more than the %zu that all its fields together "
                      "may ([api]max_record_size); its largest field is %s with %zu",
                      resource->name, total, limits->record, largest, largest_size);
}
