/* The parts of the PostgreSQL engine; private to it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/engine.h"

#include <libpq-fe.h>

struct DbConnection {
    PGconn *handle;
    char *place;            /* "PostgreSQL database steel at db1:5432", for sentences */
    GHashTable *statements; /* SQL -> name of the prepared statement; both owned */
    unsigned names;         /* statements prepared so far */
    int64_t call_limit_ms;
    bool in_transaction;
    bool begin_pending; /* the transaction begins with its first statement */
    DbWorkKind kind;    /* of the transaction */
    bool broken;        /* is not used again */
    bool lost;          /* broken, and the other side has ended it */
    bool may_repeat;    /* the last failure has left nothing behind */
    DbConflict conflict;
};

/* ---- postgres_text.c ---- */

/* A statement with `?1` as `$1`. The caller frees. Pure. */
char *postgres_statement(const char *sql);

/* The statements of a migration, each with PostgreSQL's words for keys that grow and for text that
 * is ordered byte by byte. The caller frees with g_strfreev. Pure. */
char **postgres_script(const char *sql);

/* ---- postgres_url.c ---- */

/* One of the servers that an address names. */
typedef struct PostgresHost {
    char *host, *port; /* NULL: the library's default */
} PostgresHost;

typedef struct PostgresAddress {
    char *url;     /* as the library reads it */
    char *user;    /* NULL: the process's own */
    char *name;    /* of the database */
    GArray *hosts; /* PostgresHost, at least one */
} PostgresAddress;

bool postgres_address_parse(const char *address, PostgresAddress *out, GError **error);
void postgres_address_clear(PostgresAddress *address);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PostgresAddress, postgres_address_clear)

/* ---- postgres_connect.c ---- */

/* DbEngine.connect and its reverse. */
DbConnection *postgres_connect(const char *address, const DbSettings *settings, GError **error);
void postgres_disconnect(DbConnection *connection);

/* ---- postgres_claim.c ---- */

/* DbEngine.claim and unclaim. */
void *postgres_claim(const char *address, const DbSettings *settings, const char *name, void *held,
                     GError **error);
void postgres_unclaim(void *held);

/* ---- postgres_error.c ---- */

/* Makes the error of a failed statement: its code, a sentence, what is known of a broken rule, and
 * whether the connection is still good. Always false. */
bool postgres_fail(DbConnection *connection, const PGresult *result, GError **error);

/* Makes the error of a failed connect from the library's words. Always false. */
bool postgres_fail_connect(const char *place, const char *user, const char *message,
                           GError **error);

/* The connection is lost: it is not used again. Always false. */
bool postgres_fail_lost(DbConnection *connection, const char *why, GError **error);
/* The same for a server that does not answer in time. */
bool postgres_fail_late(DbConnection *connection, GError **error);

/* ---- postgres_batch.c ---- */

/* Statements that go to the server together, with one answer for all: without BEGIN they are one
 * transaction, and the first that fails ends it. */
typedef struct PostgresBatch {
    DbConnection *connection;
    struct {
        const char *sql; /* borrowed */
        char *name;      /* owned: the statement that is prepared here; NULL: it runs */
    } steps[10];
    size_t count;
    bool sent; /* all could be queued */
} PostgresBatch;

/* Queues a statement; prepares it before if this connection does not know it. */
void postgres_batch_add(PostgresBatch *batch, const char *sql, const DbValue *values, size_t count);
/* The same for a statement that runs once, in PostgreSQL's own words. */
void postgres_batch_add_once(PostgresBatch *batch, const char *sql);

/* Empties a full table of prepared statements. Between transactions. */
void postgres_forget_statements(DbConnection *connection);

/* Sends all and waits for the answers. The result of the last statement, or NULL. The caller clears
 * it. */
PGresult *postgres_batch_run(PostgresBatch *batch, GError **error);
