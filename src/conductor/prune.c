/* Deletes old rows that would grow forever: history and timeline of nodes, conductors that are
 * gone. Of several conductors one does it for all.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "conductor/periodic.h"
#include "db/conductors.h"
#include "db/node_logs.h"
#include "drivers/boot/virtual_media_images.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const struct {
    const char *what;
    DbLog log;
} logs[] = {
    {"history", DB_LOG_HISTORY},
    {"timeline", DB_LOG_TIMELINE},
};

static bool
warn(const char *what, const GError *error)
{
    log_warning("conductor.prune", "%s: %s", what, error->message);
    return false;
}

/* How much stays for each node. */
typedef struct Keep {
    int64_t most, batch;
    char until[TIME_TEXT_SIZE];
} Keep;

/* Deletes in batches, so that no other writer waits for long. Returns the number of deleted
 * rows. */
static int64_t
prune_node(Conductor *conductor, size_t row, const char *node_uuid, const Keep *keep)
{
    g_autoptr(GError) error = NULL;
    int64_t removed = keep->batch, total = 0;
    while (removed >= keep->batch && !conductor->stopping) {
        if (!db_log_prune(conductor->services.db, logs[row].log, node_uuid, keep->most, keep->until,
                          keep->batch, &removed, &error)) {
            warn(logs[row].what, error);
            return total;
        }
        total += removed;
    }
    return total;
}

static void
prune_log(Conductor *conductor, size_t row, const Keep *keep)
{
    int64_t total = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes =
        db_log_crowded(conductor->services.db, logs[row].log, keep->most, &error);
    if (nodes == NULL) {
        warn(logs[row].what, error);
        return;
    }
    for (guint i = 0; i < nodes->len && !conductor->stopping; i++)
        total += prune_node(conductor, row, nodes->pdata[i], keep);
    if (total > 0)
        log_info("conductor.prune", "%s: %lld rows removed", logs[row].what, (long long)total);
}

static void
prune_job(void *data)
{
    const Config *config = config_current();
    int64_t days = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_MINIMUM_DAYS);
    Keep keep = {
        .most = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_MAX_ENTRIES),
        .batch = config_integer(config, OPT_CONDUCTOR_NODE_HISTORY_CLEANUP_BATCH_COUNT),
    };
    time_text_ms(time_now_ms() - days * DAY_MS, keep.until);
    for (size_t row = 0; row < G_N_ELEMENTS(logs) && keep.most > 0 && keep.batch > 0; row++)
        prune_log(data, row, &keep);
}

/* Runs on a pool, not on the clock's thread: there may be many rows. */
void
history_prune_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    if (!ring_leads(conductor))
        return;
    if (!pool_submit(conductor->quick, prune_job, conductor, &error))
        warn("history", error);
}

static void
media_sweep_job(void *data)
{
    const Conductor *conductor = data;
    g_auto(MediaOwner) owner = {0};
    virtual_media_owner(&conductor->services, NULL, &owner);
    (void)media_sweep(&owner);
}

/* Also at the start: what an earlier process has left. */
void
media_sweep_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    if (!pool_submit(conductor->quick, media_sweep_job, conductor, &error))
        warn("images for virtual media", error);
}

void
conductors_prune_run(Conductor *conductor)
{
    const Config *config = config_current();
    int64_t batch = config_integer(config, OPT_CONDUCTOR_CONDUCTOR_CLEANUP_BATCH_SIZE),
            timeout_s = config_integer(config, OPT_CONDUCTOR_CONDUCTOR_CLEANUP_TIMEOUT),
            removed = batch, total = 0;
    char until[TIME_TEXT_SIZE], lease[LEASE_SIZE];
    if (!ring_leads(conductor))
        return;
    time_text_ms(time_now_ms() - timeout_s * 1000, until);
    g_autoptr(GError) error = NULL;
    bool good = true;
    while (good && removed >= batch && !conductor->stopping) {
        good = db_conductors_prune(conductor->services.db, until, conductor_lease(conductor, lease),
                                   batch, &removed, &error) ||
               warn("conductors", error);
        total += good ? removed : 0;
    }
    if (total > 0)
        log_info("conductor.prune", "conductors: %lld forgotten", (long long)total);
}
