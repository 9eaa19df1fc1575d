/* Pages of a collection as rows: the API writes its answers straight from them. One statement per page (and one for a
 * marker), whatever is in it; pages are found by key, not by counting.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resource.h"

typedef enum DbFilterKind {
    DB_FILTER_EQUAL,
    DB_FILTER_NOT_EQUAL,
    DB_FILTER_IS_NULL,
    DB_FILTER_NOT_NULL,
    DB_FILTER_CONTAINS, /* case-insensitive part of a text */
    DB_FILTER_IN,       /* one of a comma-separated list of texts */
    DB_FILTER_SQL, /* column is a whole condition of the program's own with one ? for the value; never user text */
} DbFilterKind;

typedef struct DbFilter {
    const char *column;
    DbFilterKind kind;
    DbValue value; /* text borrowed until the query has run */
} DbFilter;

#define DB_FILTER_LIMIT 16

typedef struct DbListQuery {
    const Resource *resource;
    const Field *const *fields; /* columns of each row, in order; no computed ones */
    size_t field_count;
    const char
        *columns; /* the same as SQL text, when the caller keeps it; NULL: made from fields */
    DbFilter filters[DB_FILTER_LIMIT];
    size_t filter_count;
    DbFilter
        scope; /* what is there at all: also the marker is looked for in it; column NULL: all */
    const Field *sort; /* NULL: order of creation */
    bool descending;
    const char *marker; /* key of the last item of the page before, or NULL */
    unsigned limit;     /* 0: all */
} DbListQuery;

/* Adds a filter. More than DB_FILTER_LIMIT is our own bug. */
void db_list_filter(DbListQuery *query, const char *column, DbFilterKind kind, DbValue value);

/* Calls func for each row of the page. NOT_FOUND when the marker is not in the scope. */
bool db_list(Db *db, const DbListQuery *query, DbRowFunc func, void *user_data,
             GError **error) G_GNUC_WARN_UNUSED_RESULT;
