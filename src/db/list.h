/* Pages of a collection as rows: the API writes its answers straight from them. One statement per
 * page (and one for a marker), whatever is in it; pages are found by key, not by counting.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/items.h"

typedef enum DbFilterKind {
    DB_FILTER_EQUAL,
    DB_FILTER_NOT_EQUAL,
    DB_FILTER_IS_NULL,
    DB_FILTER_NOT_NULL,
    DB_FILTER_CONTAINS, /* case-insensitive part of a text */
    DB_FILTER_IN,       /* one of a comma-separated list of texts */
    DB_FILTER_NODE_IN,  /* the same, of a field of the item's node */
    DB_FILTER_PROJECT,  /* owner or lessee is this project; no field */
} DbFilterKind;

typedef struct DbFilter {
    const char *field; /* its name; borrowed like the value's text until the query has run */
    DbFilterKind kind;
    DbValue value;
} DbFilter;

#define DB_FILTER_LIMIT 24

typedef struct DbListQuery {
    const DbSelection *selection; /* of the resource */
    DbFilter filters[DB_FILTER_LIMIT];
    size_t filter_count;
    DbOwnership ownership;
    /* only the items of this project exist, also for the marker; NULL: all */
    const char *project;
    const Field *sort; /* NULL: order of creation */
    bool descending;
    const char *marker; /* key of the last item of the previous page, or NULL */
    unsigned limit;     /* 0: all */
} DbListQuery;

/* Adds a filter. More than DB_FILTER_LIMIT is a bug of the caller, and so is a field that the
 * resource does not have: db_list fails then. */
void db_list_filter(DbListQuery *query, const char *field, DbFilterKind kind, DbValue value);

/* Calls func for each row of the page. NOT_FOUND when the marker is not among the project's
 * items. */
bool db_list(Db *db, const DbListQuery *query, DbRowFunc func, void *user_data,
             GError **error) G_GNUC_WARN_UNUSED_RESULT;
