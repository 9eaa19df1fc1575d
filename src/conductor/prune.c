/* What would grow for ever is cut back: history and timeline of nodes, conductors that are gone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Removes in batches, so that no other writer waits for long. */
static void
remove_all(Conductor *conductor, const char *what, const char *sql, const DbValue *values,
           size_t count, int64_t batch)
{
    g_autoptr(GError) error = NULL;
    int64_t removed = batch, total = 0;
    while (removed >= batch && !conductor->stopping) {
        if (!db_execute(conductor->services.db, sql, values, count, &removed, &error)) {
            log_warning("conductor.prune", "%s: %s", what, error->message);
            return;
        }
        total += removed;
    }
    if (total > 0)
        log_info("conductor.prune", "%s: %lld rows removed", what, (long long)total);
}

void
history_prune_run(Conductor *conductor)
{
    const Config *config = config_current();
    int64_t most = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_MAX_ENTRIES),
            batch = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_CLEANUP_BATCH_COUNT),
            days = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_MINIMUM_DAYS);
    char until[TIME_TEXT_SIZE];
    time_text_ms(time_now_ms() - days * DAY_MS, until);
    const DbValue values[] = {db_integer(most), db_text(until), db_integer(batch)};
    if (most <= 0)
        return;
    remove_all(conductor, "history",
               "DELETE FROM node_history WHERE id IN (SELECT id FROM (SELECT id, created_at, "
               "ROW_NUMBER() OVER (PARTITION BY node_uuid ORDER BY id DESC) AS age "
               "FROM node_history) AS aged WHERE age > ?1 AND created_at <= ?2 LIMIT ?3)",
               values, G_N_ELEMENTS(values), batch);
    remove_all(conductor, "timeline",
               "DELETE FROM timeline WHERE id IN (SELECT id FROM (SELECT id, finished_at, "
               "ROW_NUMBER() OVER (PARTITION BY node_uuid ORDER BY id DESC) AS age "
               "FROM timeline) AS aged WHERE age > ?1 AND finished_at <= ?2 LIMIT ?3)",
               values, G_N_ELEMENTS(values), batch);
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
    remove_all(conductor, "conductors",
               "DELETE FROM conductors WHERE id IN (SELECT id FROM conductors WHERE "
               "COALESCE(updated_at, created_at) <= ?1 AND lease <> ?2 LIMIT ?3)",
               values, G_N_ELEMENTS(values), batch);
}
