/* Connections per thread, the writers' turns, transactions and migrations; the contract is in db.h.
 *
 * An engine with a single writer has one connection for writing, and the thread that has the
 * writers' turn uses it. Its cache stays valid, since nobody else changes the file. The cache of a
 * thread's own connection, which only reads, is void after each change.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "db/engine.h"
#include "db/health.h"
#include "db/migrations.h"
#include "db/sql.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

const DbSettings db_throw_away = {.synchronous = false, .wait_limit_s = 10};

struct Db {
    const DbEngine *engine;
    DbSettings settings; /* as db_open got them */
    char *address;       /* of the URL, after "scheme://" */
    pthread_key_t key;   /* Session of each thread */
    Lock lock;           /* guards the marked members; not held while the engine works */
    pthread_cond_t turn;
    bool writing GUARDED; /* a thread has the writers' turn */
    /* used by the thread that has the turn, not guarded; NULL until first needed */
    DbConnection *writer;
    GPtrArray *sessions GUARDED; /* Session, owned; db_close frees them */
    int claim;                   /* descriptor, or -1; set by db_claim */
    DbHealth health;
};

/* A thread's connection, and how many transactions it is in. Only that thread uses it. */
typedef struct Session {
    Db *db;
    DbConnection *own; /* NULL until first needed */
    unsigned depth;
    DbWorkKind kind; /* of the outermost transaction */
    DbConflict conflict;
} Session;

static _Thread_local uint64_t statement_count;

static void
session_end(void *data)
{
    Session *session = data;
    Db *db = session->db;
    lock_acquire(&db->lock);
    g_ptr_array_remove_fast(db->sessions, session);
    lock_release(&db->lock);
    db->engine->disconnect(session->own);
    g_free(session);
}

static Session *
session_of_thread(Db *db)
{
    Session *session = pthread_getspecific(db->key);
    if (session != NULL)
        return session;
    session = g_new0(Session, 1);
    session->db = db;
    pthread_setspecific(db->key, session);
    lock_acquire(&db->lock);
    g_ptr_array_add(db->sessions, session);
    lock_release(&db->lock);
    return session;
}

/* The connection for this thread's next statement. `writes`: the thread has the writers' turn. NULL
 * on failure. */
static DbConnection *
connection_of(Session *session, bool writes, GError **error)
{
    Db *db = session->db;
    DbConnection **place = writes && db->engine->single_writer ? &db->writer : &session->own;
    if (*place == NULL)
        *place = db->engine->connect(db->address, &db->settings, error);
    return *place;
}

static bool wait_for_turn(Db *db) REQUIRES(db->lock);

/* Waits for the writers' turn. Writers are fast, so the clock is read only if the thread must wait.
 * False when the time is up: another process holds the database then, and without this limit all
 * threads would wait for it in turn. */
static bool
wait_for_turn(Db *db)
{
    struct timespec from, to;
    int64_t limit_ms = time_monotonic_ms() + (int64_t)db->settings.wait_limit_s * 1000;
    clock_gettime(CLOCK_MONOTONIC, &from);
    while (db->writing && lock_wait_until(&db->lock, &db->turn, limit_ms))
        continue;
    clock_gettime(CLOCK_MONOTONIC, &to);
    metrics_add(METRIC_DB_WRITE_WAITS, 1);
    metrics_add(METRIC_DB_WRITE_WAIT_TIME, (uint64_t)((to.tv_sec - from.tv_sec) * 1000000 +
                                                      (to.tv_nsec - from.tv_nsec) / 1000));
    return !db->writing;
}

static bool
writer_begin(Db *db, GError **error)
{
    if (!db->engine->single_writer)
        return true;
    lock_acquire(&db->lock);
    bool taken = !db->writing || wait_for_turn(db);
    db->writing = true;
    lock_release(&db->lock);
    return taken || steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                               "the database was not free to write for %u s: another process holds "
                               "it, or its disk is too slow; try again",
                               db->settings.wait_limit_s);
}

static void
writer_end(Db *db)
{
    if (!db->engine->single_writer)
        return;
    lock_acquire(&db->lock);
    db->writing = false;
    pthread_cond_signal(&db->turn);
    lock_release(&db->lock);
}

static bool
run(Session *session, bool writes, const char *sql, const DbValue *values, size_t count,
    DbRowFunc func, void *user_data, int64_t *changed, GError **error)
{
    lock_check_io("ask the database");
    DbConnection *connection = connection_of(session, writes, error);
    if (connection == NULL)
        return false;
    g_autoptr(GError) cause = NULL;
    const DbEngine *engine = session->db->engine;
    if (engine->run(connection, sql, values, count, func, user_data, changed, &cause))
        return true;
    if (steel_error_is(cause, STEEL_ERROR_CONFLICT))
        engine->conflict(connection, &session->conflict);
    if (steel_error_is(cause, STEEL_ERROR_DATABASE_DAMAGED))
        db_health_note(&session->db->health, cause->message);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
run_plain(Session *session, const char *sql, GError **error)
{
    return run(session, true, sql, NULL, 0, NULL, NULL, NULL, error);
}

/* All threads share the connection for writing, so one that cannot roll back is closed. That undoes
 * its work. */
static void
roll_back(Session *session)
{
    Db *db = session->db;
    g_autoptr(GError) ignored = NULL; /* the caller has the first error already */
    if (!run_plain(session, "ROLLBACK", &ignored) && db->engine->single_writer)
        g_clear_pointer(&db->writer, db->engine->disconnect);
}

/* Runs the work in the outer transaction. An outer one of a weaker kind is a bug of the program. */
static bool
join(const Session *session, DbWorkKind kind, DbWork work, void *user_data, GError **error)
{
    if (kind > session->kind)
        return steel_fail(error, STEEL_ERROR_INTERNAL,
                          "a transaction that only writes cannot read, modify and write inside");
    return work(session->db, user_data, error);
}

bool
db_transaction(Db *db, DbWorkKind kind, DbWork work, void *user_data, GError **error)
{
    Session *session = session_of_thread(db);
    if (session->depth > 0)
        return join(session, kind, work, user_data, error);
    if (!db_health_may_write(&db->health, error) || !writer_begin(db, error))
        return false;
    bool good = run_plain(session, db->engine->begin[kind], error);
    if (good) {
        session->depth = 1;
        session->kind = kind;
        good = work(db, user_data, error) && run_plain(session, "COMMIT", error);
        session->depth = 0;
        if (!good)
            roll_back(session);
    }
    writer_end(db);
    return good;
}

static void
count_statement(void)
{
    statement_count++;
    metrics_add(METRIC_DB_STATEMENTS, 1);
}

bool
db_query(Db *db, const char *sql, const DbValue *values, size_t count, DbRowFunc func,
         void *user_data, GError **error)
{
    Session *session = session_of_thread(db);
    count_statement();
    return run(session, session->depth > 0, sql, values, count, func, user_data, NULL, error);
}

bool
db_execute(Db *db, const char *sql, const DbValue *values, size_t count, int64_t *changed,
           GError **error)
{
    Session *session = session_of_thread(db);
    count_statement();
    bool alone = session->depth == 0;
    if (alone && (!db_health_may_write(&db->health, error) || !writer_begin(db, error)))
        return false;
    bool good = run(session, true, sql, values, count, NULL, NULL, changed, error);
    if (alone)
        writer_end(db);
    return good;
}

const DbWords *
db_words(const Db *db)
{
    return &db->engine->words;
}

DbConflict
db_conflict(Db *db)
{
    return session_of_thread(db)->conflict;
}

uint64_t
db_statement_count(void)
{
    return statement_count;
}

static bool
read_integer(const DbRow *row, void *user_data)
{
    *(int64_t *)user_data = db_row_integer(row, 0);
    return false;
}

bool
db_alive(Db *db, GError **error)
{
    int64_t one = 0;
    return db_health_is_good(&db->health, error) &&
           db_query(db, "SELECT 1", NULL, 0, read_integer, &one, error);
}

bool
db_size(Db *db, int64_t *size, GError **error)
{
    return db_query(db, db->engine->size, NULL, 0, read_integer, size, error);
}

bool
db_row_is_null(const DbRow *row, int column)
{
    return row->engine->row_is_null(row, column);
}

const char *
db_row_text(const DbRow *row, int column, size_t *size)
{
    return row->engine->row_text(row, column, size);
}

int64_t
db_row_integer(const DbRow *row, int column)
{
    return row->engine->row_integer(row, column);
}

static bool
read_number(Db *db, int64_t *number, GError **error)
{
    return db_query(db, "SELECT COALESCE(MAX(number), 0) FROM schema_version", NULL, 0,
                    read_integer, number, error);
}

static bool
lock_schema(Db *db, GError **error)
{
    const char *sql = db->engine->migration_lock;
    return sql == NULL || db_execute(db, sql, NULL, 0, NULL, error);
}

static bool
run_migration(Db *db, const DbMigration *migration, GError **error)
{
    const DbValue number = db_integer(migration->number);
    DbConnection *connection = connection_of(session_of_thread(db), true, error);
    if (connection != NULL && db->engine->script(connection, migration->sql, error) &&
        db_execute(db, "INSERT INTO schema_version (number) VALUES (?1)", &number, 1, NULL, error))
        return true;
    g_prefix_error(error, "database migration %s: ", migration->name);
    return false;
}

/* Another process may have migrated meanwhile, so the schema is read again while nobody else can
 * change it. */
static bool
migrate_once(Db *db, void *user_data, GError **error)
{
    const DbMigration *migration = user_data;
    int64_t have = 0;
    if (!lock_schema(db, error) || !read_number(db, &have, error))
        return false;
    return have >= migration->number || run_migration(db, migration, error);
}

/* Reads the number of the schema. Creates the table of that number if the database may be
 * written. */
static bool
read_schema(Db *db, int64_t *have, GError **error)
{
    return (!db_health_may_write(&db->health, NULL) ||
            db_execute(db, "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)",
                       NULL, 0, NULL, error)) &&
           read_number(db, have, error);
}

/* Migrates the schema to the number that this program needs. Refuses the database of a newer
 * program. */
static bool
migrate(Db *db, GError **error)
{
    int64_t have = 0;
    if (!read_schema(db, &have, error))
        return false;
    size_t count;
    const DbMigration *migrations = db_migrations(&count);
    if (count > 0 && have > migrations[count - 1].number)
        return steel_fail(
            error, STEEL_ERROR_DATABASE,
            "the database has schema %d, this program knows only %d: use a newer steeld", (int)have,
            migrations[count - 1].number);
    for (size_t i = 0; i < count; i++) {
        DbMigration migration = migrations[i];
        if (migration.number > have &&
            !db_transaction(db, DB_READ_MODIFY_WRITE, migrate_once, &migration, error))
            return false;
    }
    return true;
}

/* The engine of a URL, or NULL. */
static const DbEngine *
engine_of(const char *url)
{
    static const DbEngine *const engines[] = {&db_engine_sqlite};
    const char *separator = strstr(url, "://");
    size_t length = separator != NULL ? (size_t)(separator - url) : 0;
    for (size_t i = 0; separator != NULL && i < G_N_ELEMENTS(engines); i++)
        if (strlen(engines[i]->scheme) == length && strncmp(url, engines[i]->scheme, length) == 0 &&
            separator[3] != '\0')
            return engines[i];
    return NULL;
}

bool
db_check_url(const char *url, GError **error)
{
    /* the rest of the URL may hold a password */
    const char *separator = strstr(url, "://");
    int length = separator != NULL ? (int)MIN(separator - url, 20) : 0;
    return engine_of(url) != NULL ||
           steel_fail(error, STEEL_ERROR_CONFIG,
                      "[database]connection: Steel has no engine for '%.*s://'; it keeps a "
                      "database of its own: "
                      "sqlite:////PATH, here, as --set database.connection=... or as "
                      "OS_DATABASE__CONNECTION",
                      length, url);
}

static bool
check_damage(Db *db, GError **error)
{
    DbConnection *connection = connection_of(session_of_thread(db), false, error);
    if (connection == NULL)
        return false;
    db_health_begin(&db->health, connection);
    return true;
}

UNSHARED Db *
db_open(const char *url, const DbSettings *settings, GError **error)
{
    if (!db_check_url(url, error))
        return NULL;
    Db *db = g_new0(Db, 1);
    db->engine = engine_of(url);
    db->settings = *settings;
    db->address = g_strdup(strstr(url, "://") + 3);
    db->sessions = g_ptr_array_new();
    db->claim = -1;
    lock_init(&db->lock, LOCK_RANK_DATABASE);
    lock_condition_init(&db->turn);
    pthread_key_create(&db->key, session_end);
    db->health =
        (DbHealth){.engine = db->engine, .address = db->address, .settings = &db->settings};
    if (db->engine->protect != NULL)
        db->engine->protect(db->address);
    if (!check_damage(db, error) || !migrate(db, error)) {
        db_close(db);
        return NULL;
    }
    return db;
}

bool
db_claim(Db *db, GError **error)
{
    if (db->claim < 0 && db->engine->claim != NULL)
        db->claim = db->engine->claim(db->address, error);
    return db->claim >= 0 || db->engine->claim == NULL;
}

UNSHARED void
db_close(Db *db)
{
    if (db == NULL)
        return;
    db_health_end(&db->health);
    if (db->claim >= 0)
        close(db->claim);
    pthread_key_delete(db->key);
    for (guint i = 0; i < db->sessions->len; i++) {
        Session *session = g_ptr_array_index(db->sessions, i);
        db->engine->disconnect(session->own);
        g_free(session);
    }
    db->engine->disconnect(db->writer);
    g_ptr_array_free(db->sessions, TRUE);
    lock_destroy(&db->lock);
    pthread_cond_destroy(&db->turn);
    g_free(db->address);
    g_free(db);
}
