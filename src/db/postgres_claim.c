/* Which process has a name on a PostgreSQL database: advisory locks that live as long as a
 * connection of their own, and so as long as the process, however it ends. Who has a name shares
 * the lock of the database; who has the whole database has that lock alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include "common/backoff.h"
#include "common/time_text.h"
#include "db/migrate.h"

#include <string.h>
#include <unistd.h>

/* The server needs a moment to see that a killed process has gone. */
#define CLAIM_LIMIT_MS 5000

typedef struct Claim {
    DbConnection *connection;
} Claim;

static PGresult *
ask(DbConnection *connection, const char *sql, const DbValue *values, size_t count, GError **error)
{
    PostgresBatch batch = {.connection = connection};
    postgres_batch_add(&batch, sql, values, count);
    return postgres_batch_run(&batch, error);
}

/* Others read the name when they are refused. A host that loses its power is given up within half a
 * minute. */
static bool
introduce(DbConnection *connection, GError **error)
{
    g_autofree char *name =
        g_strdup_printf("steeld (process %d on %.24s)" DB_SCHEMA_MARK "%d", (int)getpid(),
                        g_get_host_name(), db_schema_known(&db_migrations));
    const DbValue values[] = {db_text(name)};
    PGresult *result = ask(connection,
                           "SELECT set_config('application_name', ?1, false), "
                           "set_config('tcp_keepalives_idle', '10', false), "
                           "set_config('tcp_keepalives_interval', '5', false), "
                           "set_config('tcp_keepalives_count', '3', false)",
                           values, G_N_ELEMENTS(values), error);
    PQclear(result);
    return result != NULL;
}

/* An advisory lock by its two keys. */
typedef struct Key {
    const char *function; /* of PostgreSQL, that tries to take it */
    int64_t class, object;
} Key;

#define DATABASE_CLASS 1398031692
#define NAMES_CLASS 1398031693

static bool
try_lock(DbConnection *connection, const Key *key, bool *taken, GError **error)
{
    const DbValue values[] = {db_integer(key->class), db_integer(key->object)};
    g_autofree char *sql =
        g_strdup_printf("SELECT %s(CAST(?1 AS integer), CAST(?2 AS integer))", key->function);
    PGresult *result = ask(connection, sql, values, G_N_ELEMENTS(values), error);
    *taken = result != NULL && PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return result != NULL;
}

static bool
refuse(DbConnection *connection, const Key *key, GError **error)
{
    const DbValue values[] = {db_integer(key->class), db_integer(key->object)};
    PGresult *result = ask(
        connection,
        "SELECT regexp_replace(a.application_name, '" DB_SCHEMA_MARK
        "[0-9]+$', ''), COALESCE(host(a.client_addr), 'this host') FROM pg_locks l "
        "JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND "
        "l.classid = CAST(?1 AS bigint) AND l.objid = CAST(?2 AS bigint) AND "
        "a.datname = current_database() AND a.pid <> pg_backend_pid()",
        values, G_N_ELEMENTS(values), NULL);
    bool known = result != NULL && PQntuples(result) > 0;
    steel_fail(error, STEEL_ERROR_CONFLICT, "another %s works on %s%s, from %s; stop it first%s",
               known ? PQgetvalue(result, 0, 0) : "steeld", connection->place,
               key->class == NAMES_CLASS ? " under the same host name" : "",
               known ? PQgetvalue(result, 0, 1) : "an unknown address",
               key->class == NAMES_CLASS ? ", or give this one a [DEFAULT]host of its own" : "");
    PQclear(result);
    return false;
}

static bool
lock(DbConnection *connection, const Key *key, GError **error)
{
    Backoff backoff = {
        .pause_ms = 20, .longest_ms = 500, .limit_ms = time_monotonic_ms() + CLAIM_LIMIT_MS};
    bool taken = false;
    do
        if (!try_lock(connection, key, &taken, error))
            return false;
    while (!taken && backoff_pause(&backoff));
    return taken || refuse(connection, key, error);
}

/* Two names with the same hash exclude each other: with some dozens of hosts that is one chance in
 * millions, and the error says what to do. */
static bool
lock_name(DbConnection *connection, const char *name, GError **error)
{
    const Key database = {name != NULL ? "pg_try_advisory_lock_shared" : "pg_try_advisory_lock",
                          DATABASE_CLASS, 2};
    const Key own = {"pg_try_advisory_lock", NAMES_CLASS,
                     name != NULL ? (int64_t)(g_str_hash(name) & 0x7fffffff) : 0};
    return introduce(connection, error) && lock(connection, &database, error) &&
           (name == NULL || lock(connection, &own, error));
}

static bool
is_held(const Claim *claim)
{
    return claim != NULL && claim->connection != NULL &&
           db_engine_postgres.is_usable(claim->connection);
}

void *
postgres_claim(const char *address, const DbSettings *settings, const char *name, void *held,
               GError **error)
{
    if (is_held(held))
        return held;
    DbConnection *connection = postgres_connect(address, settings, error);
    if (connection == NULL || !lock_name(connection, name, error)) {
        postgres_disconnect(connection);
        return NULL;
    }
    Claim *claim = held != NULL ? held : g_new0(Claim, 1);
    postgres_disconnect(claim->connection);
    claim->connection = connection;
    return claim;
}

void
postgres_unclaim(void *held)
{
    Claim *claim = held;
    if (claim != NULL)
        postgres_disconnect(claim->connection);
    g_free(claim);
}
