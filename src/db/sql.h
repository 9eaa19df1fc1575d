/* SQL, which is written in this folder alone: the base of the files of questions. Private to this
 * folder, and to tests that read tables.
 *
 * SQL is the common subset of SQLite and PostgreSQL with parameters ?1, ?2, ... used in order;
 * words that differ come from the engine (engine.h). Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "db/records.h"
#include "db/selection.h"
#include "model/resource.h"

/* Runs one reading statement and calls func for each row, on the caller's thread. `values` are
 * bound to its parameters in order, borrowed for the call. */
bool db_query(Db *db, const char *sql, const DbValue *values, size_t count, DbRowFunc func,
              void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A DbRowFunc: the first column of the first row, into an int64_t. */
bool db_read_integer(const DbRow *row, void *user_data);

/* Runs one writing statement; `changed` (or NULL) gets the number of rows it changed. */
bool db_execute(Db *db, const char *sql, const DbValue *values, size_t count, int64_t *changed,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The rule of the schema that a statement has broken. */
typedef enum DbConflictKind {
    DB_CONFLICT_NONE,
    DB_CONFLICT_UNIQUE,    /* these columns together must be unique */
    DB_CONFLICT_REFERENCE, /* it refers to an absent record, or another record refers to it */
    DB_CONFLICT_OTHER,
} DbConflictKind;

enum { DB_CONFLICT_COLUMNS = 4, DB_NAME_SIZE = 64 };

typedef struct DbConflict {
    DbConflictKind kind;
    char table[DB_NAME_SIZE]; /* "" if the engine does not say */
    char columns[DB_CONFLICT_COLUMNS][DB_NAME_SIZE];
    size_t column_count;
} DbConflict;

/* The engine's own words. */
typedef struct DbWords DbWords;
const DbWords *db_words(const Db *db);

/* The rule that this thread's last statement with CONFLICT has broken. */
DbConflict db_conflict(Db *db);

/* Loads all records that satisfy a condition, e.g. "node_uuid = ?1 ORDER BY id". The array owns and
 * frees them. */
GPtrArray *db_records_where(Db *db, const Resource *resource, const char *condition,
                            const DbValue *values, size_t count, GError **error);

/* A condition for the stored record: SQL around a value, as {"\"reservation_lease\" = ", "17", ""}.
 */
typedef struct DbGuard {
    const char *before; /* NULL: no condition */
    const char *value;
    const char *after;
} DbGuard;

/* Do the same as db_record_save and db_record_delete in records.h, but write nothing if the stored
 * record does not meet the guard. `written` is false then, or if there is no such record. */
bool db_record_save_guarded(Db *db, const Resource *resource, void *record, const void *original,
                            DbGuard guard, bool *written, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool db_record_delete_guarded(Db *db, const Resource *resource, const char *key, DbGuard guard,
                              bool *written, GError **error) G_GNUC_WARN_UNUSED_RESULT;

struct DbSelection {
    const Resource *resource;
    char *columns; /* "uuid", "name" */
    char *by_key;  /* a statement with the key as ?1 */
    char *by_name; /* NULL: the resource has no names */
    /* a statement with the key as ?1 and node_uuid as ?2; NULL if it has no node */
    char *of_node;
};
