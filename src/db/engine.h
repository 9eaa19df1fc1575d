/* The interface of a database engine; private to this folder. One thread uses a connection.
 *
 * Members with a GError block on the database, within the limits of DbSettings, and fail with the
 * errors of db.h. After a failure the connection is still the caller's: is_usable says whether it
 * is of use.
 *
 * What keeps transactions apart, on each engine:
 *
 *   - SQLite has one writer: a transaction of either kind begins when it has the file.
 *   - On PostgreSQL, at READ COMMITTED, each write shares one lock of the database and a
 *     DB_READ_MODIFY_WRITE has it alone. So nothing is written anywhere while one is under way,
 *     also no row that it has looked for and not found. Reads never wait. Such transactions are
 *     short and rare: a write that is frequent is a DB_WRITE that reads with `lock_rows`, which
 *     keeps others from the rows it reads, or one statement that names its condition.
 *   - A statement that decides by the rows of another table (a lock by a lease) must see them as
 *     they are when it has its own row: it locks the row first, in a DB_WRITE.
 *   - A transaction that failed through no fault of its own (a deadlock, a lost connection) runs
 *     again from its beginning, a bounded number of times. So `work` computes everything anew. A
 *     commit whose answer is lost does not run again: nobody knows if it is done.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/sql.h"

typedef struct DbConnection DbConnection;

/* In the name by which a program introduces itself, before the newest schema that it knows. */
#define DB_SCHEMA_MARK " schema "

/* The words that differ between engines. The rest of SQL is common: an engine puts `?1` into its
 * own form, makes a key of `INTEGER PRIMARY KEY` grow with each row, and compares and orders text
 * byte by byte (collation C). */
typedef struct DbWords {
    const char *like; /* matches a pattern without regard to the case of letters */

    /* The end of a SELECT in a DB_WRITE: others neither change nor lock the rows it returns before
     * the transaction's end. Empty: the transaction does so by itself. */
    const char *lock_rows;

    /* An expression for a member of the JSON object in a column, as text; null when it is absent.
     * `key` is a word of the program's own. The caller frees. */
    char *(*json_member)(const char *column, const char *key);

    /* An expression for the object in a column (null: an empty one) with the members of parameter
     * `value` put over its own. The members of the parameter are texts, numbers or booleans. The
     * caller frees. */
    char *(*json_merge)(const char *column, unsigned value);

    /* A condition: the text in a column has parameter `value` somewhere within, letter by letter.
     * The caller frees. */
    char *(*text_within)(const char *column, unsigned value);

    /* A query for the names by which programs have introduced themselves at this database, and
     * where they are; NULL: there is only this one. */
    const char *programs;

    /* Queries for the names of all tables, and of the columns of table ?1 in their order. */
    const char *tables, *columns;

    /* A query after which keys that grow (INTEGER PRIMARY KEY) continue behind the table's rows.
     * NULL: they do so by themselves. The caller frees. */
    char *(*move_sequence)(const char *table);
} DbWords;

typedef struct DbStatement {
    const char *sql;
    const DbValue *values;
    size_t count;
    bool writes; /* it may change rows */
} DbStatement;

typedef struct DbEngine {
    const char *scheme; /* of the URL, also with a driver behind it: "scheme+driver" */

    /* Whether the rest of a URL can be understood, without asking anybody; NULL: always.
     * Errors: CONFIG, without what in the URL may be secret. */
    bool (*check_address)(const char *address, GError **error);

    /* Opens a connection; `address` is what follows "scheme://". */
    DbConnection *(*connect)(const char *address, const DbSettings *settings, GError **error);
    void (*disconnect)(DbConnection *connection);

    /* Runs one statement; func may be NULL. `changed` may be NULL. */
    bool (*run)(DbConnection *connection, const DbStatement *statement, DbRowFunc func,
                void *user_data, int64_t *changed, GError **error);

    /* Begins a transaction of a kind (db.h). In one of DB_READ_MODIFY_WRITE nobody else changes
     * what it has read, or adds rows that it has looked for, until the commit. */
    bool (*begin)(DbConnection *connection, DbWorkKind kind, GError **error);
    bool (*commit)(DbConnection *connection, GError **error);
    bool (*roll_back)(DbConnection *connection, GError **error);

    /* Whether the last failure of the connection has left nothing behind, so that the statement, or
     * the whole transaction, may run again. NULL: never. */
    bool (*may_repeat)(const DbConnection *connection);
    /* Whether the connection can be used further. NULL: always. */
    bool (*is_usable)(DbConnection *connection);

    /* The rule that the last statement with CONFLICT has broken. */
    void (*conflict)(const DbConnection *connection, DbConflict *conflict);

    /* Runs a script of several statements without parameters (migrations). */
    bool (*script)(DbConnection *connection, const char *sql, GError **error);

    /* Checks the whole database; NULL if the engine does so itself, and then the next two are NULL
     * too. `stop` is asked now and then, true ends it.
     * damage   out: a sentence about the damage, owned by the caller; NULL if none was found
     * False with the error set if the check failed. */
    bool (*check)(DbConnection *connection, bool (*stop)(void *user_data), void *user_data,
                  char **damage, GError **error);
    /* Interrupts the connection's statement, as if stopped. Any thread. */
    void (*interrupt)(DbConnection *connection);
    /* Bytes of the file; 0: no file. */
    int64_t (*file_size)(const char *address);

    /* Makes the files of a database private before its first connection; NULL: it has none of its
     * own. */
    void (*protect)(const char *address);

    /* Removes what deleted and replaced values have left in the files, outside of a transaction.
     * NULL: the engine's own tools do. */
    bool (*wipe_deleted)(DbConnection *connection, GError **error);

    /* Takes the claim of db_claim, or looks if `held`, from an earlier call, still is one and
     * takes it again if not. What holds it, or NULL on failure; `held` stays the caller's then. */
    void *(*claim)(const char *address, const DbSettings *settings, const char *name, void *held,
                   GError **error);
    /* Ends the claim and frees; NULL is fine. */
    void (*unclaim)(void *held);

    DbWords words;

    const char *size; /* a query for the bytes on disk */

    bool single_writer; /* writes of this process must take turns */
    bool pooled;        /* threads share a bounded number of connections (pool.h) */

    /* A column of the row that a DbRowFunc has; null is NULL, or 0. A text is NUL-terminated, lent
     * until the function returns. size: NULL: not wanted. */
    bool (*row_is_null)(const DbRow *row, int column);
    const char *(*row_text)(const DbRow *row, int column, size_t *size);
    int64_t (*row_integer)(const DbRow *row, int column);
} DbEngine;

/* A row is the engine and its own cursor. */
struct DbRow {
    const DbEngine *engine;
    void *cursor;
};

extern const DbEngine db_engine_sqlite;
extern const DbEngine db_engine_postgres;
