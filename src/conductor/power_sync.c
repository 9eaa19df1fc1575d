/* Reads the power states of all machines and compares them with the nodes'. It holds no locks, and
 * no threads if the driver can read asynchronously.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "conductor/health.h"
#include "conductor/notify.h"
#include "conductor/periodic.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"

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

/* The answer of one machine, from the driver to a worker. */
typedef struct Reading {
    bool recovery; /* the node is in maintenance because its machine did not answer before */
    Conductor *conductor;
    Sweep *sweep; /* NULL after the answer */
    char *uuid;
    PowerState state;
    char *failure; /* NULL: the state was read */
    PowerState stored;
    const char *health, *stored_health; /* static words */
    bool tells_health;
    bool had_failures;
} Reading;

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

static void
forget_asked(Conductor *conductor, const char *uuid)
{
    lock_acquire(&conductor->guard);
    g_hash_table_remove(conductor->asked, uuid);
    lock_release(&conductor->guard);
}

static void
reading_free(Reading *reading)
{
    forget_asked(reading->conductor, reading->uuid);
    g_free(reading->uuid);
    g_free(reading->failure);
    g_free(reading);
}

static void
into_maintenance(Task *task, const char *reason)
{
    record_set_text(&task->node->power_state, NULL);
    task->node->maintenance = true;
    record_set_text(&task->node->fault, "power failure");
    record_set_text(&task->node->maintenance_reason, reason);
    record_set_text(&task->node->last_error, reason);
    history_add(task, "ERROR", "monitoring", reason);
}

static void
count_failure(Task *task, const char *failure)
{
    int64_t most = config_integer(config_current(), OPT_CONDUCTOR_POWER_STATE_SYNC_MAX_RETRIES);
    task->node->power_sync_failures++;
    log_warning("conductor.power_sync", "attempt %d: %s", (int)task->node->power_sync_failures,
                failure);
    if (task->node->power_sync_failures <= most)
        return;
    g_autofree char *reason =
        g_strdup_printf("During sync_power_state, max retries exceeded for node %s: %s. Switching "
                        "the node to maintenance mode.",
                        task->node->uuid, failure);
    into_maintenance(task, reason);
}

/* Hands the power change to a worker; the sync does not wait for it. */
static void
restore_power_state(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool on = power_state_from_wire(task->node->power_state) == POWER_ON;
    task->node->power_sync_failures++;
    if (!power_action(task, (PowerAction){.target = on ? POWER_TARGET_ON : POWER_TARGET_OFF},
                      &error))
        log_warning("conductor.power_sync", "%s", error->message);
    g_clear_error(&error);
    if (!task_save(task, &error))
        log_warning("conductor.power_sync", "%s", error->message);
    task_release(task);
}

/* Settles a difference between machine and node. Returns true if the machine must be switched;
 * otherwise the node takes the machine's state. */
static bool
settle_mismatch(Task *task, PowerState found)
{
    const Config *config = config_current();
    PowerState held = power_state_from_wire(task->node->power_state);
    bool force = config_boolean(config, OPT_CONDUCTOR_FORCE_POWER_STATE_DURING_SYNC) &&
                 held != POWER_ERROR && !task->node->disable_power_off;
    int64_t most = config_integer(config, OPT_CONDUCTOR_POWER_STATE_SYNC_MAX_RETRIES);
    if (force && task->node->power_sync_failures < most) {
        log_warning("conductor.power_sync", "the machine is %s, but should be %s: changing it",
                    power_state_wire(found), task->node->power_state);
        return true;
    }
    json_t *extra = json_pack("{s:s?}", "from_power", task->node->power_state);
    metrics_add(METRIC_POWER_SYNC_CORRECTIONS, 1);
    if (force)
        into_maintenance(
            task, "the machine did not keep its power state, and was not brought back to it");
    power_found(task, found);
    notify_node(task, "power_state_corrected", "success", extra);
    return false;
}

/* True if count_failure or settle_mismatch, not an operator, set the maintenance. */
static bool
still_lost(const Node *node)
{
    return node->maintenance && g_strcmp0(node->fault, "power failure") == 0;
}

static bool
still_wanted(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return state != STATE_NONE && state_info(state)->flags & STATE_POWER_SYNC &&
           !node->maintenance && node->target_power_state == NULL;
}

/* Returns true if the machine must be switched. */
static bool
settle(Task *task, const Reading *reading)
{
    g_autoptr(GError) error = NULL;
    bool force = false;
    PowerState held = power_state_from_wire(task->node->power_state);
    if (reading->failure != NULL) {
        count_failure(task, reading->failure);
    } else if (held == POWER_UNKNOWN) {
        power_found(task, reading->state);
    } else if (held != reading->state) {
        force = settle_mismatch(task, reading->state);
    } else {
        task->node->power_sync_failures = 0;
    }
    if (reading->failure == NULL && reading->tells_health)
        health_note(task, reading->health);
    if (!task_save(task, &error))
        log_warning("conductor.power_sync", "%s", error->message);
    else if (power_state_from_wire(task->node->power_state) != held)
        power_events_tell(reading->conductor->power_events, task->node);
    return force;
}

/* The machine answers again: undoes what the sync has done to the node. */
static void
recover(Task *task, const Reading *reading)
{
    Node *node = task->node;
    g_autoptr(GError) error = NULL;
    json_t *extra = json_pack("{s:s?}", "from_power", node->power_state);
    bool corrected = power_state_from_wire(node->power_state) != reading->state;
    if (g_strcmp0(node->last_error, node->maintenance_reason) == 0)
        record_set_text(&node->last_error, NULL);
    node->maintenance = false;
    record_set_text(&node->maintenance_reason, NULL);
    record_set_text(&node->fault, NULL);
    power_found(task, reading->state);
    node->power_sync_failures = 0;
    history_add(task, "INFO", "monitoring",
                "the machine answers again: the node is out of maintenance");
    log_info("conductor.power_sync", "the machine answers again and is %s",
             power_state_wire(reading->state));
    if (!task_save(task, &error))
        log_warning("conductor.power_sync", "%s", error->message);
    else if (corrected) {
        notify_node(task, "power_state_corrected", "success", json_incref(extra));
        power_events_tell(reading->conductor->power_events, task->node);
    }
    json_decref(extra);
}

/* Applies a reading, unless the node has changed since. Takes the task. */
static void
settle_locked(Task *task, const Reading *reading)
{
    g_autoptr(GError) error = NULL;
    bool as_before = power_state_from_wire(task->node->power_state) == reading->stored;
    bool force = false;
    log_context_node(reading->uuid);
    if (reading->recovery && still_lost(task->node))
        recover(task, reading);
    else if (!reading->recovery && still_wanted(task->node) && as_before)
        force = settle(task, reading);
    if (force && !task_spawn(&task, restore_power_state, &error))
        log_warning("conductor.power_sync", "the next sync tries it: %s", error->message);
    task_release(task);
    log_context_node(NULL);
}

static void
power_sync_settle_job(void *data)
{
    Reading *reading = data;
    g_autoptr(GError) error = NULL;
    Task *task =
        task_acquire(reading->conductor, reading->uuid, TASK_EXCLUSIVE, "power sync", &error);
    /* Work on a locked node may change the power: the next sync reads it again. */
    if (task != NULL)
        settle_locked(task, reading);
    reading_free(reading);
}

static bool
health_differs(const Reading *reading)
{
    return reading->tells_health && g_strcmp0(reading->health, reading->stored_health) != 0;
}

/* Often on the IPMI engine's thread: only a difference costs a job. */
static void
power_sync_reading_done(void *user_data, const PowerTold *told, const GError *error)
{
    Reading *reading = user_data;
    PowerState state = told->state;
    reading->tells_health = told->tells_health && health_is_watched();
    reading->health = told->health;
    bool quiet = reading->recovery ? error != NULL
                                   : error == NULL && state == reading->stored &&
                                         !reading->had_failures && !health_differs(reading);
    bool unasked = steel_error_is(error, STEEL_ERROR_CANCELLED) ||
                   steel_error_is(error, STEEL_ERROR_NO_WORKER);
    reading->state = state;
    reading->failure = error != NULL ? g_strdup(error->message) : NULL;
    if (error != NULL)
        atomic_fetch_add(&reading->sweep->failures, 1);
    else
        atomic_store(&reading->sweep->answered_ms, time_monotonic_ms());
    sweep_part_ended(g_steal_pointer(&reading->sweep));
    if (quiet || unasked ||
        !conductor_submit(reading->conductor, CONDUCTOR_BACKGROUND, power_sync_settle_job, reading,
                          NULL))
        reading_free(reading); /* the next sync reads it again */
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
    Task *task = reading->conductor->stopping ? NULL
                                              : task_acquire(reading->conductor, reading->uuid,
                                                             TASK_SHARED, "power sync", &error);
    if (task == NULL) { /* stopping, or the database fails: the state stays unknown */
        g_autoptr(GError) cancelled = g_error_new_literal(
            steel_error_quark(), STEEL_ERROR_CANCELLED, "the power state was not read");
        power_sync_reading_done(reading, &told, cancelled);
        return;
    }
    task->deadline_ms = time_monotonic_ms() + READING_LIMIT_MS;
    log_context_node(reading->uuid);
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
    if (!start || conductor_submit(conductor, CONDUCTOR_WORKERS, power_sync_reading_worker,
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
    Conductor *conductor = reading->conductor;
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
    if (node->reservation != NULL || !(recovery ? still_lost(node) : still_wanted(node)) ||
        !ring_is_mine(conductor, node))
        return;
    if (!registry_driver_set(conductor->registry, node, &set, &error)) {
        log_debug("conductor.power_sync", "%s: %s", node->uuid, error->message);
        return;
    }
    if (!remember_asked(conductor, node->uuid))
        return;
    Reading *reading = g_new0(Reading, 1);
    reading->conductor = conductor;
    reading->recovery = recovery;
    reading->sweep = sweep;
    atomic_fetch_add(&sweep->outstanding, 1);
    atomic_fetch_add(&sweep->readings, 1);
    reading->uuid = g_strdup(node->uuid);
    reading->stored = power_state_from_wire(node->power_state);
    reading->stored_health = health_word(node->health);
    reading->had_failures = node->power_sync_failures > 0;
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
