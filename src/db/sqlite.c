/* The embedded engine: SQLite in WAL mode, prepared statements kept per connection.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/engine.h"
#include "db/sqlite_files.h"

#include "common/metrics.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

struct DbConnection {
    sqlite3 *handle;
    char *path;
    GHashTable *statements; /* sql text (owned) -> sqlite3_stmt * (finalized with it) */
    DbConflict conflict;    /* of the last statement that broke a rule of the schema */
};

/* Kept statements per connection. One over all fields of a node takes some 20 KB, and every thread
 * has a connection. */
#define STATEMENT_LIMIT 64

/* Parses "UNIQUE constraint failed: ports.node_uuid, ports.address": SQLite names the columns only
 * in this text. */
static void
note_columns(DbConflict *conflict, const char *message)
{
    const char *list = strstr(message, ": ");
    if (list == NULL)
        return;
    g_auto(GStrv) names = g_strsplit(list + 2, ", ", DB_CONFLICT_COLUMNS + 1);
    for (char **name = names; *name != NULL && conflict->column_count < DB_CONFLICT_COLUMNS;
         name++) {
        const char *dot = strchr(*name, '.');
        if (dot == NULL)
            return;
        g_strlcpy(conflict->table, *name, MIN((size_t)(dot - *name) + 1, DB_NAME_SIZE));
        g_strlcpy(conflict->columns[conflict->column_count++], dot + 1, DB_NAME_SIZE);
    }
}

static void
note_conflict(DbConnection *connection, int code, const char *message)
{
    DbConflict *conflict = &connection->conflict;
    *conflict = (DbConflict){.kind = DB_CONFLICT_OTHER};
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
        conflict->kind = DB_CONFLICT_UNIQUE;
        note_columns(conflict, message);
    } else if (code == SQLITE_CONSTRAINT_FOREIGNKEY) {
        conflict->kind = DB_CONFLICT_REFERENCE;
    }
}

static void
get_conflict(const DbConnection *connection, DbConflict *conflict)
{
    *conflict = connection->conflict;
}

static bool
fail(DbConnection *connection, GError **error)
{
    int code = sqlite3_extended_errcode(connection->handle);
    const char *message = sqlite3_errmsg(connection->handle);
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        note_conflict(connection, code, message);
        return steel_fail(error, STEEL_ERROR_CONFLICT, "%s", message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        metrics_add(METRIC_DB_BUSY, 1);
        return steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                          "the database %s is locked by another process; try again",
                          connection->path);
    case SQLITE_FULL:
        return steel_fail(error, STEEL_ERROR_DATABASE, "the disk that holds %s is full",
                          connection->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return steel_fail(error, STEEL_ERROR_DATABASE_DAMAGED,
                          "%s is damaged or no database (%s): restore it from a backup",
                          connection->path, message);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return steel_fail(error, STEEL_ERROR_DATABASE, "%s cannot be read or written: %s",
                          connection->path, message);
    default:
        return steel_fail(error, STEEL_ERROR_DATABASE, "%s: %s (%d)", connection->path, message,
                          code);
    }
}

static void
disconnect(DbConnection *connection)
{
    if (connection == NULL)
        return;
    g_hash_table_destroy(connection->statements);
    sqlite3_close(connection->handle);
    g_free(connection->path);
    g_free(connection);
}

static bool
script(DbConnection *connection, const char *sql, GError **error)
{
    return sqlite3_exec(connection->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
           fail(connection, error);
}

static void
finalize(void *statement)
{
    sqlite3_finalize(statement);
}

/* Switches SQLite's memory statistics off: nobody reads them, and they need one lock for the whole
 * process. Before first use. */
static void
configure_once(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

#define WAL_TRIES 100

/* Switches to WAL. When several processes open a new database, SQLite turns all but one away at
 * once here, although it waits elsewhere. So each waits for a transaction first, and the later ones
 * find the mode changed. */
static bool
use_wal(DbConnection *connection, GError **error)
{
    static const char sql[] = "PRAGMA journal_mode=WAL";
    for (int i = 0; i < WAL_TRIES; i++) {
        int code = sqlite3_exec(connection->handle, sql, NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return true;
        if ((code & 0xff) != SQLITE_BUSY || !script(connection, "BEGIN IMMEDIATE", NULL))
            return fail(connection, error);
        (void)script(connection, "COMMIT", NULL);
    }
    return script(connection, sql, error);
}

static DbConnection *
connect_file(const char *address, const DbSettings *settings, GError **error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_once);
    DbConnection *connection = g_new0(DbConnection, 1);
    connection->path = g_strdup(sqlite_path(address));
    connection->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, finalize);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(connection->path, &connection->handle, flags, NULL) != SQLITE_OK) {
        fail(connection, error);
        disconnect(connection);
        return NULL;
    }
    sqlite3_extended_result_codes(connection->handle, 1);
    /* The engine keeps its files when it closes, almost empty: on a full disk the next start could
     * not create them. */
    int stay = 1;
    sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &stay);
    sqlite3_busy_timeout(connection->handle,
                         (int)MIN(settings->wait_limit_s, G_MAXINT / 1000) * 1000);
    if (!use_wal(connection, error) ||
        !script(connection,
                "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
                "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-2048; PRAGMA "
                "cell_size_check=ON",
                error) ||
        !script(connection,
                settings->synchronous ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                error)) {
        disconnect(connection);
        return NULL;
    }
    return connection;
}

/* A check that can be stopped. */
typedef struct Look {
    bool (*stop)(void *user_data);
    void *user_data;
} Look;

/* Steps of SQLite's machine between two checks of `stop`: some tens of pages. */
#define LOOK_STEPS 20000

static int
on_progress(void *data)
{
    Look *look = data;
    return look->stop(look->user_data);
}

/* The first row of quick_check. */
static char *
damage_from(const DbConnection *connection, const char *text)
{
    if (text == NULL || strcmp(text, "ok") == 0)
        return NULL;
    g_autofree char *line = g_strdelimit(g_strdup(text), "\n", ' ');
    return g_strdup_printf("%s is damaged (%.200s)", connection->path, line);
}

static bool
check(DbConnection *connection, bool (*stop)(void *), void *user_data, char **damage,
      GError **error)
{
    Look look = {stop, user_data};
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(connection->handle, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
        SQLITE_OK)
        return fail(connection, error);
    sqlite3_progress_handler(connection->handle, LOOK_STEPS, on_progress, &look);
    int code = sqlite3_step(statement);
    sqlite3_progress_handler(connection->handle, 0, NULL, NULL);
    if (code == SQLITE_ROW)
        *damage = damage_from(connection, (const char *)sqlite3_column_text(statement, 0));
    else if (code == SQLITE_CORRUPT)
        *damage = damage_from(connection, sqlite3_errmsg(connection->handle));
    bool done = code == SQLITE_ROW || code == SQLITE_DONE || code == SQLITE_INTERRUPT ||
                *damage != NULL || fail(connection, error);
    sqlite3_finalize(statement);
    return done;
}

static void
interrupt(DbConnection *connection)
{
    sqlite3_interrupt(connection->handle);
}

static gboolean
is_idle(void *sql, void *statement, void *user_data)
{
    (void)sql;
    (void)user_data;
    return !sqlite3_stmt_busy(statement);
}

/* The statement of a text, kept unless it is running: a row's callback may ask the same question.
 * `temporary`: the caller finalizes it. */
static sqlite3_stmt *
prepare(DbConnection *connection, const char *sql, bool *temporary, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(connection->statements, sql);
    *temporary = statement != NULL && sqlite3_stmt_busy(statement);
    if (statement != NULL && !*temporary)
        return statement;
    if (sqlite3_prepare_v3(connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           NULL) != SQLITE_OK) {
        fail(connection, error);
        return NULL;
    }
    if (*temporary)
        return statement;
    if (g_hash_table_size(connection->statements) >= STATEMENT_LIMIT)
        g_hash_table_foreach_remove(connection->statements, is_idle, NULL);
    g_hash_table_insert(connection->statements, g_strdup(sql), statement);
    return statement;
}

static void
bind(sqlite3_stmt *statement, const DbValue *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].type == DB_TEXT)
            sqlite3_bind_text(statement, (int)i + 1, values[i].text, -1, SQLITE_STATIC);
        else if (values[i].type == DB_INTEGER)
            sqlite3_bind_int64(statement, (int)i + 1, values[i].integer);
        else
            sqlite3_bind_null(statement, (int)i + 1);
    }
}

static bool
run(DbConnection *connection, const DbStatement *wanted, DbRowFunc func, void *user_data,
    int64_t *changed, GError **error)
{
    bool temporary;
    sqlite3_stmt *statement = prepare(connection, wanted->sql, &temporary, error);
    if (statement == NULL)
        return false;
    bind(statement, wanted->values, wanted->count);
    const DbRow row = {&db_engine_sqlite, statement};
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (func != NULL && !func(&row, user_data)) {
            code = SQLITE_DONE;
            break;
        }
    bool good = code == SQLITE_DONE || fail(connection, error);
    if (good && changed != NULL)
        *changed = sqlite3_changes64(connection->handle);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (temporary)
        sqlite3_finalize(statement);
    return good;
}

static bool
run_plain(DbConnection *connection, const char *sql, GError **error)
{
    const DbStatement statement = {.sql = sql, .writes = true};
    return run(connection, &statement, NULL, NULL, NULL, error);
}

/* There is one writer, so both kinds begin alike. */
static bool
begin(DbConnection *connection, DbWorkKind kind, GError **error)
{
    (void)kind;
    return run_plain(connection, "BEGIN IMMEDIATE", error);
}

static bool
commit(DbConnection *connection, GError **error)
{
    return run_plain(connection, "COMMIT", error);
}

static bool
roll_back(DbConnection *connection, GError **error)
{
    return run_plain(connection, "ROLLBACK", error);
}

/* VACUUM writes the whole file anew from what is in use; the log is emptied after it. */
static bool
wipe_deleted(DbConnection *connection, GError **error)
{
    return script(connection, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", error);
}

static bool
row_is_null(const DbRow *row, int column)
{
    return sqlite3_column_type(row->cursor, column) == SQLITE_NULL;
}

static const char *
row_text(const DbRow *row, int column, size_t *size)
{
    const char *text = (const char *)sqlite3_column_text(row->cursor, column);
    if (size != NULL)
        *size = (size_t)sqlite3_column_bytes(row->cursor, column);
    return text;
}

static int64_t
row_integer(const DbRow *row, int column)
{
    return sqlite3_column_int64(row->cursor, column);
}

static char *
json_member(const char *column, const char *key)
{
    return g_strdup_printf("json_extract(%s, '$.\"%s\"')", column, key);
}

static char *
text_within(const char *column, unsigned value)
{
    return g_strdup_printf("instr(%s, ?%u) > 0", column, value);
}

static char *
json_merge(const char *column, unsigned value)
{
    return g_strdup_printf("json_patch(COALESCE(%s, '{}'), ?%u)", column, value);
}

/* clang-format off */
const DbEngine db_engine_sqlite = {
    .scheme = "sqlite",
    .connect = connect_file,
    .disconnect = disconnect,
    .run = run,
    .conflict = get_conflict,
    .script = script,
    .check = check,
    .interrupt = interrupt,
    .file_size = sqlite_file_size,
    .protect = sqlite_protect,
    .wipe_deleted = wipe_deleted,
    .claim = sqlite_claim,
    .unclaim = sqlite_unclaim,
    .begin = begin,
    .commit = commit,
    .roll_back = roll_back,
    .words = {.like = "LIKE",
              .lock_rows = "",
              .json_member = json_member,
              .json_merge = json_merge,
              .text_within = text_within,
              .tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
              .columns = "SELECT name FROM pragma_table_info(?1) ORDER BY cid"},
    .size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    .single_writer = true,
    .row_is_null = row_is_null,
    .row_text = row_text,
    .row_integer = row_integer,
};
/* clang-format on */
