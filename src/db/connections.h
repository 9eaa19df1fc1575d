/* The connections to a database server: a bounded number, which all threads share. Private to this
 * folder.
 *
 * A server that does not answer is asked by one thread at a time, with growing pauses. For the
 * first seconds of an outage the others wait, since most outages are a restart; then all fail at
 * once with what the server said last, so that no thread hangs on a dead server.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "db/engine.h"

typedef struct DbConnections DbConnections;

/* All are borrowed until db_connections_free. */
DbConnections *db_connections_new(const DbEngine *engine, const char *address,
                                  const DbSettings *settings);

/* Closes all; none may be in use. NULL is fine. */
void db_connections_free(DbConnections *connections);

/* A connection that is nobody else's until it is given back. NULL on failure: DATABASE_BUSY (all
 * are in use, or the server does not answer now), DATABASE (the server refuses). Blocks up to
 * [database]pool_timeout for a free one, and for the engine's limit to connect. */
DbConnection *db_connections_take(DbConnections *connections, GError **error);
void db_connections_give(DbConnections *connections, DbConnection *connection);
