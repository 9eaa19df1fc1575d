/* The database: connections, rows, transactions. What is asked of it are questions with names:
 * records.h, items.h, list.h and one file per resource. SQL stays in this folder (sql.h); which
 * engine answers is decided by the URL (sqlite.c now).
 *
 * A Db is shared by all threads; each thread gets a connection of its own on first use, kept until
 * the thread ends. Reads run side by side. Writes of one process take turns (SQLite has one
 * writer), so that none fails for a busy file, and go through one connection; so do the reads of a
 * transaction, which see what it has written. A read outside of one sees what was committed when it
 * began, also while the same thread writes from within its rows.
 *
 * A question blocks for as long as the engine works; one that writes also until its turn has come.
 * Both have a limit: wait_limit_s and call_limit_s of DbSettings, and of a server pool_timeout_s
 * for a connection. No lock of the process may be held meanwhile (lock_check_io).
 *
 * Errors of all functions: DATABASE_BUSY (another process holds the file; retry), CONFLICT (a rule
 * of the schema was broken), DATABASE_DAMAGED (the file is damaged: from then on writing fails with
 * it at once, reading goes on as far as it goes), DATABASE (disk full, ...: a sentence with the
 * file).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <stddef.h>
#include <stdint.h>

typedef struct Db Db;
typedef struct DbRow DbRow;

typedef struct DbValue {
    enum { DB_NULL, DB_TEXT, DB_INTEGER } type;
    const char *text; /* borrowed for the call */
    int64_t integer;
} DbValue;

static inline DbValue
db_text(const char *text)
{
    return (DbValue){.type = text != NULL ? DB_TEXT : DB_NULL, .text = text};
}

static inline DbValue
db_integer(int64_t integer)
{
    return (DbValue){.type = DB_INTEGER, .integer = integer};
}

typedef struct DbSettings {
    bool synchronous; /* a commit waits for the disk: what was answered outlives a loss of power */
    unsigned wait_limit_s; /* how long to wait for others that write, then DATABASE_BUSY */
    bool write_damaged;    /* a damaged database is written to all the same */
    /* bytes up to which a file is looked through before db_open returns; 0: 64 MiB */
    int64_t small_size;

    /* of a server: [database]max_pool_size and so on */
    unsigned pool_size, pool_overflow, pool_timeout_s;
    int recycle_s;          /* age at which a connection is replaced; 0 and below: never */
    unsigned connect_tries; /* further tries of db_open to reach it */
    unsigned connect_pause_s;
    unsigned tries;        /* further ones of what lost a deadlock or its connection */
    unsigned call_limit_s; /* longest time for one statement; 0: 30 s */

    /* db_open's own: the newest schema that the program knows; 0 until the database has it. Each
     * new connection to a server asks whether that is still enough */
    int schema;
} DbSettings;

/* For a database that nobody will miss: it does not wait for the disk. */
extern const DbSettings db_throw_away;

/* Whether there is an engine for an oslo URL. Errors: CONFIG, without what in the URL may be
 * secret. Pure. */
bool db_check_url(const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens (and makes, and migrates) the database of an oslo URL: sqlite:////absolute/path,
 * sqlite:///relative/path. Its files are made private. It is looked through, a large one on a
 * thread; a damaged one opens if its schema can be read, and is not written to. `settings` is
 * copied. */
Db *db_open(const char *url, const DbSettings *settings, GError **error);

/* What db_upgrade has done. */
typedef struct DbUpgrade {
    int schema;    /* the newest that the program knows */
    unsigned made; /* changes that were made */
    int64_t rows;  /* of data, that were changed by them */
    char *waits;   /* owned: which change was left, and for whom; NULL: none */
} DbUpgrade;
void db_upgrade_clear(DbUpgrade *upgrade);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DbUpgrade, db_upgrade_clear)

/* Makes the changes of the schema that a start leaves on a database which others work on: data in
 * batches, between which others write; and, when no older program works on it any more, what only
 * those needed. May be broken off and called again. `upgrade` is filled also on failure. */
bool db_upgrade(Db *db, DbUpgrade *upgrade, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes a name on the database for this process until db_close or its end, however it ends: one
 * process acts under it. NULL: the whole database; nobody has any name on it meanwhile. An embedded
 * database knows no names: one process has the whole of it. A server that is restarted forgets
 * that: call this again now and then with the same name, on one thread at a time. CONFLICT names
 * the process that has it. */
bool db_claim(Db *db, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether several processes may act on the database, each under a name of its own. */
bool db_is_shared(const Db *db);

/* Closes all connections. No other thread may be using it. NULL is fine. */
void db_close(Db *db);

/* Called for each row; `row` is valid during the call. Returning false stops the query without an
 * error. */
typedef bool (*DbRowFunc)(const DbRow *row, void *user_data);

/* Columns of a row, from 0. The text is NUL-terminated and valid during the callback. */
bool db_row_is_null(const DbRow *row, int column);
const char *db_row_text(const DbRow *row, int column, size_t *size);
int64_t db_row_integer(const DbRow *row, int column);

/* What a transaction is for: the engine keeps others out accordingly. (One question alone needs
 * none.) */
typedef enum DbWorkKind {
    /* writes that stand or fall together; what was read before holds anyway (a node's lock) */
    DB_WRITE,
    /* what it reads decides what it writes: nobody else changes that before its end */
    DB_READ_MODIFY_WRITE,
    DB_WORK_KINDS,
} DbWorkKind;

/* Runs `work` in one transaction on this thread's connection; rolls back when it returns false.
 * Inside, all questions take part in it. May be nested: the inner one joins the outer, which must
 * keep out as much as the inner asks for.
 *
 * Errors  those of `work`; DATABASE_BUSY: an engine may find at the end that another was faster,
 *         and nothing is written */
typedef bool (*DbWork)(Db *db, void *user_data, GError **error);
bool db_transaction(Db *db, DbWorkKind kind, DbWork work, void *user_data,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Statements run by this thread since it started: a test holds lists to a constant number. */
uint64_t db_statement_count(void);

/* Bytes that the database takes on disk, without what is waiting to be written into it. */
bool db_size(Db *db, int64_t *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether a question may wait for a server. Then no thread that serves others asks it. */
bool db_may_block(const Db *db);

/* True while the database answers and is whole: for health checks. Errors: DATABASE_DAMAGED, and
 * those of a query. */
bool db_alive(Db *db, GError **error);
