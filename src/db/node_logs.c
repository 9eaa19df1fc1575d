/* Limits history and timeline; the contract is in node_logs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/node_logs.h"

#include "db/sql.h"

/* clang-format off */
static const struct {
    const char *crowded, *prune;
} statements[] = {
#define LOG(table, time)                                                                           \
    {"SELECT node_uuid FROM " table " GROUP BY node_uuid HAVING COUNT(*) > ?1",                    \
     "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " WHERE node_uuid = ?4 AND " time  \
     " <= ?2 AND id <= (SELECT id FROM " table " WHERE node_uuid = ?4 ORDER BY id DESC "           \
     "LIMIT 1 OFFSET ?1) LIMIT ?3)"}
    [DB_LOG_HISTORY] = LOG("node_history", "created_at"),
    [DB_LOG_TIMELINE] = LOG("timeline", "finished_at"),
#undef LOG
};
/* clang-format on */

static bool
collect_text(const DbRow *row, void *user_data)
{
    g_ptr_array_add(user_data, g_strdup(db_row_text(row, 0, NULL)));
    return true;
}

GPtrArray *
db_log_crowded(Db *db, DbLog log, int64_t most, GError **error)
{
    const DbValue value = db_integer(most);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    if (!db_query(db, statements[log].crowded, &value, 1, collect_text, nodes, error))
        return NULL;
    return g_steal_pointer(&nodes);
}

bool
db_log_prune(Db *db, DbLog log, const char *node_uuid, int64_t most, const char *until,
             int64_t limit, int64_t *removed, GError **error)
{
    const DbValue values[] = {db_integer(most), db_text(until), db_integer(limit),
                              db_text(node_uuid)};
    return db_execute(db, statements[log].prune, values, G_N_ELEMENTS(values), removed, error);
}
