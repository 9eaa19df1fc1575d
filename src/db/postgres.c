/* The engine for PostgreSQL: statements prepared once per connection, whole transactions in as few
 * ways to the server as they can take.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include <poll.h>
#include <string.h>

/* The database's lock (engine.h); any number that no other program on the database uses. */
#define LOCK_SHARED "SELECT pg_advisory_xact_lock_shared(1398031692, 1)"
#define LOCK_ALONE "SELECT pg_advisory_xact_lock(1398031692, 1)"

static const char *const locks[DB_WORK_KINDS] = {
    [DB_WRITE] = LOCK_SHARED,
    [DB_READ_MODIFY_WRITE] = LOCK_ALONE,
};

/* A row of a result. */
typedef struct Cursor {
    const PGresult *result;
    int row;
} Cursor;

static void
each_row(const PGresult *result, DbRowFunc func, void *user_data)
{
    Cursor cursor = {result, 0};
    const DbRow row = {&db_engine_postgres, &cursor};
    int count = func != NULL ? PQntuples(result) : 0;
    while (cursor.row < count && func(&row, user_data))
        cursor.row++;
}

/* What must stand before a statement: the beginning of its transaction, or its share of the
 * lock. */
static void
add_beginning(PostgresBatch *batch, bool writes)
{
    DbConnection *connection = batch->connection;
    if (connection->begin_pending) {
        postgres_batch_add(batch, "BEGIN", NULL, 0);
        postgres_batch_add(batch, locks[connection->kind], NULL, 0);
        connection->begin_pending = false;
    } else if (writes && !connection->in_transaction) {
        postgres_batch_add(batch, LOCK_SHARED, NULL, 0);
    }
}

/* A lost connection has undone a transaction that was not to be committed yet. A write outside of
 * one may be done. */
static void
judge_loss(DbConnection *connection, bool writes, GError **error)
{
    if (!connection->lost)
        return;
    connection->may_repeat = connection->in_transaction || !writes;
    if (!connection->may_repeat)
        g_prefix_error(error, "it is not known whether the change was made: ");
}

static PGresult *
run_batch(PostgresBatch *batch, bool writes, GError **error)
{
    DbConnection *connection = batch->connection;
    connection->may_repeat = false;
    PGresult *result = postgres_batch_run(batch, error);
    if (result == NULL)
        judge_loss(connection, writes, error);
    return result;
}

static bool
run(DbConnection *connection, const DbStatement *statement, DbRowFunc func, void *user_data,
    int64_t *changed, GError **error)
{
    postgres_forget_statements(connection);
    PostgresBatch batch = {.connection = connection};
    add_beginning(&batch, statement->writes);
    postgres_batch_add(&batch, statement->sql, statement->values, statement->count);
    PGresult *result = run_batch(&batch, statement->writes, error);
    if (result == NULL)
        return false;
    if (changed != NULL)
        *changed = g_ascii_strtoll(PQcmdTuples(result), NULL, 10);
    each_row(result, func, user_data);
    PQclear(result);
    return true;
}

static bool
begin(DbConnection *connection, DbWorkKind kind, GError **error)
{
    (void)error;
    connection->in_transaction = connection->begin_pending = true;
    connection->kind = kind;
    return true;
}

static bool
end(DbConnection *connection, const char *sql, GError **error)
{
    bool nothing_done = connection->begin_pending;
    connection->in_transaction = connection->begin_pending = false;
    if (nothing_done)
        return true;
    PostgresBatch batch = {.connection = connection};
    postgres_batch_add(&batch, sql, NULL, 0);
    PGresult *result = run_batch(&batch, true, error);
    if (result == NULL)
        return false;
    bool good = strcmp(PQcmdStatus(result), sql) == 0;
    PQclear(result);
    return good || steel_fail(error, STEEL_ERROR_INTERNAL,
                              "a statement of the transaction had failed: nothing was written");
}

/* Of a commit that fails for a reason of the server's, too, nobody knows if it is done. */
static bool
commit(DbConnection *connection, GError **error)
{
    if (end(connection, "COMMIT", error))
        return true;
    connection->may_repeat = connection->may_repeat && !connection->broken;
    return false;
}

static bool
roll_back(DbConnection *connection, GError **error)
{
    bool may_repeat = connection->may_repeat; /* of the failure that led here */
    bool good = connection->broken || end(connection, "ROLLBACK", error);
    connection->in_transaction = connection->begin_pending = false;
    connection->broken = connection->broken || !good;
    connection->may_repeat = may_repeat;
    return good;
}

static bool
may_repeat(const DbConnection *connection)
{
    return connection->may_repeat;
}

/* A connection at rest has nothing to say: if it does, the server has ended it. */
static bool
is_usable(DbConnection *connection)
{
    struct pollfd look = {.fd = PQsocket(connection->handle), .events = POLLIN};
    return !connection->broken && PQstatus(connection->handle) == CONNECTION_OK &&
           poll(&look, 1, 0) == 0;
}

static void
get_conflict(const DbConnection *connection, DbConflict *conflict)
{
    *conflict = connection->conflict;
}

static bool
script(DbConnection *connection, const char *sql, GError **error)
{
    g_auto(GStrv) statements = postgres_script(sql);
    for (char **one = statements; *one != NULL; one++) {
        PostgresBatch batch = {.connection = connection};
        add_beginning(&batch, true);
        postgres_batch_add_once(&batch, *one);
        PGresult *result = run_batch(&batch, true, error);
        if (result == NULL)
            return false;
        PQclear(result);
    }
    return true;
}

static bool
check_address(const char *text, GError **error)
{
    g_auto(PostgresAddress) address = {0};
    return postgres_address_parse(text, &address, error);
}

/* ---- rows ---- */

static bool
row_is_null(const DbRow *row, int column)
{
    const Cursor *cursor = row->cursor;
    return PQgetisnull(cursor->result, cursor->row, column);
}

static const char *
row_text(const DbRow *row, int column, size_t *size)
{
    const Cursor *cursor = row->cursor;
    if (size != NULL)
        *size = (size_t)PQgetlength(cursor->result, cursor->row, column);
    return row_is_null(row, column) ? NULL : PQgetvalue(cursor->result, cursor->row, column);
}

/* Numbers come as text; what is null or no number is 0. */
static int64_t
row_integer(const DbRow *row, int column)
{
    const Cursor *cursor = row->cursor;
    const char *text = PQgetvalue(cursor->result, cursor->row, column);
    return text != NULL ? g_ascii_strtoll(text, NULL, 10) : 0;
}

/* ---- words ---- */

static char *
json_member(const char *column, const char *key)
{
    return g_strdup_printf("(%s::jsonb ->> '%s')", column, key);
}

static char *
text_within(const char *column, unsigned value)
{
    return g_strdup_printf("strpos(%s, ?%u) > 0", column, value);
}

static char *
json_merge(const char *column, unsigned value)
{
    return g_strdup_printf("(COALESCE(%s, '{}')::jsonb || ?%u::jsonb)::text", column, value);
}

static char *
move_sequence(const char *table)
{
    return g_strdup_printf("SELECT setval(pg_get_serial_sequence('%s', 'id'), "
                           "COALESCE(MAX(id), 0) + 1, false) FROM %s",
                           table, table);
}

/* clang-format off */
const DbEngine db_engine_postgres = {
    .scheme = "postgresql",
    .check_address = check_address,
    .connect = postgres_connect,
    .disconnect = postgres_disconnect,
    .run = run,
    .begin = begin,
    .commit = commit,
    .roll_back = roll_back,
    .may_repeat = may_repeat,
    .is_usable = is_usable,
    .conflict = get_conflict,
    .script = script,
    .claim = postgres_claim,
    .unclaim = postgres_unclaim,
    .words = {.like = "ILIKE",
              /* not FOR UPDATE, which would hold up new ports, phases, ... of a node */
              .lock_rows = " FOR NO KEY UPDATE",
              .json_member = json_member,
              .json_merge = json_merge,
              .text_within = text_within,
              .programs = "SELECT DISTINCT application_name, COALESCE(host(client_addr), 'this host') FROM pg_stat_activity "
                          "WHERE datname = current_database()",
              .tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
              .columns = "SELECT attname FROM pg_attribute WHERE attrelid = CAST(?1 AS regclass) AND attnum > 0 "
                         "AND NOT attisdropped ORDER BY attnum",
              .move_sequence = move_sequence},
    .size = "SELECT pg_database_size(current_database())",
    .pooled = true,
    .row_is_null = row_is_null,
    .row_text = row_text,
    .row_integer = row_integer,
};
/* clang-format on */
