/* The interface of a database engine; private to this folder. One thread uses a connection.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/sql.h"

typedef struct DbConnection DbConnection;

/* The words that differ between engines. The rest of SQL is common: an engine puts `?1` into its
 * own form, makes a key of `INTEGER PRIMARY KEY` grow with each row, and compares and orders text
 * byte by byte (collation C). */
typedef struct DbWords {
    const char *like; /* matches a pattern without regard to the case of letters */

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
} DbWords;

typedef struct DbEngine {
    const char *scheme; /* of the URL */

    /* Opens a connection; `address` is what follows "scheme://". */
    DbConnection *(*connect)(const char *address, const DbSettings *settings, GError **error);
    void (*disconnect)(DbConnection *connection);

    /* Runs one statement; func may be NULL. `changed` may be NULL. */
    bool (*run)(DbConnection *connection, const char *sql, const DbValue *values, size_t count,
                DbRowFunc func, void *user_data, int64_t *changed, GError **error);

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

    /* A descriptor that holds the claim of db_claim, or -1. NULL: many processes may act on this
     * database. */
    int (*claim)(const char *address, GError **error);

    /* The statements that start a transaction of each kind (db.h). In one of DB_READ_MODIFY_WRITE
     * nobody else changes what it has read, or adds rows that it has looked for, until the commit;
     * an engine that cannot wait for others ends it with DATABASE_BUSY. */
    const char *begin[DB_WORK_KINDS];

    /* Inside a transaction of DB_READ_MODIFY_WRITE: the statement that keeps other processes from
     * changing the schema until its end. NULL: the transaction does so by itself. */
    const char *migration_lock;

    DbWords words;

    const char *size; /* a query for the bytes on disk */

    bool single_writer; /* writes of this process must take turns */

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
