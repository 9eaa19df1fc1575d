/* Lists: one database query from the request's arguments, and the answer from its rows. The
 * contract is in collection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"
#include "api/collection.h"
#include "api/internal.h"
#include "api/render.h"
#include "api/router.h"
#include "common/uuid.h"

#include <string.h>

static bool
is_known_argument(const Collection *collection, const char *name, unsigned version)
{
    static const char *const common[] = {"limit",    "marker", "sort_key",
                                         "sort_dir", "fields", "detail"};
    for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
        if (strcmp(common[i], name) == 0)
            return true;
    for (size_t i = 0; i < collection->filter_count; i++)
        if (strcmp(collection->filters[i].argument, name) == 0)
            return version_knows(version, collection->filters[i].since);
    return false;
}

static bool
check_arguments(const ListCall *call, GError **error)
{
    const Request *request = call->request;
    for (size_t i = 0; i < request->argument_count; i++) {
        const char *name = request->arguments[i].name;
        if (is_known_argument(call->collection, name, request->version))
            continue;
        g_autoptr(GString) legal =
            g_string_new("fields, detail, limit, marker, sort_key, sort_dir");
        for (size_t k = 0; k < call->collection->filter_count; k++)
            if (version_knows(request->version, call->collection->filters[k].since))
                g_string_append_printf(legal, ", %s", call->collection->filters[k].argument);
        return steel_fail(error, STEEL_ERROR_INVALID, "Unexpected arguments: %.80s; known are: %s",
                          name, legal->str);
    }
    return true;
}

static bool
read_limit(ListCall *call, GError **error)
{
    int64_t most = config_integer(config_current(), OPT_API_MAX_LIMIT);
    const char *text = request_argument(call->request, "limit");
    call->limit = (unsigned)most;
    if (text == NULL)
        return true;
    char *end = NULL;
    gint64 limit = g_ascii_strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "Expected an integer for limit: %.80s", text);
    if (limit <= 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Limit must be positive, not %.20s; leave it out for up to %d items",
                          text, (int)most);
    call->limit = (unsigned)MIN(limit, most);
    return true;
}

static bool
is_sortable(const Field *field)
{
    bool hidden = field->flags & FIELD_INTERNAL && !(field->flags & FIELD_SORTABLE);
    return field->type != FIELD_COMPUTED && !field_is_json(field) && !hidden &&
           !(field->flags & FIELD_UNSORTABLE);
}

static bool
read_sort(ListCall *call, GError **error)
{
    const char *key = request_argument(call->request, "sort_key");
    const char *direction = request_argument(call->request, "sort_dir");
    const Resource *resource = call->collection->resource;
    if (key != NULL && *key == '\0')
        key = NULL;
    if (direction != NULL && strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid sort direction: %.40s. Acceptable values are 'asc' or 'desc'",
                          direction);
    call->query.descending = direction != NULL && strcmp(direction, "desc") == 0;
    if (key == NULL && call->collection->order != NULL)
        call->query.sort = resource_field(resource, call->collection->order);
    if (key == NULL || strcmp(key, "id") == 0)
        return true;
    const Field *field = resource_field_at(resource, key, call->request->version);
    if (field == NULL || !is_sortable(field) ||
        !version_knows(call->request->version, field->since))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "The sort_key value \"%.80s\" is an invalid field for sorting", key);
    if (field->since > call->request->version)
        return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                          "sort_key %s exists from API version 1.%u, the request asks for 1.%u",
                          key, field->since, call->request->version);
    call->query.sort = field;
    return true;
}

static bool
read_view(ListCall *call, bool detail, GError **error)
{
    const Request *request = call->request;
    const Collection *collection = call->collection;
    const char *fields = request_argument(request, "fields");
    const char *asked = request_argument(request, "detail");
    bool wants_detail = detail;
    if (asked != NULL && request->version < collection->detail_since)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid query parameter ?detail=%.20s received; it exists from API "
                          "version 1.%u",
                          asked, collection->detail_since);
    if (!request_boolean_argument(request, "detail", &wants_detail, error))
        return false;
    wants_detail = wants_detail || detail;
    if (fields != NULL) {
        if (wants_detail)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "Can not specify ?detail=True and fields in the same request.");
        if (!request_needs(request, MAX(8, collection->since), "the argument 'fields'", error))
            return false;
        call->own_view = view_of_fields(collection->resource, fields, request->version, error);
        call->view = call->own_view;
        return call->view != NULL;
    }
    call->view = view_of(collection->resource,
                         wants_detail || collection->always_detail ? VIEW_DETAIL : VIEW_LIST,
                         request->version);
    return true;
}

static bool
read_filters(ListCall *call, GError **error)
{
    const Collection *collection = call->collection;
    for (size_t i = 0; i < collection->filter_count; i++) {
        const ListFilter *filter = &collection->filters[i];
        const char *value = request_argument(call->request, filter->argument);
        if (value == NULL)
            continue;
        if (call->request->version < filter->since)
            return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                              "the filter %s exists from API version 1.%u, the request asks for "
                              "1.%u",
                              filter->argument, filter->since, call->request->version);
        if (!filter->add(call, filter, value, error))
            return false;
    }
    if (collection->narrow != NULL)
        collection->narrow(call);
    call->query.ownership = collection->ownership;
    call->query.project = policy_list_project(call->request);
    return true;
}

/* Writes the rows, and notes if there is one more than the page holds. */
typedef struct ListWriter {
    const ListCall *call;
    Renderer renderer;
    unsigned count;
    bool more;
    char *last_key;
} ListWriter;

static bool
belongs_to_conductor(const ListWriter *writer, const DbRow *row)
{
    const View *view = writer->call->view;
    const char *host =
        hash_ring_host(writer->renderer.ring, db_row_text(row, view->group, NULL),
                       db_row_text(row, view->driver, NULL), db_row_text(row, view->key, NULL));
    return g_strcmp0(host, writer->call->conductor) == 0;
}

static bool
write_item(const DbRow *row, void *user_data)
{
    ListWriter *writer = user_data;
    if (writer->call->conductor != NULL && !belongs_to_conductor(writer, row))
        return true;
    if (writer->count == writer->call->limit) {
        writer->more = true;
        return false;
    }
    if (writer->count++ > 0)
        g_string_append_c(writer->renderer.out, ',');
    render_row(&writer->renderer, row);
    if (writer->count == writer->call->limit)
        writer->last_key = g_strdup(db_row_text(row, writer->call->view->key, NULL));
    return true;
}

/* The URL of the next page: the same request with another marker. */
static void
append_next(const ListWriter *writer, GString *url)
{
    const Request *request = writer->call->request;
    request_append_base(request, url);
    g_string_append(url, "/v1/");
    g_string_append_uri_escaped(url, request->original, "/", FALSE);
    g_string_append_c(url, '?');
    for (size_t i = 0; i < request->argument_count; i++) {
        const HttpArgument *argument = &request->arguments[i];
        if (strcmp(argument->name, "limit") == 0 || strcmp(argument->name, "marker") == 0)
            continue;
        g_string_append_printf(url, "%s=", argument->name); /* a known name: needs no escaping */
        g_string_append_uri_escaped(url, argument->value, ",", FALSE);
        g_string_append_c(url, '&');
    }
    g_string_append_printf(url, "limit=%u&marker=", writer->call->limit);
    g_string_append_uri_escaped(url, writer->last_key, NULL, FALSE);
}

static void
write_end(const ListWriter *writer)
{
    GString *out = writer->renderer.out;
    g_string_append_c(out, ']');
    if (writer->more) {
        g_autoptr(GString) url = g_string_new(NULL);
        append_next(writer, url);
        g_string_append(out, ",\"next\":");
        json_text_append_string_size(out, url->str, url->len);
        g_string_append_printf(out, ",\"%s_links\":[{\"rel\":\"next\",\"href\":",
                               writer->call->collection->resource->collection);
        json_text_append_string_size(out, url->str, url->len);
        g_string_append(out, "}]");
    }
    g_string_append_c(out, '}');
}

static bool
write_list(ListCall *call, GError **error)
{
    const Resource *resource = call->collection->resource;
    GString *out = request_out(call->request, 200, 4096);
    ListWriter writer = {.call = call};
    renderer_init(&writer.renderer, call->request, call->view, call->item_path, out);
    g_string_append_printf(out, "{\"%s\":[", resource->collection);
    call->query.limit = call->conductor != NULL ? 0 : call->limit + 1;
    bool good = db_list(request_db(call->request), &call->query, write_item, &writer, error);
    if (good)
        write_end(&writer);
    renderer_clear(&writer.renderer);
    g_free(writer.last_key);
    return good;
}

static bool
read_marker(ListCall *call, GError **error)
{
    const char *marker = request_argument(call->request, "marker");
    call->query.marker = marker;
    if (marker == NULL || strcmp(call->collection->resource->key, "uuid") != 0 ||
        call->collection->any_marker || uuid_valid(marker))
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "Expected UUID for marker: %.80s", marker);
}

static bool
read_call(ListCall *call, bool detail, GError **error)
{
    return check_arguments(call, error) && read_marker(call, error) && read_limit(call, error) &&
           read_sort(call, error) && read_view(call, detail, error) && read_filters(call, error);
}

Answer
collection_list_within(Request *request, const Collection *collection, const char *field,
                       const char *value, char *item_path, bool detail, GError **error)
{
    ListCall call = {.request = request,
                     .collection = collection,
                     .texts = g_ptr_array_new_with_free_func(g_free),
                     .item_path = item_path};
    if (field != NULL)
        db_list_filter(&call.query, field, DB_FILTER_EQUAL, db_text(value));
    bool good = read_call(&call, detail, error);
    if (good) {
        call.query.selection = call.view->selection;
        good = write_list(&call, error);
    }
    view_free(call.own_view);
    g_ptr_array_free(call.texts, TRUE);
    g_free(call.item_path);
    return good ? ANSWER_NOW : ANSWER_FAILED;
}

Answer
collection_list(Request *request, GError **error)
{
    return collection_list_within(request, request->route->subject, NULL, NULL, NULL, false, error);
}

Answer
collection_detail(Request *request, GError **error)
{
    return collection_list_within(request, request->route->subject, NULL, NULL, NULL, true, error);
}
