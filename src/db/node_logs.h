/* The logs of each node: its history and its timeline. Each keeps its newest rows.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

typedef enum DbLog { DB_LOG_HISTORY, DB_LOG_TIMELINE } DbLog;

/* The UUIDs of the nodes with more than `most` rows; owned by the array. NULL on failure. */
GPtrArray *db_log_crowded(Db *db, DbLog log, int64_t most, GError **error);

/* Removes rows of a node beyond its `most` newest, none younger than `until` (ISO 8601 text), at
 * most `limit`.
 * removed  out: how many */
bool db_log_prune(Db *db, DbLog log, const char *node_uuid, int64_t most, const char *until,
                  int64_t limit, int64_t *removed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
