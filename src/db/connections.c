/* Shared connections; the contract is in connections.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/connections.h"

#include "common/log.h"
#include "common/time_text.h"

enum {
    /* For so long an outage looks like a restart. */
    OUTAGE_WAIT_MS = 5000,
    FIRST_PAUSE_MS = 50,
    LONGEST_PAUSE_MS = 1000,
    /* A connection beyond max_pool_size is closed when nobody has used it for so long. */
    SURPLUS_MS = 60000,
};

typedef struct Idle {
    DbConnection *connection;
    int64_t since_ms;
    int64_t opened_ms;
} Idle;

struct DbConnections {
    const DbEngine *engine;
    const char *address;
    const DbSettings *settings;
    Lock lock; /* guards the marked members; not held while the engine works */
    pthread_cond_t changed;
    GQueue idle GUARDED;           /* Idle, owned; the one that was used last stands first */
    GHashTable *opened GUARDED;    /* DbConnection * -> when it was opened, int64_t * owned */
    unsigned count GUARDED;        /* open ones, and those being opened */
    int64_t down_since_ms GUARDED; /* 0: the server answers */
    int64_t next_try_ms GUARDED;
    int64_t pause_ms GUARDED;
    GError *outage GUARDED; /* what the server said last; NULL while it answers */
};

UNSHARED DbConnections *
db_connections_new(const DbEngine *engine, const char *address, const DbSettings *settings)
{
    DbConnections *connections = g_new0(DbConnections, 1);
    connections->engine = engine;
    connections->address = address;
    connections->settings = settings;
    lock_init(&connections->lock, LOCK_RANK_DATABASE);
    lock_condition_init(&connections->changed);
    g_queue_init(&connections->idle);
    connections->opened = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return connections;
}

UNSHARED void
db_connections_free(DbConnections *connections)
{
    if (connections == NULL)
        return;
    for (Idle *idle; (idle = g_queue_pop_head(&connections->idle)) != NULL; g_free(idle))
        connections->engine->disconnect(idle->connection);
    g_hash_table_destroy(connections->opened);
    g_clear_error(&connections->outage);
    lock_destroy(&connections->lock);
    pthread_cond_destroy(&connections->changed);
    g_free(connections);
}

static unsigned
limit_of(const DbConnections *connections)
{
    return MAX(connections->settings->pool_size + connections->settings->pool_overflow, 1);
}

static void drop(DbConnections *connections, DbConnection *connection) EXCLUDES(connections->lock);

static void
drop(DbConnections *connections, DbConnection *connection)
{
    connections->engine->disconnect(connection);
    lock_acquire(&connections->lock);
    g_hash_table_remove(connections->opened, connection);
    connections->count--;
    pthread_cond_signal(&connections->changed);
    lock_release(&connections->lock);
}

/* ---- opening ---- */

static void note_outage(DbConnections *connections, const GError *cause)
    REQUIRES(connections->lock);

static void
note_outage(DbConnections *connections, const GError *cause)
{
    int64_t now = time_monotonic_ms();
    if (connections->outage == NULL) {
        log_warning("db", "%s", cause->message);
        connections->down_since_ms = now;
        connections->pause_ms = FIRST_PAUSE_MS;
    } else {
        connections->pause_ms = MIN(connections->pause_ms * 2, LONGEST_PAUSE_MS);
    }
    connections->next_try_ms = now + connections->pause_ms;
    g_clear_error(&connections->outage);
    connections->outage = g_error_copy(cause);
    pthread_cond_broadcast(&connections->changed);
}

static void note_opened(DbConnections *connections, DbConnection *connection)
    REQUIRES(connections->lock);

static void
note_opened(DbConnections *connections, DbConnection *connection)
{
    int64_t now = time_monotonic_ms();
    int64_t *opened = g_new(int64_t, 1);
    *opened = now;
    g_hash_table_insert(connections->opened, connection, opened);
    if (connections->outage == NULL)
        return;
    log_info("db", "the database answers again, after %.1f s",
             (double)(now - connections->down_since_ms) / 1000);
    g_clear_error(&connections->outage);
    pthread_cond_broadcast(&connections->changed);
}

/* One try, counted already. NULL without an error: others may have better luck. */
static DbConnection *
open_one(DbConnections *connections, GError **error)
{
    g_autoptr(GError) cause = NULL;
    DbConnection *connection =
        connections->engine->connect(connections->address, connections->settings, &cause);
    lock_acquire(&connections->lock);
    if (connection != NULL) {
        note_opened(connections, connection);
    } else {
        connections->count--;
        if (steel_error_is(cause, STEEL_ERROR_DATABASE_BUSY))
            note_outage(connections, cause);
        else
            g_propagate_error(error, g_steal_pointer(&cause));
        pthread_cond_signal(&connections->changed);
    }
    lock_release(&connections->lock);
    return connection;
}

/* ---- taking ---- */

/* What a thread may do now. */
typedef enum Turn { TURN_HAS_IDLE, TURN_MAY_OPEN, TURN_WAITS, TURN_FAILS } Turn;

static Turn turn_now(DbConnections *connections, Idle *out, int64_t now)
    REQUIRES(connections->lock);

/* While the server does not answer, one thread after the other asks it. A thread that could get a
 * connection from another one waits for that. */
static Turn
turn_now(DbConnections *connections, Idle *out, int64_t now)
{
    Idle *idle = g_queue_pop_head(&connections->idle);
    if (idle != NULL) {
        *out = *idle;
        g_free(idle);
        return TURN_HAS_IDLE;
    }
    if (connections->count >= limit_of(connections))
        return TURN_WAITS;
    if (connections->outage != NULL && now < connections->next_try_ms)
        return g_hash_table_size(connections->opened) > 0 ||
                       now - connections->down_since_ms < OUTAGE_WAIT_MS
                   ? TURN_WAITS
                   : TURN_FAILS;
    connections->next_try_ms = now + LONGEST_PAUSE_MS; /* of an outage: the others wait for this */
    connections->count++;
    return TURN_MAY_OPEN;
}

static Turn wait_for_turn(DbConnections *connections, Idle *out, int64_t limit_ms, GError **error)
    EXCLUDES(connections->lock);

static Turn
wait_for_turn(DbConnections *connections, Idle *out, int64_t limit_ms, GError **error)
{
    Turn turn;
    lock_acquire(&connections->lock);
    for (int64_t now;
         (now = time_monotonic_ms(), turn = turn_now(connections, out, now)) == TURN_WAITS &&
         now < limit_ms;) {
        int64_t until = connections->outage != NULL && connections->next_try_ms > now
                            ? MIN(limit_ms, connections->next_try_ms)
                            : limit_ms;
        (void)lock_wait_until(&connections->lock, &connections->changed, until);
    }
    if (turn >= TURN_WAITS && connections->outage != NULL && error != NULL)
        *error = g_error_copy(connections->outage);
    else if (turn >= TURN_WAITS)
        steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                   "all %u connections to the database were in use for %u s; try again, or raise "
                   "[database]max_pool_size or max_overflow",
                   limit_of(connections), connections->settings->pool_timeout_s);
    lock_release(&connections->lock);
    return turn;
}

static bool
is_fresh(const DbConnections *connections, const Idle *idle)
{
    int recycle_s = connections->settings->recycle_s;
    return (recycle_s <= 0 || time_monotonic_ms() - idle->opened_ms < (int64_t)recycle_s * 1000) &&
           connections->engine->is_usable(idle->connection);
}

DbConnection *
db_connections_take(DbConnections *connections, GError **error)
{
    Idle idle = {0};
    GError *cause = NULL;
    int64_t limit_ms = time_monotonic_ms() + (int64_t)connections->settings->pool_timeout_s * 1000;
    for (;;) {
        Turn turn = wait_for_turn(connections, &idle, limit_ms, error);
        if (turn >= TURN_WAITS)
            return NULL;
        if (turn == TURN_HAS_IDLE && is_fresh(connections, &idle))
            return idle.connection;
        if (turn == TURN_HAS_IDLE) {
            drop(connections, idle.connection);
            continue;
        }
        DbConnection *connection = open_one(connections, &cause);
        if (connection != NULL)
            return connection;
        if (cause != NULL) {
            g_propagate_error(error, cause);
            return NULL;
        }
    }
}

static DbConnection *surplus(DbConnections *connections) REQUIRES(connections->lock);

/* The connection that is to be closed, if there is one. */
static DbConnection *
surplus(DbConnections *connections)
{
    Idle *oldest = g_queue_peek_tail(&connections->idle);
    if (connections->count <= connections->settings->pool_size || oldest == NULL ||
        time_monotonic_ms() - oldest->since_ms < SURPLUS_MS)
        return NULL;
    DbConnection *connection = oldest->connection;
    g_free(g_queue_pop_tail(&connections->idle));
    return connection;
}

void
db_connections_give(DbConnections *connections, DbConnection *connection)
{
    if (!connections->engine->is_usable(connection)) {
        drop(connections, connection);
        return;
    }
    Idle *idle = g_new(Idle, 1);
    lock_acquire(&connections->lock);
    const int64_t *opened = g_hash_table_lookup(connections->opened, connection);
    *idle = (Idle){connection, time_monotonic_ms(), opened != NULL ? *opened : 0};
    g_queue_push_head(&connections->idle, idle);
    DbConnection *old = surplus(connections);
    pthread_cond_signal(&connections->changed);
    lock_release(&connections->lock);
    if (old != NULL)
        drop(connections, old);
}
