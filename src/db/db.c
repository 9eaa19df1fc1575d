/* Connections of threads, the writers' turns, and transactions; the contract is in db.h.
 *
 * An engine with a single writer has one connection for writing, and the thread that has the
 * writers' turn uses it. Its cache stays valid, since nobody else changes the file. The cache of a
 * thread's own connection, which only reads, is void after each change.
 *
 * Of a server's connections a thread has one while it needs it: for a statement and its rows, or
 * for a transaction.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/db.h"

#include "common/backoff.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "db/connections.h"
#include "db/engine.h"
#include "db/health.h"
#include "db/internal.h"
#include "db/sql.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

const DbSettings db_throw_away = {.synchronous = false,
                                  .wait_limit_s = 10,
                                  .pool_size = 5,
                                  .pool_overflow = 50,
                                  .pool_timeout_s = 30,
                                  .tries = 20};

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
    DbConnections *connections;  /* of an engine whose connections are shared; NULL: none */
    void *claim;                 /* the engine's; NULL until db_claim */
    SealKeys *keys;              /* of secrets; NULL: none in use */
    DbHealth health;
};

/* A thread's connection, and how many transactions it is in. Only that thread uses it. */
typedef struct Session {
    Db *db;
    DbConnection *own; /* NULL until first needed; a shared one: while it is needed */
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
        *place = db->connections != NULL ? db_connections_take(db->connections, error)
                                         : db->engine->connect(db->address, &db->settings, error);
    return *place;
}

/* Gives a shared connection back; `kept`: the thread had it before, and needs it further. */
static void
connection_give(Session *session, bool kept)
{
    Db *db = session->db;
    if (db->connections != NULL && !kept && session->own != NULL)
        db_connections_give(db->connections, g_steal_pointer(&session->own));
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

/* Notes what a failure tells about the database. Always false. */
static bool
note_failure(Session *session, const DbConnection *connection, GError *cause, GError **error)
{
    if (steel_error_is(cause, STEEL_ERROR_CONFLICT))
        session->db->engine->conflict(connection, &session->conflict);
    if (steel_error_is(cause, STEEL_ERROR_DATABASE_DAMAGED))
        db_health_note(&session->db->health, cause->message);
    g_propagate_error(error, cause);
    return false;
}

static bool
run_once(Session *session, const DbStatement *statement, DbRowFunc func, void *user_data,
         int64_t *changed, GError **error)
{
    GError *cause = NULL;
    DbConnection *connection =
        connection_of(session, statement->writes || session->depth > 0, error);
    if (connection == NULL)
        return false;
    return session->db->engine->run(connection, statement, func, user_data, changed, &cause) ||
           note_failure(session, connection, cause, error);
}

/* The pauses before further tries of what may be repeated. */
static Backoff
tries_of(const Db *db)
{
    return (Backoff){.pause_ms = 10,
                     .longest_ms = 500,
                     .limit_ms = time_monotonic_ms() + (int64_t)db->settings.wait_limit_s * 1000};
}

/* True after a pause if the failure has left nothing behind, and there are tries left. */
static bool
try_again(const Session *session, bool good, unsigned *tries, Backoff *backoff, GError **error)
{
    const Db *db = session->db;
    if (good || db->engine->may_repeat == NULL || session->own == NULL ||
        !db->engine->may_repeat(session->own) || ++*tries > db->settings.tries)
        return false;
    if (*tries == 1)
        *backoff = tries_of(db);
    if (!backoff_pause(backoff))
        return false;
    log_debug("db", "once more: %s", error != NULL ? (*error)->message : "a failure");
    if (error != NULL)
        g_clear_error(error);
    return true;
}

/* Runs a statement, outside of a transaction as often as it may be repeated. */
static bool
run(Session *session, const DbStatement *statement, DbRowFunc func, void *user_data,
    int64_t *changed, GError **error)
{
    bool kept = session->own != NULL, good, again;
    unsigned tries = 0;
    Backoff backoff = {0};
    lock_check_io("ask the database");
    do {
        good = run_once(session, statement, func, user_data, changed, error);
        again = session->depth == 0 && try_again(session, good, &tries, &backoff, error);
        connection_give(session, kept);
    } while (again);
    return good;
}

/* All threads share the connection for writing, so one that cannot roll back is closed. That undoes
 * its work. */
static void
roll_back(Session *session)
{
    Db *db = session->db;
    g_autoptr(GError) ignored = NULL; /* the caller has the first error already */
    DbConnection *connection = connection_of(session, true, &ignored);
    if (connection != NULL && !db->engine->roll_back(connection, &ignored) &&
        db->engine->single_writer)
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

static bool
commit(Session *session, DbConnection *connection, GError **error)
{
    GError *cause = NULL;
    return session->db->engine->commit(connection, &cause) ||
           note_failure(session, connection, cause, error);
}

/* Runs the whole transaction once, on a connection that the thread keeps meanwhile. */
static bool
transact(Session *session, DbWorkKind kind, DbWork work, void *user_data, GError **error)
{
    Db *db = session->db;
    GError *cause = NULL;
    lock_check_io("ask the database");
    DbConnection *connection = connection_of(session, true, error);
    if (connection == NULL)
        return false;
    if (!db->engine->begin(connection, kind, &cause))
        return note_failure(session, connection, cause, error);
    session->depth = 1;
    session->kind = kind;
    bool good = work(db, user_data, error) && commit(session, connection, error);
    session->depth = 0;
    if (!good)
        roll_back(session);
    return good;
}

bool
db_transaction(Db *db, DbWorkKind kind, DbWork work, void *user_data, GError **error)
{
    Session *session = session_of_thread(db);
    if (session->depth > 0)
        return join(session, kind, work, user_data, error);
    if (!db_health_may_write(&db->health, error) || !writer_begin(db, error))
        return false;
    bool kept = session->own != NULL, good, again;
    unsigned tries = 0;
    Backoff backoff = {0};
    g_autoptr(GError) cause = NULL; /* the caller may not want it */
    do {
        good = transact(session, kind, work, user_data, &cause);
        again = try_again(session, good, &tries, &backoff, &cause);
        connection_give(session, kept && !again);
    } while (again);
    if (good)
        metrics_add(METRIC_DB_COMMITS, 1);
    else
        g_propagate_error(error, g_steal_pointer(&cause));
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
    const DbStatement statement = {sql, values, count, false};
    count_statement();
    return run(session_of_thread(db), &statement, func, user_data, NULL, error);
}

bool
db_execute(Db *db, const char *sql, const DbValue *values, size_t count, int64_t *changed,
           GError **error)
{
    const DbStatement statement = {sql, values, count, true};
    Session *session = session_of_thread(db);
    count_statement();
    bool alone = session->depth == 0;
    if (alone && (!db_health_may_write(&db->health, error) || !writer_begin(db, error)))
        return false;
    bool good = run(session, &statement, NULL, NULL, changed, error);
    if (alone && good)
        metrics_add(METRIC_DB_COMMITS, 1);
    if (alone)
        writer_end(db);
    return good;
}

bool
db_run_script(Db *db, const char *sql, GError **error)
{
    GError *cause = NULL;
    Session *session = session_of_thread(db);
    DbConnection *connection = connection_of(session, true, error);
    if (connection == NULL)
        return false;
    return db->engine->script(connection, sql, &cause) ||
           note_failure(session, connection, cause, error);
}

SealKeys *
db_keys(const Db *db)
{
    return db->keys;
}

void
db_set_keys(Db *db, SealKeys *keys)
{
    seal_keys_free(db->keys);
    db->keys = keys;
}

bool
db_wipe_deleted(Db *db, GError **error)
{
    if (db->engine->wipe_deleted == NULL)
        return true;
    if (!db_health_may_write(&db->health, error) || !writer_begin(db, error))
        return false;
    DbConnection *connection = connection_of(session_of_thread(db), true, error);
    bool good = connection != NULL && db->engine->wipe_deleted(connection, error);
    writer_end(db);
    return good;
}

bool
db_may_write(Db *db)
{
    return db_health_may_write(&db->health, NULL);
}

const DbSettings *
db_settings(const Db *db)
{
    return &db->settings;
}

bool
db_may_block(const Db *db)
{
    return db->connections != NULL;
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

bool
db_alive(Db *db, GError **error)
{
    int64_t one = 0;
    return db_health_is_good(&db->health, error) &&
           db_query(db, "SELECT 1", NULL, 0, db_read_integer, &one, error);
}

bool
db_size(Db *db, int64_t *size, GError **error)
{
    return db_query(db, db->engine->size, NULL, 0, db_read_integer, size, error);
}

static bool
check_damage(Db *db, GError **error)
{
    if (db->engine->check == NULL)
        return true;
    DbConnection *connection = connection_of(session_of_thread(db), false, error);
    if (connection == NULL)
        return false;
    db_health_begin(&db->health, connection);
    return true;
}

UNSHARED Db *
db_new(const char *url, const DbSettings *settings, GError **error)
{
    if (!db_check_url(url, error))
        return NULL;
    Db *db = g_new0(Db, 1);
    db->engine = db_engine_of(url);
    db->settings = *settings;
    db->address = g_strdup(strstr(url, "://") + 3);
    db->sessions = g_ptr_array_new();
    lock_init(&db->lock, LOCK_RANK_DATABASE);
    lock_condition_init(&db->turn);
    pthread_key_create(&db->key, session_end);
    if (db->engine->pooled)
        db->connections = db_connections_new(db->engine, db->address, &db->settings);
    db->health =
        (DbHealth){.engine = db->engine, .address = db->address, .settings = &db->settings};
    if (db->engine->protect != NULL)
        db->engine->protect(db->address);
    if (check_damage(db, error))
        return db;
    db_close(db);
    return NULL;
}

UNSHARED void
db_set_schema(Db *db, int known)
{
    db->settings.schema = known;
}

bool
db_is_shared(const Db *db)
{
    return !db->engine->single_writer;
}

bool
db_claim(Db *db, const char *name, GError **error)
{
    void *held = db->engine->claim(db->address, &db->settings, name, db->claim, error);
    if (held != NULL)
        db->claim = held;
    return held != NULL;
}

UNSHARED void
db_close(Db *db)
{
    if (db == NULL)
        return;
    db_health_end(&db->health);
    db->engine->unclaim(db->claim);
    pthread_key_delete(db->key);
    for (guint i = 0; i < db->sessions->len; i++) {
        Session *session = g_ptr_array_index(db->sessions, i);
        db->engine->disconnect(session->own);
        g_free(session);
    }
    db_connections_free(db->connections);
    db->engine->disconnect(db->writer);
    g_ptr_array_free(db->sessions, TRUE);
    seal_keys_free(db->keys);
    lock_destroy(&db->lock);
    pthread_cond_destroy(&db->turn);
    g_free(db->address);
    g_free(db);
}
