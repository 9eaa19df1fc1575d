/* Statements that go to the server together; the contract is in postgres.h.
 *
 * The connection stays in the library's pipeline mode: what belongs together takes one way to the
 * server and back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include "common/time_text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Prepared statements of a connection; then all are forgotten. */
    STATEMENT_LIMIT = 256,
    NUMBER_SIZE = 24,
};

static void
add_step(PostgresBatch *batch, bool queued, const char *sql, char *name)
{
    batch->sent = (batch->count == 0 || batch->sent) && queued;
    batch->steps[batch->count].sql = sql;
    batch->steps[batch->count++].name = name;
}

void
postgres_batch_add_once(PostgresBatch *batch, const char *sql)
{
    PGconn *handle = batch->connection->handle;
    add_step(batch, PQsendQueryParams(handle, sql, 0, NULL, NULL, NULL, NULL, 0), sql, NULL);
}

/* The statement's name on the server; prepared in this batch if it has none yet. */
static const char *
name_of(PostgresBatch *batch, const char *sql)
{
    DbConnection *connection = batch->connection;
    const char *known = g_hash_table_lookup(connection->statements, sql);
    if (known != NULL)
        return known;
    char *name = g_strdup_printf("s%u", ++connection->names);
    g_autofree char *text = postgres_statement(sql);
    add_step(batch, PQsendPrepare(connection->handle, name, text, 0, NULL), sql, name);
    return name;
}

void
postgres_batch_add(PostgresBatch *batch, const char *sql, const DbValue *values, size_t count)
{
    PGconn *handle = batch->connection->handle;
    const char *name = name_of(batch, sql);
    g_autofree const char **texts = g_new(const char *, count + 1);
    g_autofree char *numbers = g_malloc(count * NUMBER_SIZE + 1);
    for (size_t i = 0; i < count; i++) {
        char *number = numbers + i * NUMBER_SIZE;
        if (values[i].type == DB_INTEGER)
            snprintf(number, NUMBER_SIZE, "%" G_GINT64_FORMAT, values[i].integer);
        texts[i] = values[i].type == DB_NULL   ? NULL
                   : values[i].type == DB_TEXT ? values[i].text
                                               : number;
    }
    add_step(batch, PQsendQueryPrepared(handle, name, (int)count, texts, NULL, NULL, 0), sql, NULL);
}

/* ---- the answers ---- */

/* Waits for the socket until the limit. False: the time is up. */
static bool
wait_for_socket(PGconn *handle, short events, int64_t limit_ms)
{
    struct pollfd wait = {.fd = PQsocket(handle), .events = events};
    for (;;) {
        int64_t left = limit_ms - time_monotonic_ms();
        if (left <= 0)
            return false;
        int ready = poll(&wait, 1, (int)MIN(left, G_MAXINT));
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true; /* the library tells what is wrong */
    }
}

/* Sends and reads until the next answer is there. False: the time is up, or the connection is
 * lost. */
static bool
wait_for_answer(DbConnection *connection, int64_t limit_ms, GError **error)
{
    PGconn *handle = connection->handle;
    while (PQisBusy(handle)) {
        int rest = PQflush(handle);
        short events = rest > 0 ? POLLIN | POLLOUT : POLLIN;
        if (rest < 0)
            return postgres_fail_lost(connection, PQerrorMessage(handle), error);
        if (!wait_for_socket(handle, events, limit_ms))
            return postgres_fail_late(connection, error);
        if (!PQconsumeInput(handle) && PQstatus(handle) == CONNECTION_BAD)
            return postgres_fail_lost(connection, PQerrorMessage(handle), error);
    }
    return true;
}

/* The next answer, NULL at the end of a statement's answers or when the connection failed. */
static PGresult *
next_answer(DbConnection *connection, int64_t limit_ms, GError **error)
{
    return wait_for_answer(connection, limit_ms, error) ? PQgetResult(connection->handle) : NULL;
}

static bool
is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* The answer of one step. The first failure is the batch's: what follows was not done for it. */
static PGresult *
take_step(PostgresBatch *batch, size_t index, int64_t limit_ms, GError **failure)
{
    DbConnection *connection = batch->connection;
    PGresult *result = next_answer(connection, limit_ms, *failure == NULL ? failure : NULL);
    if (result != NULL && PQresultStatus(result) == PGRES_FATAL_ERROR && *failure == NULL)
        postgres_fail(connection, result, failure);
    if (result != NULL && is_good(result) && batch->steps[index].name != NULL)
        g_hash_table_insert(connection->statements, g_strdup(batch->steps[index].sql),
                            g_steal_pointer(&batch->steps[index].name));
    g_free(batch->steps[index].name);
    if (PQstatus(connection->handle) == CONNECTION_OK && !connection->broken)
        PQclear(next_answer(connection, limit_ms, *failure == NULL ? failure : NULL));
    return result;
}

/* The end of the batch, at which the server has committed what has no transaction of its own. */
static void
take_end(DbConnection *connection, int64_t limit_ms, GError **failure)
{
    if (connection->broken && *failure != NULL)
        return;
    PGresult *end = next_answer(connection, limit_ms, *failure == NULL ? failure : NULL);
    if (end != NULL && PQresultStatus(end) == PGRES_FATAL_ERROR && *failure == NULL) {
        postgres_fail(connection, end, failure);
        connection->may_repeat = false; /* it may be done */
    }
    PQclear(end);
}

static PGresult *
collect(PostgresBatch *batch, GError **error)
{
    DbConnection *connection = batch->connection;
    g_autoptr(GError) failure = NULL;
    PGresult *last = NULL;
    int64_t limit_ms = time_monotonic_ms() + connection->call_limit_ms;
    for (size_t i = 0; i < batch->count; i++) {
        PQclear(last);
        last = take_step(batch, i, limit_ms, &failure);
    }
    take_end(connection, limit_ms, &failure);
    if (failure == NULL && last != NULL && is_good(last))
        return last;
    PQclear(last);
    if (failure == NULL)
        postgres_fail_lost(connection, PQerrorMessage(connection->handle), &failure);
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
}

void
postgres_forget_statements(DbConnection *connection)
{
    if (connection->in_transaction || g_hash_table_size(connection->statements) < STATEMENT_LIMIT)
        return;
    PostgresBatch batch = {.connection = connection};
    postgres_batch_add_once(&batch, "DEALLOCATE ALL");
    g_hash_table_remove_all(connection->statements);
    PQclear(postgres_batch_run(&batch, NULL)); /* a connection that fails is broken now */
}

PGresult *
postgres_batch_run(PostgresBatch *batch, GError **error)
{
    DbConnection *connection = batch->connection;
    if (batch->sent && PQpipelineSync(connection->handle) && PQflush(connection->handle) >= 0)
        return collect(batch, error);
    for (size_t i = 0; i < batch->count; i++)
        g_free(batch->steps[i].name);
    postgres_fail_lost(connection, PQerrorMessage(connection->handle), error);
    return NULL;
}
