/* Reads the power states of all machines and compares them with the nodes'. It holds no locks, and
 * no threads if the driver can read asynchronously. What follows from a difference: power_settle.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "conductor/health.h"
#include "conductor/periodic.h"
#include "conductor/power_settle.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "drivers/management/management.h"
#include "drivers/power/power.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define READING_LIMIT_MS 20000 /* for one machine that a worker reads */

/* One pass over all machines. The thread that gets the last answer ends it. */
typedef struct Sweep {
    int64_t started_ms;      /* monotonic */
    atomic_uint outstanding; /* answers still to come, plus one for the loop that asks */
    atomic_uint readings, failures;
    atomic_llong answered_ms; /* monotonic: when a machine last told its state; 0: none has */
    bool uncounted;           /* a pass between two syncs does not count in the metrics */
} Sweep;

static void
sweep_part_ended(Sweep *sweep)
{
    if (atomic_fetch_sub(&sweep->outstanding, 1) > 1)
        return;
    if (sweep->uncounted) {
        g_free(sweep);
        return;
    }
    metrics_add(METRIC_POWER_SYNC_READINGS, sweep->readings);
    metrics_add(METRIC_POWER_SYNC_FAILURES, sweep->failures);
    metrics_set(METRIC_POWER_SYNC_LAST_READINGS, sweep->readings);
    metrics_set(METRIC_POWER_SYNC_LAST_FAILURES, sweep->failures);
    metrics_set(METRIC_POWER_SYNC_DURATION, (uint64_t)(time_monotonic_ms() - sweep->started_ms));
    metrics_set(METRIC_POWER_SYNC_ANSWERED,
                (uint64_t)MAX(sweep->answered_ms - sweep->started_ms, 0));
    metrics_add(METRIC_POWER_SYNC_SWEEPS, 1); /* last: the others are of this sweep */
    g_free(sweep);
}

/* A machine that is asked, until its answer is handled. */
typedef struct Reading {
    PowerReading *answer;      /* owned; NULL: given to power_settle.c */
    Sweep *sweep;              /* NULL after the answer */
    const char *stored_health; /* a static word */
    bool had_failures;
} Reading;

static void
reading_free(Reading *reading)
{
    if (reading->answer != NULL)
        power_reading_free(reading->answer);
    g_free(reading);
}

/* A node has one reading at most: a slow machine is not asked again before its answer has been
 * handled. */
static bool
remember_asked(Conductor *conductor, const char *uuid)
{
    lock_acquire(&conductor->guard);
    bool is_new = g_hash_table_add(conductor->asked, g_strdup(uuid));
    lock_release(&conductor->guard);
    return is_new;
}

/* Whether anything follows from the answer. */
static bool
differs(const Reading *reading, const GError *error)
{
    const PowerReading *answer = reading->answer;
    if (answer->recovery)
        return error == NULL;
    bool other_health =
        answer->tells_health && g_strcmp0(answer->health, reading->stored_health) != 0;
    return error != NULL || answer->state != answer->stored || reading->had_failures ||
           other_health;
}

/* Often on the IPMI engine's thread: only a difference costs a job. */
static void
power_sync_reading_done(void *user_data, const PowerTold *told, const GError *error)
{
    Reading *reading = user_data;
    PowerReading *answer = reading->answer;
    bool unasked = steel_error_is(error, STEEL_ERROR_CANCELLED) ||
                   steel_error_is(error, STEEL_ERROR_NO_WORKER);
    answer->tells_health = told->tells_health && health_is_watched();
    answer->health = told->health;
    answer->state = told->state;
    answer->failure = error != NULL ? g_strdup(error->message) : NULL;
    if (error != NULL)
        atomic_fetch_add(&reading->sweep->failures, 1);
    else
        atomic_store(&reading->sweep->answered_ms, time_monotonic_ms());
    sweep_part_ended(g_steal_pointer(&reading->sweep));
    if (!unasked && differs(reading, error))
        power_settle(g_steal_pointer(&reading->answer));
    reading_free(reading);
}

/* ---- drivers that can only block ---- */

static void
ask_health(Task *task, PowerTold *told)
{
    const ManagementOps *management = task->driver.management;
    g_autoptr(GError) error = NULL;
    if (management->get_health == NULL || !health_is_watched())
        return;
    told->tells_health = management->get_health(task, &told->health, &error);
    if (!told->tells_health)
        log_warning("conductor.health", "the health could not be read: %s", error->message);
}

/* Reads without the node's lock, as the asynchronous drivers do. */
static void
read_blocking(Reading *reading)
{
    g_autoptr(GError) error = NULL;
    PowerTold told = {.state = POWER_UNKNOWN};
    Conductor *conductor = reading->answer->conductor;
    const char *uuid = reading->answer->uuid;
    Task *task = conductor->stopping
                     ? NULL
                     : task_acquire(conductor, uuid, TASK_SHARED, "power sync", &error);
    if (task == NULL) { /* stopping, or the database fails: the state stays unknown */
        g_autoptr(GError) cancelled = g_error_new_literal(
            steel_error_quark(), STEEL_ERROR_CANCELLED, "the power state was not read");
        power_sync_reading_done(reading, &told, cancelled);
        return;
    }
    task->deadline_ms = time_monotonic_ms() + READING_LIMIT_MS;
    log_context_node(uuid);
    bool good = power_get(task, &told.state, &error);
    if (good)
        ask_health(task, &told);
    log_context_node(NULL);
    task_release(task);
    power_sync_reading_done(reading, &told, good ? NULL : error);
}

static Reading *
next_to_read(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    Reading *reading = g_queue_pop_head(&conductor->to_read);
    if (reading == NULL)
        conductor->reading_workers--;
    lock_release(&conductor->guard);
    return reading;
}

static void
power_sync_reading_worker(void *data)
{
    Conductor *conductor = data;
    for (Reading *reading; (reading = next_to_read(conductor)) != NULL;)
        read_blocking(reading);
}

/* Starts one more reading worker, up to [conductor]sync_power_state_workers. If none is free, the
 * present ones or the next pass empty the queue. */
static void
start_reading_worker(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    unsigned most =
        (unsigned)config_integer(config_current(), OPT_CONDUCTOR_SYNC_POWER_STATE_WORKERS);
    lock_acquire(&conductor->guard);
    bool start = conductor->reading_workers < most && !g_queue_is_empty(&conductor->to_read);
    conductor->reading_workers += start;
    lock_release(&conductor->guard);
    if (!start || conductor_submit(conductor, CONDUCTOR_OWN_WORKERS, power_sync_reading_worker,
                                   conductor, &error))
        return;
    if (steel_error_is(error, STEEL_ERROR_NO_CONDUCTOR)) {
        power_sync_reading_worker(conductor); /* the conductor stops: gives the readings up */
        return;
    }
    lock_acquire(&conductor->guard);
    conductor->reading_workers--;
    lock_release(&conductor->guard);
}

/* Queues the reading; a node has at most one. */
static void
read_by_worker(Reading *reading)
{
    Conductor *conductor = reading->answer->conductor;
    lock_acquire(&conductor->guard);
    g_queue_push_tail(&conductor->to_read, reading);
    lock_release(&conductor->guard);
    start_reading_worker(conductor);
}

static void
read_node(Conductor *conductor, const Node *node, Sweep *sweep, bool recovery)
{
    g_autoptr(GError) error = NULL;
    DriverSet set;
    if (node->reservation != NULL || !(recovery ? power_is_lost(node) : power_is_watched(node)) ||
        !ring_is_mine(conductor, node))
        return;
    if (!registry_driver_set(conductor->registry, node, &set, &error)) {
        log_debug("conductor.power_sync", "%s: %s", node->uuid, error->message);
        return;
    }
    if (!remember_asked(conductor, node->uuid))
        return;
    Reading *reading = g_new0(Reading, 1);
    reading->answer = g_new0(PowerReading, 1);
    reading->answer->conductor = conductor;
    reading->answer->recovery = recovery;
    reading->answer->uuid = g_strdup(node->uuid);
    reading->answer->stored = power_state_from_wire(node->power_state);
    reading->sweep = sweep;
    reading->stored_health = health_word(node->health);
    reading->had_failures = node->power_sync_failures > 0;
    atomic_fetch_add(&sweep->outstanding, 1);
    atomic_fetch_add(&sweep->readings, 1);
    if (set.power->get_async != NULL)
        set.power->get_async(&conductor->services, node, power_sync_reading_done, reading);
    else
        read_by_worker(reading);
}

static void
read_all(Conductor *conductor, Sweep *sweep, bool recovery)
{
    g_autofree char *last = g_strdup("");
    for (;;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) nodes =
            db_nodes_power_page(conductor->services.db, last, recovery, PAGE, &error);
        if (nodes == NULL) {
            log_warning("conductor.power_sync", "%s", error->message);
            return;
        }
        for (guint i = 0; i < nodes->len && !conductor->stopping; i++)
            read_node(conductor, nodes->pdata[i], sweep, recovery);
        if (nodes->len < PAGE || conductor->stopping)
            return;
        g_free(last);
        last = g_strdup(((Node *)nodes->pdata[nodes->len - 1])->uuid);
    }
}

static void
run(Conductor *conductor, bool recovery)
{
    Sweep *sweep = g_new0(Sweep, 1);
    sweep->started_ms = time_monotonic_ms();
    sweep->outstanding = 1;
    sweep->uncounted = recovery;
    start_reading_worker(conductor); /* for readings that the last pass left */
    power_settle_resume(conductor);
    read_all(conductor, sweep, recovery);
    sweep_part_ended(sweep);
}

void
power_sync_run(Conductor *conductor)
{
    run(conductor, false);
}

void
power_recovery_run(Conductor *conductor)
{
    run(conductor, true);
}

/* ---- on the clock ---- */

static void
power_sync_job(void *data)
{
    Conductor *conductor = data;
    power_sync_run(conductor);
    atomic_store(&conductor->sync_asks, false);
}

static void
power_recovery_job(void *data)
{
    Conductor *conductor = data;
    power_recovery_run(conductor);
    atomic_store(&conductor->recovery_asks, false);
}

/* Asking for many nodes takes the database some seconds: the clock, which renews the lease, does
 * not wait for it. */
static void
begin(Conductor *conductor, atomic_bool *asks, PoolJob job)
{
    g_autoptr(GError) error = NULL;
    if (atomic_exchange(asks, true))
        return; /* the one before still asks */
    if (conductor_submit(conductor, CONDUCTOR_BACKGROUND, job, conductor, &error))
        return;
    atomic_store(asks, false);
    log_debug("conductor.power_sync", "the next time: %s", error->message);
}

void
power_sync_begin(Conductor *conductor)
{
    begin(conductor, &conductor->sync_asks, power_sync_job);
}

void
power_recovery_begin(Conductor *conductor)
{
    begin(conductor, &conductor->recovery_asks, power_recovery_job);
}
