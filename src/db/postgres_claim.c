/* Which process acts on a PostgreSQL database: a lock that lives as long as a connection of its
 * own, and so as long as the process, however it ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include "common/backoff.h"
#include "common/time_text.h"

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
        g_strdup_printf("steeld (process %d on %.30s)", (int)getpid(), g_get_host_name());
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

static bool
try_lock(DbConnection *connection, bool *taken, GError **error)
{
    PGresult *result =
        ask(connection, "SELECT pg_try_advisory_lock(1398031692, 2)", NULL, 0, error);
    *taken = result != NULL && PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return result != NULL;
}

static bool
refuse(DbConnection *connection, GError **error)
{
    PGresult *result = ask(
        connection,
        "SELECT a.application_name, COALESCE(host(a.client_addr), 'this host') FROM pg_locks l "
        "JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND "
        "l.classid = 1398031692 AND l.objid = 2 AND a.datname = current_database()",
        NULL, 0, NULL);
    bool known = result != NULL && PQntuples(result) > 0;
    steel_fail(error, STEEL_ERROR_CONFLICT, "another %s works on %s, from %s; stop it first",
               known ? PQgetvalue(result, 0, 0) : "steeld", connection->place,
               known ? PQgetvalue(result, 0, 1) : "an unknown address");
    PQclear(result);
    return false;
}

static bool
lock(DbConnection *connection, GError **error)
{
    Backoff backoff = {
        .pause_ms = 20, .longest_ms = 500, .limit_ms = time_monotonic_ms() + CLAIM_LIMIT_MS};
    bool taken = false;
    if (!introduce(connection, error))
        return false;
    do
        if (!try_lock(connection, &taken, error))
            return false;
    while (!taken && backoff_pause(&backoff));
    return taken || refuse(connection, error);
}

static bool
is_held(const Claim *claim)
{
    return claim != NULL && claim->connection != NULL &&
           db_engine_postgres.is_usable(claim->connection);
}

void *
postgres_claim(const char *address, const DbSettings *settings, void *held, GError **error)
{
    if (is_held(held))
        return held;
    DbConnection *connection = postgres_connect(address, settings, error);
    if (connection == NULL || !lock(connection, error)) {
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
