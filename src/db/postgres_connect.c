/* Connections to PostgreSQL; the contract is in postgres.h.
 *
 * Each server of the URL is asked by itself, in order, with a limit of its own: the library alone
 * would wait for the first one as long as the network lets it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include "common/time_text.h"
#include "db/migrate.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum {
    /* Longest wait for one server. */
    CONNECT_LIMIT_MS = 10000,
    /* Seconds that a transaction may stand still, or wait for a lock, before the server ends it:
     * a process that was stopped must not hold up the others. */
    STAND_STILL_S = 10,
    DEFAULT_CALL_LIMIT_S = 30,
};

static int64_t
call_limit_ms(const DbSettings *settings)
{
    return (int64_t)(settings->call_limit_s > 0 ? settings->call_limit_s : DEFAULT_CALL_LIMIT_S) *
           1000;
}

/* "PostgreSQL database steel at db1:5432" */
static char *
place_of(const PostgresAddress *address, const PostgresHost *host)
{
    return g_strdup_printf("PostgreSQL database %s at %s%s%s",
                           address->name != NULL ? address->name : "(of the user's name)",
                           host->host != NULL ? host->host : "its socket",
                           host->port != NULL ? ":" : "", host->port != NULL ? host->port : "");
}

/* The server's own end of deadlines. The client gives up a little later, so that the server says
 * why. */
static bool
set_limits(DbConnection *connection, GError **error)
{
    static const char sql[] =
        "SELECT set_config('application_name', "
        "left(current_setting('application_name'), 40) || ?3, false), "
        "set_config('statement_timeout', ?1, false), set_config('lock_timeout', ?2, false), "
        "set_config('idle_in_transaction_session_timeout', ?2, false), "
        "set_config('client_min_messages', 'error', false), set_config('jit', 'off', false), "
        "set_config('default_transaction_isolation', 'read committed', false)";
    int64_t call_ms = connection->call_limit_ms;
    g_autofree char *mark = g_strdup_printf(DB_SCHEMA_MARK "%d", db_schema_known(&db_migrations));
    const DbValue values[] = {db_integer(call_ms * 9 / 10),
                              db_integer(MIN(STAND_STILL_S * INT64_C(1000), call_ms / 2)),
                              db_text(mark)};
    PostgresBatch batch = {.connection = connection};
    postgres_batch_add(&batch, sql, values, G_N_ELEMENTS(values));
    PGresult *result = postgres_batch_run(&batch, error);
    PQclear(result);
    return result != NULL;
}

/* Another program may have changed the schema since this one was started. */
static bool
check_schema(DbConnection *connection, int known, GError **error)
{
    static const char sql[] =
        "SELECT COALESCE(MAX(number), 0) FROM schema_version WHERE expands = 0";
    if (known == 0)
        return true;
    PostgresBatch batch = {.connection = connection};
    postgres_batch_add(&batch, sql, NULL, 0);
    PGresult *result = postgres_batch_run(&batch, error);
    int64_t needed = result != NULL && PQntuples(result) == 1
                         ? g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10)
                         : 0;
    bool good = result != NULL;
    PQclear(result);
    return good && (needed <= known || db_schema_refuse(needed, known, error));
}

static bool
check_encoding(const DbConnection *connection, GError **error)
{
    const char *encoding = PQparameterStatus(connection->handle, "server_encoding");
    return g_strcmp0(encoding, "UTF8") == 0 ||
           steel_fail(error, STEEL_ERROR_DATABASE,
                      "%s has the encoding %s; Steel needs UTF8: CREATE DATABASE ... ENCODING "
                      "'UTF8' TEMPLATE template0",
                      connection->place, encoding != NULL ? encoding : "unknown");
}

/* Steps the library's machine until the connection stands or has failed. False: the time is up. */
static bool
poll_connect(PGconn *handle, int64_t limit_ms)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        struct pollfd wait = {.fd = PQsocket(handle),
                              .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        int64_t left = limit_ms - time_monotonic_ms();
        int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready == 0)
            return false;
        if (ready < 0 && errno == EINTR)
            continue;
        status = PQconnectPoll(handle);
    }
    return true;
}

/* What the URL says stands above the defaults before it; what stands after it holds in any case. */
static PGconn *
begin_connect(const PostgresAddress *address, const PostgresHost *host)
{
    const char *const keywords[] = {"fallback_application_name",
                                    "target_session_attrs",
                                    "tcp_user_timeout",
                                    "keepalives_idle",
                                    "keepalives_interval",
                                    "dbname",
                                    "client_encoding",
                                    "host",
                                    "port",
                                    NULL};
    const char *const values[] = {"steeld",     "read-write", "10000",    "10",       "5",
                                  address->url, "UTF8",       host->host, host->port, NULL};
    return PQconnectStartParams(keywords, values, 1);
}

static bool
finish_connect(DbConnection *connection, const PostgresAddress *address, int schema, GError **error)
{
    PGconn *handle = connection->handle;
    if (handle == NULL)
        return steel_fail(error, STEEL_ERROR_DATABASE, "no memory for a connection");
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
    int64_t limit_ms = MIN(connection->call_limit_ms, (int64_t)CONNECT_LIMIT_MS);
    if (PQstatus(handle) != CONNECTION_BAD && !poll_connect(handle, time_monotonic_ms() + limit_ms))
        return steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                          "%s does not answer: no connection within %.0f s", connection->place,
                          (double)limit_ms / 1000);
    if (PQstatus(handle) != CONNECTION_OK)
        return postgres_fail_connect(connection->place, address->user, PQerrorMessage(handle),
                                     error);
    return check_encoding(connection, error) &&
           ((PQsetnonblocking(handle, 1) == 0 && PQenterPipelineMode(handle)) ||
            postgres_fail_lost(connection, PQerrorMessage(handle), error)) &&
           set_limits(connection, error) && check_schema(connection, schema, error);
}

static void
ignore_notice(void *user_data, const PGresult *result)
{
    (void)user_data;
    (void)result;
}

static DbConnection *
connect_to(const PostgresAddress *address, const PostgresHost *host, const DbSettings *settings,
           GError **error)
{
    DbConnection *connection = g_new0(DbConnection, 1);
    connection->place = place_of(address, host);
    connection->call_limit_ms = call_limit_ms(settings);
    connection->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    connection->handle = begin_connect(address, host);
    if (connection->handle != NULL)
        PQsetNoticeReceiver(connection->handle, ignore_notice, NULL);
    if (finish_connect(connection, address, settings->schema, error))
        return connection;
    postgres_disconnect(connection);
    return NULL;
}

/* A failure that another server may not share outweighs one that they all have. */
DbConnection *
postgres_connect(const char *url, const DbSettings *settings, GError **error)
{
    g_auto(PostgresAddress) address = {0};
    if (!postgres_address_parse(url, &address, error))
        return NULL;
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < address.hosts->len; i++) {
        g_autoptr(GError) cause = NULL;
        DbConnection *connection =
            connect_to(&address, &g_array_index(address.hosts, PostgresHost, i), settings, &cause);
        if (connection != NULL)
            return connection;
        if (first == NULL)
            first = g_steal_pointer(&cause);
        else
            g_prefix_error(&first, "%s; ", cause->message);
    }
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
}

void
postgres_disconnect(DbConnection *connection)
{
    if (connection == NULL)
        return;
    PQfinish(connection->handle);
    g_hash_table_destroy(connection->statements);
    g_free(connection->place);
    g_free(connection);
}
