/* Keyset-paged lists; the contract is in list.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/list.h"

#include <string.h>

typedef struct Statement {
    GString *sql;
    GArray *values;   /* DbValue, for ?1, ?2, ... */
    GPtrArray *texts; /* owned texts that values point to */
} Statement;

void
db_list_filter(DbListQuery *query, const char *column, DbFilterKind kind, DbValue value)
{
    g_return_if_fail(query->filter_count < DB_FILTER_LIMIT);
    query->filters[query->filter_count++] = (DbFilter){column, kind, value};
}

static unsigned
add_value(Statement *statement, DbValue value)
{
    g_array_append_val(statement->values, value);
    return statement->values->len;
}

/* % and _ of the text itself stand for themselves. */
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

static void
append_in(Statement *statement, const DbFilter *filter)
{
    g_auto(GStrv) parts = g_strsplit(filter->value.text, ",", -1);
    g_string_append_printf(statement->sql, "\"%s\" IN (", filter->column);
    for (char **part = parts; *part != NULL; part++) {
        char *owned = g_strdup(*part);
        g_ptr_array_add(statement->texts, owned);
        g_string_append_printf(statement->sql, "%s?%u", part == parts ? "" : ", ",
                               add_value(statement, db_text(owned)));
    }
    g_string_append_c(statement->sql, ')');
}

static void
append_filter(Statement *statement, const DbFilter *filter)
{
    GString *sql = statement->sql;
    switch (filter->kind) {
    case DB_FILTER_EQUAL:
        g_string_append_printf(sql, "\"%s\" = ?%u", filter->column,
                               add_value(statement, filter->value));
        break;
    case DB_FILTER_NOT_EQUAL:
        g_string_append_printf(sql, "\"%s\" <> ?%u", filter->column,
                               add_value(statement, filter->value));
        break;
    case DB_FILTER_IS_NULL:
        g_string_append_printf(sql, "\"%s\" IS NULL", filter->column);
        break;
    case DB_FILTER_NOT_NULL:
        g_string_append_printf(sql, "\"%s\" IS NOT NULL", filter->column);
        break;
    case DB_FILTER_CONTAINS: {
        char *pattern = like_pattern(filter->value.text);
        g_ptr_array_add(statement->texts, pattern);
        g_string_append_printf(sql, "\"%s\" LIKE ?%u ESCAPE '\\'", filter->column,
                               add_value(statement, db_text(pattern)));
        break;
    }
    case DB_FILTER_IN:
        append_in(statement, filter);
        break;
    case DB_FILTER_SQL: {
        g_auto(GStrv) halves = g_strsplit(filter->column, "?", 2);
        g_string_append_printf(sql, "(%s", halves[0]);
        if (halves[1] != NULL)
            g_string_append_printf(sql, "?%u%s", add_value(statement, filter->value), halves[1]);
        g_string_append_c(sql, ')');
        break;
    }
    }
}

/* Where the marker stands in the order. */
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
    Statement statement = {sql, values, texts};
    g_string_append_printf(sql, "SELECT id, \"%s\" FROM %s WHERE \"%s\" = ?%u",
                           query->sort != NULL ? field_column(query->sort) : "id",
                           query->resource->table, query->resource->key,
                           add_value(&statement, db_text(query->marker)));
    if (query->scope.column != NULL) {
        g_string_append(sql, " AND ");
        append_filter(&statement, &query->scope);
    }
    if (!db_query(db, sql->str, (const DbValue *)(const void *)values->data, values->len,
                  read_marker, marker, error))
        return false;
    return marker->found || steel_fail(error, STEEL_ERROR_NOT_FOUND,
                                       "the marker %.255s could not be found", query->marker);
}

/* The rows behind the marker. Nulls come first ascending and last descending, ties are ordered by id. */
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
    g_string_append(statement->sql, " ORDER BY ");
    if (query->sort != NULL)
        g_string_append_printf(statement->sql, "\"%s\" %s, ", field_column(query->sort), direction);
    g_string_append_printf(statement->sql, "id %s", direction);
    if (query->limit > 0)
        g_string_append_printf(statement->sql, " LIMIT %u", query->limit);
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
    Statement statement = {sql, values, texts};
    g_string_append(sql, "SELECT ");
    if (query->columns != NULL)
        g_string_append(sql, query->columns);
    for (size_t i = 0; i < query->field_count && query->columns == NULL; i++)
        g_string_append_printf(sql, "%s\"%s\"", i > 0 ? ", " : "", field_column(query->fields[i]));
    g_string_append_printf(sql, " FROM %s", query->resource->table);
    const char *joint = " WHERE ";
    for (size_t i = 0; i < query->filter_count; i++, joint = " AND ") {
        g_string_append(sql, joint);
        append_filter(&statement, &query->filters[i]);
    }
    if (query->scope.column != NULL) {
        g_string_append(sql, joint);
        append_filter(&statement, &query->scope);
        joint = " AND ";
    }
    if (query->marker != NULL) {
        g_string_append(sql, joint);
        append_marker(&statement, query, &marker);
    }
    append_order(&statement, query);
    return db_query(db, sql->str, (const DbValue *)(const void *)values->data, values->len, func,
                    user_data, error);
}
