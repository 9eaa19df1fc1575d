/* The conductor's life: start and stop.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/conductor.h"
#include "conductor/boot_progress.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/power_settle.h"
#include "conductor/provision/provision.h"
#include "conductor/task.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "db/clock.h"
#include "db/conductors.h"

#include <string.h>

/* Handlers that only need the database: a few threads are enough, and many calls may queue. */
#define QUICK_THREADS 6
#define QUICK_QUEUE 20000

/* Work that no caller waits for, at most one job per node of a large fleet: it may be slow, but
 * must not take a call's thread. */
#define BACKGROUND_THREADS 3 /* one of them may ask for the power of all machines */
#define BACKGROUND_QUEUE 20000

/* Limit of noted heartbeats; an agent beyond it calls again. */
#define WAKES_MOST 20000

/* Images that wait until others are written. */
#define WRITES_WAITING 10000

/* A database that cannot be written to now may be later: it is read meanwhile, and the clock tries
 * again. */
static bool
register_or_wait(Conductor *conductor, GError **error)
{
    g_autoptr(GError) fault = NULL;
    if (conductor_register(conductor, &fault))
        return true;
    if (!steel_error_is(fault, STEEL_ERROR_DATABASE) &&
        !steel_error_is(fault, STEEL_ERROR_DATABASE_BUSY) &&
        !steel_error_is(fault, STEEL_ERROR_DATABASE_DAMAGED)) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return false;
    }
    log_error("conductor", "%s does not work yet: it cannot take its lease: %s",
              conductor->hostname, fault->message);
    conductor_lease_trouble(conductor, fault);
    return true;
}

/* A BootReportsSubmit. */
static bool
conductor_submit_background(void *conductor, PoolJob job, void *data)
{
    return conductor_submit(conductor, CONDUCTOR_BACKGROUND, job, data, NULL);
}

static LunWrites *
writes_new(Conductor *conductor)
{
    const Config *config = config_current();
    char life[UUID_TEXT_SIZE];
    g_autofree char *initiator =
        g_strconcat("iqn.2008-10.org.openstack:conductor-", uuid_generate(life), NULL);
    return lun_writes_new(&conductor_image_writes, conductor, initiator,
                          (unsigned)config_integer(config, OPT_ISCSI_CONCURRENT_WRITES),
                          WRITES_WAITING);
}

/* A TaskNotify: Nova is told of a power change, also where nobody listens to notifications. */
static void
conductor_notify(const Task *task, const char *action, const char *status, json_t *extra)
{
    Conductor *conductor = task->conductor;
    if (conductor != NULL && strcmp(action, "power_set") == 0 && strcmp(status, "end") == 0)
        power_events_tell(conductor->power_events, task->node);
    notify_node(task, action, status, extra);
}

UNSHARED Conductor *
conductor_new(const ConductorServices *services, GError **error)
{
    const Config *config = config_current();
    Registry *registry = registry_new(config, error);
    if (registry == NULL)
        return NULL;
    Conductor *conductor = g_new0(Conductor, 1);
    conductor->registry = registry;
    conductor->hostname = g_strdup(config_string(config, OPT_HOST));
    conductor->group = g_ascii_strdown(config_string(config, OPT_CONDUCTOR_CONDUCTOR_GROUP), -1);
    lock_init(&conductor->gate, LOCK_RANK_CONDUCTOR_GATE);
    lock_init(&conductor->guard, LOCK_RANK_CONDUCTOR);
    conductor->locked = task_locked_new();
    conductor->lease_watch = lease_watch_new();
    conductor->reports =
        boot_reports_new(boot_progress_take, conductor_submit_background, conductor);
    conductor->wakes = wakes_new(&provision_wakes, conductor, WAKES_MOST);
    conductor->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    conductor->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    conductor->sensors = sensors_new();
    conductor->power_events = power_events_new(services->openstack);
    conductor->writes = writes_new(conductor);
    conductor->consoles = consoles_new(consoles_trouble, conductor, error);
    if (conductor->consoles == NULL) {
        conductor_free(conductor);
        return NULL;
    }
    conductor->services = (DriverServices){
        .db = services->db,
        .bmc = services->bmc,
        .events = services->events,
        .notifier = services->notifier,
        .registry = registry,
        .conductor_host = conductor->hostname,
        .boot_url = services->boot_url,
        .notify = conductor_notify,
        .lease_left_ms = task_lease_left_ms,
        .progress = services->progress,
        .openstack = services->openstack,
        .writes = conductor->writes,
        .consoles = conductor->consoles,
    };
    if (!db_claim(services->db, conductor->hostname, error) ||
        /* several hosts: each one's clock is its own */
        (!db_is_shared(services->db) && !db_clock_resume(services->db, error)) ||
        !register_or_wait(conductor, error)) {
        conductor_free(conductor);
        return NULL;
    }
    conductor->quick = pool_new("conductor", QUICK_THREADS, QUICK_QUEUE);
    unsigned workers = (unsigned)config_integer(config, OPT_CONDUCTOR_WORKERS_POOL_SIZE);
    int64_t percent = config_integer(config, OPT_CONDUCTOR_RESERVED_WORKERS_POOL_PERCENTAGE);
    conductor->workers = pool_new("worker", workers, 0);
    conductor->reserved = workers * (unsigned)percent / 100;
    conductor->background = pool_new("background", BACKGROUND_THREADS, BACKGROUND_QUEUE);
    conductor_clock_start(conductor);
    metrics_register(conductor_metrics_write, conductor);
    return conductor;
}

/* All pools exist until the last job of each has ended: a job may submit another one. */
static bool
finish_pools(Conductor *conductor)
{
    int64_t limit_ms =
        config_integer(config_current(), OPT_CONDUCTOR_GRACEFUL_SHUTDOWN_TIMEOUT) * INT64_C(1000);
    int64_t until_ms = time_monotonic_ms() + limit_ms;
    Pool *const pools[] = {conductor->quick, conductor->background, conductor->workers};
    for (size_t i = 0; i < G_N_ELEMENTS(pools); i++) {
        int64_t left_ms = CLAMP(until_ms - time_monotonic_ms(), 1, (int64_t)UINT_MAX);
        if (!pool_finish(pools[i], limit_ms > 0 ? (unsigned)left_ms : 0))
            return false;
    }
    int64_t left_ms = CLAMP(until_ms - time_monotonic_ms(), 1, (int64_t)UINT_MAX);
    return power_events_finish(conductor->power_events, limit_ms > 0 ? (unsigned)left_ms : 0);
}

bool
conductor_stop(Conductor *conductor)
{
    if (conductor == NULL)
        return true;
    lock_acquire(&conductor->gate);
    atomic_store(&conductor->stopping, true);
    lock_release(&conductor->gate);
    metrics_unregister(conductor_metrics_write, conductor);
    conductor_clock_stop(conductor);
    bool finished = finish_pools(conductor);
    if (finished) {
        power_settle_resume(conductor); /* gives up what found no worker */
        pool_free(g_steal_pointer(&conductor->quick));
        pool_free(g_steal_pointer(&conductor->background));
        pool_free(g_steal_pointer(&conductor->workers));
        lun_writes_free(g_steal_pointer(&conductor->writes));
        consoles_free(g_steal_pointer(&conductor->consoles));
        task_unlock_again(conductor);
    } else {
        log_warning("conductor",
                    "%u workers reached no safe point within "
                    "[conductor]graceful_shutdown_timeout; the next start takes their nodes up",
                    pool_busy(conductor->workers));
    }
    g_autoptr(GError) error = NULL;
    char lease[LEASE_SIZE];
    conductor_lease_drop(conductor);
    if (!db_conductor_leave(conductor->services.db, conductor_lease(conductor, lease), &error))
        log_warning("conductor", "the lease could not be given back and will run out: %s",
                    error->message);
    log_info("conductor", "%s has stopped", conductor->hostname);
    return finished;
}

UNSHARED void
conductor_free(Conductor *conductor)
{
    if (conductor == NULL)
        return;
    registry_free(conductor->registry);
    lock_destroy(&conductor->gate);
    lock_destroy(&conductor->guard);
    boot_reports_free(conductor->reports);
    g_queue_clear_full(&conductor->boot_again, g_free);
    lun_writes_free(conductor->writes);
    consoles_free(conductor->consoles);
    g_queue_clear_full(&conductor->consoles_left, g_free);
    wakes_free(conductor->wakes);
    sensors_free(conductor->sensors);
    power_events_free(conductor->power_events);
    g_free(conductor->lease_trouble);
    g_array_unref(conductor->locked);
    lease_watch_free(conductor->lease_watch);
    hash_ring_unref(conductor->ring);
    g_free(conductor->members);
    g_hash_table_unref(conductor->asked);
    g_hash_table_unref(conductor->refused);
    g_free(conductor->hostname);
    g_free(conductor->group);
    g_free(conductor);
}
