/* Keyset-paged lists; the contract is in list.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/list.h"

#include "db/engine.h"
#include "model/resources.h"

#include <string.h>

typedef struct Statement {
    const DbWords *words;
    GString *sql;
    GArray *values;   /* DbValue, for ?1, ?2, ... */
    GPtrArray *texts; /* owned texts that values point to */
} Statement;

void
db_list_filter(DbListQuery *query, const char *field, DbFilterKind kind, DbValue value)
{
    g_return_if_fail(query->filter_count < DB_FILTER_LIMIT);
    query->filters[query->filter_count++] = (DbFilter){field, kind, value};
}

static unsigned
add_value(Statement *statement, DbValue value)
{
    g_array_append_val(statement->values, value);
    return statement->values->len;
}

/* A LIKE pattern that contains the text; its own % and _ are escaped. */
static char *
like_pattern(const char *text)
{
    GString *pattern = g_string_new("%");
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr("%_\\", *p) != NULL)
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *p);
    }
    g_string_append_c(pattern, '%');
    return g_string_free(pattern, FALSE);
}

/* One of a list's words; an empty list has one, the empty word. */
static void
append_in(Statement *statement, const char *column, const char *list)
{
    g_string_append_printf(statement->sql, "\"%s\" IN (", column);
    for (const char *part = list; part != NULL;) {
        const char *comma = strchr(part, ',');
        char *owned = comma != NULL ? g_strndup(part, (gsize)(comma - part)) : g_strdup(part);
        g_ptr_array_add(statement->texts, owned);
        g_string_append_printf(statement->sql, "%s?%u", part == list ? "" : ", ",
                               add_value(statement, db_text(owned)));
        part = comma != NULL ? comma + 1 : NULL;
    }
    g_string_append_c(statement->sql, ')');
}

static void
append_contains(Statement *statement, const char *column, const char *part)
{
    char *pattern = like_pattern(part);
    g_ptr_array_add(statement->texts, pattern);
    g_string_append_printf(statement->sql, "\"%s\" %s ?%u ESCAPE '\\'", column,
                           statement->words->like, add_value(statement, db_text(pattern)));
}

static void
append_project(Statement *statement, const Resource *resource, DbValue project)
{
    unsigned value = add_value(statement, project);
    if (resource_field(resource, "lessee") != NULL)
        g_string_append_printf(statement->sql, "?%u IN (owner, lessee)", value);
    else
        g_string_append_printf(statement->sql, "owner = ?%u", value);
}

/* The column of a filter's field; NULL if the filter needs none, or if there is no such field. */
static const char *
filter_column(const Resource *resource, const DbFilter *filter)
{
    const Resource *of = filter->kind == DB_FILTER_NODE_IN ? &node_resource : resource;
    const Field *field = filter->field != NULL ? resource_field(of, filter->field) : NULL;
    return field != NULL && field->type != FIELD_COMPUTED ? field_column(field) : NULL;
}

static bool
append_filter(Statement *statement, const Resource *resource, const DbFilter *filter,
              GError **error)
{
    GString *sql = statement->sql;
    const char *column = filter_column(resource, filter);
    if (column == NULL && filter->kind != DB_FILTER_PROJECT)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "a %s has no %s to be listed by",
                          resource->name, filter->field);
    switch (filter->kind) {
    case DB_FILTER_EQUAL:
        g_string_append_printf(sql, "\"%s\" = ?%u", column, add_value(statement, filter->value));
        break;
    case DB_FILTER_NOT_EQUAL:
        g_string_append_printf(sql, "\"%s\" <> ?%u", column, add_value(statement, filter->value));
        break;
    case DB_FILTER_IS_NULL:
        g_string_append_printf(sql, "\"%s\" IS NULL", column);
        break;
    case DB_FILTER_NOT_NULL:
        g_string_append_printf(sql, "\"%s\" IS NOT NULL", column);
        break;
    case DB_FILTER_CONTAINS:
        append_contains(statement, column, filter->value.text);
        break;
    case DB_FILTER_IN:
        append_in(statement, column, filter->value.text);
        break;
    case DB_FILTER_NODE_IN:
        g_string_append(sql, "node_uuid IN (SELECT uuid FROM nodes WHERE ");
        append_in(statement, column, filter->value.text);
        g_string_append_c(sql, ')');
        break;
    case DB_FILTER_PROJECT:
        append_project(statement, resource, filter->value);
        break;
    }
    return true;
}

/* Narrows the list to the query's project. */
static void
append_scope(Statement *statement, const DbListQuery *query)
{
    const DbValue project = db_text(query->project);
    bool of_node = query->ownership == DB_OWNED_BY_NODE;
    if (of_node)
        g_string_append(statement->sql, "node_uuid IN (SELECT uuid FROM nodes WHERE ");
    if (query->ownership == DB_OWNED_OR_PUBLIC)
        g_string_append(statement->sql, "(\"public\" <> 0 OR ");
    append_project(statement, of_node ? &node_resource : query->selection->resource, project);
    if (of_node || query->ownership == DB_OWNED_OR_PUBLIC)
        g_string_append_c(statement->sql, ')');
}

static bool
has_scope(const DbListQuery *query)
{
    return query->project != NULL && query->ownership != DB_OWNED_BY_NOBODY;
}

/* The marker's place in the order. */
typedef struct Marker {
    bool found, is_null, is_text;
    int64_t id, integer;
    char *text;
} Marker;

static bool
read_marker(const DbRow *row, void *user_data)
{
    Marker *marker = user_data;
    marker->found = true;
    marker->id = db_row_integer(row, 0);
    marker->is_null = db_row_is_null(row, 1);
    marker->integer = db_row_integer(row, 1);
    marker->text = g_strdup(db_row_text(row, 1, NULL));
    return false;
}

static bool
find_marker(Db *db, const DbListQuery *query, Marker *marker, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    g_autoptr(GArray) values = g_array_new(false, false, sizeof(DbValue));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    Statement statement = {db_words(db), sql, values, texts};
    const Resource *resource = query->selection->resource;
    g_string_append_printf(sql, "SELECT id, \"%s\" FROM %s WHERE \"%s\" = ?%u",
                           query->sort != NULL ? field_column(query->sort) : "id", resource->table,
                           resource->key, add_value(&statement, db_text(query->marker)));
    if (has_scope(query)) {
        g_string_append(sql, " AND ");
        append_scope(&statement, query);
    }
    if (!db_query(db, sql->str, (const DbValue *)(const void *)values->data, values->len,
                  read_marker, marker, error))
        return false;
    return marker->found || steel_fail(error, STEEL_ERROR_NOT_FOUND,
                                       "the marker %.255s could not be found", query->marker);
}

/* The rows after the marker. Nulls come first ascending and last descending; id orders equal
 * rows. */
static void
append_marker(Statement *statement, const DbListQuery *query, const Marker *marker)
{
    const char *after = query->descending ? "<" : ">";
    unsigned id = add_value(statement, db_integer(marker->id));
    if (query->sort == NULL) {
        g_string_append_printf(statement->sql, "id %s ?%u", after, id);
        return;
    }
    const char *column = field_column(query->sort);
    if (marker->is_null) {
        g_string_append_printf(statement->sql, "((\"%s\" IS NULL AND id %s ?%u)", column, after,
                               id);
        if (!query->descending)
            g_string_append_printf(statement->sql, " OR \"%s\" IS NOT NULL", column);
        g_string_append_c(statement->sql, ')');
        return;
    }
    unsigned value = add_value(statement, field_is_text(query->sort) ? db_text(marker->text)
                                                                     : db_integer(marker->integer));
    g_string_append_printf(statement->sql, "(\"%s\" %s ?%u OR (\"%s\" = ?%u AND id %s ?%u)", column,
                           after, value, column, value, after, id);
    if (query->descending)
        g_string_append_printf(statement->sql, " OR \"%s\" IS NULL", column);
    g_string_append_c(statement->sql, ')');
}

static void
append_order(Statement *statement, const DbListQuery *query)
{
    const char *direction = query->descending ? "DESC" : "ASC";
    const char *nulls = query->descending ? "NULLS LAST" : "NULLS FIRST";
    g_string_append(statement->sql, " ORDER BY ");
    if (query->sort != NULL)
        g_string_append_printf(statement->sql, "\"%s\" %s %s, ", field_column(query->sort),
                               direction, nulls);
    g_string_append_printf(statement->sql, "id %s", direction);
    if (query->limit > 0)
        g_string_append_printf(statement->sql, " LIMIT %u", query->limit);
}

/* Appends the conditions that a page's rows must meet. */
static bool
append_conditions(Statement *statement, const DbListQuery *query, const Marker *marker,
                  GError **error)
{
    const char *joint = " WHERE ";
    for (size_t i = 0; i < query->filter_count; i++, joint = " AND ") {
        g_string_append(statement->sql, joint);
        if (!append_filter(statement, query->selection->resource, &query->filters[i], error))
            return false;
    }
    if (has_scope(query)) {
        g_string_append(statement->sql, joint);
        append_scope(statement, query);
        joint = " AND ";
    }
    if (query->marker != NULL) {
        g_string_append(statement->sql, joint);
        append_marker(statement, query, marker);
    }
    return true;
}

bool
db_list(Db *db, const DbListQuery *query, DbRowFunc func, void *user_data, GError **error)
{
    Marker marker = {0};
    if (query->marker != NULL && !find_marker(db, query, &marker, error))
        return false;
    g_autoptr(GString) sql = g_string_sized_new(2048);
    g_autoptr(GArray) values = g_array_new(false, false, sizeof(DbValue));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(texts, marker.text);
    Statement statement = {db_words(db), sql, values, texts};
    g_string_append_printf(sql, "SELECT %s FROM %s", query->selection->columns,
                           query->selection->resource->table);
    if (!append_conditions(&statement, query, &marker, error))
        return false;
    append_order(&statement, query);
    return db_query(db, sql->str, (const DbValue *)(const void *)values->data, values->len, func,
                    user_data, error);
}
