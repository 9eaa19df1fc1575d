/* Lists, single items, changes: the requests and their answers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/requests.h"
#include "cli/body.h"
#include "cli/field_label.h"
#include "cli/nouns.h"
#include "cli/output.h"
#include "cli/session.h"
#include "common/http_client.h"
#include "common/python_text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

json_t *
request_get(Context *context, const char *path, GError **error)
{
    return session_call(context->session, "GET", path, NULL, error);
}

bool
request_send(Context *context, const char *method, const char *path, const json_t *body,
             GError **error)
{
    json_auto_t *answer = session_call(context->session, method, path, body, error);
    return answer != NULL;
}

/* Appends the members of page[collection], up to `limit` in total; 0: all. */
static void
take_page(json_t *items, const json_t *page, const char *collection, size_t limit)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(page, collection), i, item)
    {
        if (limit == 0 || json_array_size(items) < limit)
            json_array_append(items, item);
    }
}

json_t *
request_items(Context *context, const char *path, const char *collection, GError **error)
{
    if (arguments_has(context->arguments, "--limit"))
        return request_pages(context, path, collection,
                             (size_t)arguments_number(context->arguments, "--limit", 0), error);
    json_auto_t *items = json_array();
    json_auto_t *page = request_get(context, path, error);
    if (page == NULL)
        return NULL;
    take_page(items, page, collection, 0);
    return json_incref(items);
}

json_t *
request_pages(Context *context, const char *path, const char *collection, size_t limit,
              GError **error)
{
    json_auto_t *items = json_array();
    g_autofree char *next = g_strdup(path);
    while (next != NULL) {
        json_auto_t *page = request_get(context, next, error);
        if (page == NULL)
            return NULL;
        size_t before = json_array_size(items);
        take_page(items, page, collection, limit);
        const char *url = json_string_value(json_object_get(page, "next"));
        bool done = url == NULL || json_array_size(items) == before ||
                    (limit > 0 && json_array_size(items) >= limit);
        g_free(next);
        next = done ? NULL : session_local_path(context->session, url);
    }
    return json_incref(items);
}

char *
requested_fields(const Context *context)
{
    const GPtrArray *names = arguments_values(context->arguments, "--fields");
    if (names == NULL)
        return NULL;
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
                               (const char *)g_ptr_array_index(names, i));
    return g_string_free(text, false);
}

GPtrArray *
list_columns(const Context *context, const Noun *noun)
{
    GPtrArray *columns = g_ptr_array_new();
    const GPtrArray *names = arguments_values(context->arguments, "--fields");
    for (guint i = 0; names != NULL && i < names->len; i++)
        g_ptr_array_add(columns, g_ptr_array_index(names, i));
    const char *const *column =
        arguments_has(context->arguments, "--long") ? noun->detailed_columns : noun->columns;
    for (; names == NULL && *column != NULL; column++)
        g_ptr_array_add(columns, (void *)(uintptr_t)*column);
    return columns;
}

void
list_items(Context *context, const Noun *noun, const GPtrArray *columns, json_t *items)
{
    /* A column chosen by --fields has its usual heading, as in the reference client. */
    bool chosen = arguments_has(context->arguments, "--fields");
    bool ports = noun == &port_noun;
    Listing *listing = listing_new(false);
    for (guint i = 0; i < columns->len; i++) {
        const char *label =
            field_label(g_ptr_array_index(columns, i), chosen ? NULL : noun->labels);
        g_ptr_array_add(listing->columns, g_strdup(label));
    }
    size_t index;
    json_t *item;
    json_array_foreach(items, index, item)
    {
        json_t *row = json_array();
        for (guint i = 0; i < columns->len; i++) {
            const char *column = g_ptr_array_index(columns, i);
            json_t *value = json_object_get(item, column);
            if (value == NULL) {
                json_array_append_new(row, json_string(""));
            } else if (ports && json_is_object(value) && strcmp(column, "extra") == 0) {
                g_autofree char *text = python_format_dict(value);
                json_array_append_new(row, json_string(text));
            } else {
                json_array_append(row, value);
            }
        }
        json_array_append_new(listing->rows, row);
    }
    context->listing = listing;
}

typedef struct SortKey {
    const char *field;
    int sign;
} SortKey;

static int
compare_items(const void *left, const void *right, void *user)
{
    const SortKey *key = user;
    json_t *const *items[] = {left, right};
    return key->sign * json_compare(json_object_get(*items[0], key->field),
                                    json_object_get(*items[1], key->field));
}

static bool
sort_by(GPtrArray *items, char *key, GError **error)
{
    char *direction = strchr(key, ':');
    if (direction != NULL)
        *direction++ = '\0';
    if (direction != NULL && strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--sort: the direction of %s is asc or desc, not \"%s\"", key, direction);
    for (guint i = 0; i < items->len; i++) {
        if (json_object_get(g_ptr_array_index(items, i), key) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "--sort: there is no field \"%s\" in the answer", key);
    }
    SortKey by = {.field = key, .sign = g_strcmp0(direction, "desc") == 0 ? -1 : 1};
    g_ptr_array_sort_with_data(items, compare_items, &by);
    return true;
}

bool
sort_items(json_t *items, const char *keys, GError **error)
{
    g_auto(GStrv) list = g_strsplit(keys, ",", -1);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) g_ptr_array_add(sorted, json_incref(item));
    for (guint at = g_strv_length(list); at-- > 0;) { /* the first key decides, so it sorts last */
        if (!sort_by(sorted, list[at], error))
            return false;
    }
    json_array_clear(items);
    for (guint at = 0; at < sorted->len; at++)
        json_array_append(items, g_ptr_array_index(sorted, at));
    return true;
}

void
show_object(Context *context, const Noun *noun, json_t *object)
{
    const char *const *hidden = noun != NULL ? noun->hidden : NULL;
    for (; hidden != NULL && *hidden != NULL; hidden++)
        json_object_del(object, *hidden);
    context->listing = listing_from_object(object);
    json_decref(object);
}

void
show_columns(Context *context, const Noun *noun, json_t *object)
{
    json_t *shown = json_object();
    for (const char *const *column = noun->detailed_columns; *column != NULL; column++) {
        json_t *value = json_object_get(object, *column);
        json_object_set_new(shown, *column, value != NULL ? json_incref(value) : json_string(""));
    }
    show_object(context, noun, shown);
}

void
show_always(const Noun *noun, const char *fields, json_t *object)
{
    const char *field = noun != NULL ? noun->always_shown : NULL;
    if (field == NULL || json_object_get(object, field) != NULL)
        return;
    if (fields == NULL || strstr(fields, field) != NULL)
        json_object_set_new(object, field, json_string(""));
}

bool
show_by_query(Context *context, const Noun *noun, const char *filter, GError **error)
{
    g_autofree char *fields = requested_fields(context);
    g_autoptr(GString) path = g_string_new(noun->path);
    if (fields == NULL)
        g_string_append(path, "/detail");
    query_append(path, filter, arguments_positional(context->arguments, 0));
    if (fields != NULL)
        query_append(path, "fields", fields);
    json_auto_t *answer = request_get(context, path->str, error);
    if (answer == NULL)
        return false;
    json_t *items = json_object_get(answer, noun->collection);
    if (json_array_size(items) != 1)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "There is no %s whose %s is %s (HTTP 404)",
                          noun->word, filter, arguments_positional(context->arguments, 0));
    json_t *object = json_incref(json_array_get(items, 0));
    show_always(noun, fields, object);
    show_object(context, noun, object);
    return true;
}

bool
for_each_positional(Context *context, guint first,
                    bool (*one)(Context *context, const char *name, GError **error), GError **error)
{
    g_autoptr(GString) failures = g_string_new(NULL);
    int code = STEEL_ERROR_HTTP;
    for (guint i = first; i < arguments_positional_count(context->arguments); i++) {
        g_autoptr(GError) cause = NULL;
        if (one(context, arguments_positional(context->arguments, i), &cause))
            continue;
        g_string_append_printf(failures, "%s%s", failures->len > 0 ? "\n" : "", cause->message);
        code = cause->code;
    }
    return failures->len == 0 || steel_fail(error, (SteelErrorCode)code, "%s", failures->str);
}
