/* What would grow for ever is cut back: history and timeline of nodes, conductors that are gone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Removes in batches, so that no other writer waits for long. Returns how many rows went. */
static int64_t
remove_all(Conductor *conductor, const char *what, const char *sql, const DbValue *values,
           size_t count, int64_t batch)
{
    g_autoptr(GError) error = NULL;
    int64_t removed = batch, total = 0;
    while (removed >= batch && !conductor->stopping) {
        if (!db_execute(conductor->services.db, sql, values, count, &removed, &error)) {
            log_warning("conductor.prune", "%s: %s", what, error->message);
            return total;
        }
        total += removed;
    }
    return total;
}

/* A table of which each node keeps its newest rows. */
typedef struct Pruned {
    const char *what, *crowded, *remove;
} Pruned;

/* ?1: rows that stay, ?2: only rows up to this time, ?3: the batch, ?4: the node */
static const Pruned pruned[] = {
    {"history",  "SELECT node_uuid FROM node_history GROUP BY node_uuid HAVING COUNT(*) > ?1",
     "DELETE FROM node_history WHERE id IN (SELECT id FROM node_history WHERE node_uuid = ?4 AND "
     "created_at <= ?2 AND id <= (SELECT id FROM node_history WHERE node_uuid = ?4 ORDER BY id "
     "DESC LIMIT 1 OFFSET ?1) LIMIT ?3)"},
    {"timeline", "SELECT node_uuid FROM timeline GROUP BY node_uuid HAVING COUNT(*) > ?1",
     "DELETE FROM timeline WHERE id IN (SELECT id FROM timeline WHERE node_uuid = ?4 AND "
     "finished_at <= ?2 AND id <= (SELECT id FROM timeline WHERE node_uuid = ?4 ORDER BY id "
     "DESC LIMIT 1 OFFSET ?1) LIMIT ?3)"},
};

static bool
collect_text(const DbRow *row, void *user_data)
{
    g_ptr_array_add(user_data, g_strdup(db_row_text(row, 0, NULL)));
    return true;
}

static void
prune(Conductor *conductor, const Pruned *table, int64_t most)
{
    const Config *config = config_current();
    int64_t batch = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_CLEANUP_BATCH_COUNT),
            days = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_MINIMUM_DAYS), total = 0;
    char until[TIME_TEXT_SIZE];
    time_text_ms(time_now_ms() - days * DAY_MS, until);
    DbValue values[] = {db_integer(most), db_text(until), db_integer(batch), db_text(NULL)};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    if (!db_query(conductor->services.db, table->crowded, values, 1, collect_text, nodes, &error))
        log_warning("conductor.prune", "%s: %s", table->what, error->message);
    for (guint i = 0; i < nodes->len && !conductor->stopping; i++) {
        values[3] = db_text(nodes->pdata[i]);
        total +=
            remove_all(conductor, table->what, table->remove, values, G_N_ELEMENTS(values), batch);
    }
    if (total > 0)
        log_info("conductor.prune", "%s: %lld rows removed", table->what, (long long)total);
}

static void
prune_job(void *data)
{
    int64_t most = config_integer(config_current(), OPT_CONDUCTOR_NODE_HISTORY_MAX_ENTRIES);
    for (size_t i = 0; i < G_N_ELEMENTS(pruned) && most > 0; i++)
        prune(data, &pruned[i], most);
}

/* Not on the clock's thread: there may be much to remove. */
void
history_prune_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    if (!pool_submit(conductor->quick, prune_job, conductor, &error))
        log_warning("conductor.prune", "%s", error->message);
}

void
conductors_prune_run(Conductor *conductor)
{
    const Config *config = config_current();
    int64_t batch = config_integer(config, OPT_CONDUCTOR_CONDUCTOR_CLEANUP_BATCH_SIZE),
            timeout_s = config_integer(config, OPT_CONDUCTOR_CONDUCTOR_CLEANUP_TIMEOUT);
    char until[TIME_TEXT_SIZE];
    time_text_ms(time_now_ms() - timeout_s * 1000, until);
    const DbValue values[] = {db_text(until), db_text(conductor->lease), db_integer(batch)};
    int64_t total =
        remove_all(conductor, "conductors",
                   "DELETE FROM conductors WHERE id IN (SELECT id FROM conductors WHERE "
                   "COALESCE(updated_at, created_at) <= ?1 AND lease <> ?2 LIMIT ?3)",
                   values, G_N_ELEMENTS(values), batch);
    if (total > 0)
        log_info("conductor.prune", "conductors: %lld forgotten", (long long)total);
}
