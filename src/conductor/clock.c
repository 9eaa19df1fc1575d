/* The conductor's clock: one thread that runs the due functions of a table. They hand long work to
 * a pool.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/clock.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "conductor/periodic.h"
#include "conductor/provision/provision.h"
#include "db/nodes.h"

#include <stdlib.h>

/* How many nodes are looked at for one that is to be this conductor's. */
#define OTHERS 20

/* Smaller steps are drift, or a leap second. */
#define LEAST_STEP_MS 1500

/* Resumes what an earlier process, or a lost lease, has left. */
static void
resume_work(Conductor *conductor)
{
    (void)lease_look(conductor); /* which nodes are its own */
    takeover_run(conductor);     /* first: it voids the locks of an earlier process */
    boot_progress_recover(conductor);
    agents_recover(conductor);
    consoles_recover(conductor);
}

/* Looks once at what the clock looks at from time to time; a start does not wait for it. */
static void
begin_work(Conductor *conductor)
{
    allocations_run(conductor);
    media_sweep_run(conductor);
}

static void
keep_lease(Conductor *conductor)
{
    if (!lease_keep(conductor))
        return;
    resume_work(conductor);
    begin_work(conductor);
}

static void
note_clock(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    if (!db_is_shared(conductor->services.db) && !db_clock_note(conductor->services.db, &error))
        log_warning("conductor.clock", "how far the time has come was not stored: %s",
                    error->message);
}

static void
watch_leases(Conductor *conductor)
{
    if (!lease_look(conductor))
        return;
    takeover_run(conductor);
    orphans_run(conductor);
}

/* After a change of the wall clock deadlines and leases keep their length, also after a restart. */
static void
clock_follow(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    int64_t step_ms = conductor->clock_skew_ms - steady_skew_ms();
    if (ABS(step_ms) < LEAST_STEP_MS)
        return;
    log_warning("conductor.clock", "the system's clock was set %s by %.1f s; waits go on as before",
                step_ms > 0 ? "ahead" : "back", (double)ABS(step_ms) / 1000);
    if (db_is_shared(conductor->services.db) || db_clock_note(conductor->services.db, &error))
        conductor->clock_skew_ms -= step_ms;
    else
        log_error("conductor.clock", "the new distance of the clocks was not stored: %s",
                  error->message);
}

static void
time_out_node(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "wait deadline", &error);
    if (task == NULL) { /* locked: another thread is ending the wait */
        if (steel_error_is(error, STEEL_ERROR_INVALID))
            takeover_fail_node(conductor, uuid, error);
        return;
    }
    const StateInfo *info = state_info(task_state(task));
    bool late = info->flags & STATE_IS_WAITING && task->node->wait_deadline_ms > 0 &&
                task->node->wait_deadline_ms <= steady_now_ms() && !task->node->maintenance;
    if (!late || !task_spawn(&task, provision_wait_timed_out, &error))
        task_release(task);
}

void
wait_deadlines_run(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    int64_t limit = config_integer(config_current(), OPT_CONDUCTOR_PERIODIC_MAX_WORKERS);
    g_autoptr(GPtrArray) nodes = db_nodes_waiting_late(
        conductor->services.db, steady_now_ms(),
        db_is_shared(conductor->services.db) ? limit * OTHERS : limit, &error);
    if (nodes == NULL) {
        log_warning("conductor.clock", "deadlines: %s", error->message);
        return;
    }
    for (guint i = 0; i < nodes->len; i++)
        if (ring_is_mine(conductor, nodes->pdata[i]))
            time_out_node(conductor, ((Node *)nodes->pdata[i])->uuid);
}

static const struct {
    const char *name;
    ConfigOption interval; /* seconds; 0 there: never */
    int64_t fixed_s;       /* used instead of the option when not 0 */
    void (*run)(Conductor *conductor);
    bool spread; /* it asks all machines: conductors begin it at different times */
} rows[] = {
    {"clock", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, clock_follow},
    {"lease", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, keep_lease},
    {"leases", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, watch_leases},
    {"time", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 0, note_clock},
    {"locks", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, task_unlock_again},
    {"wait deadlines", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, wait_deadlines_run},
    {"boot reports", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 5, boot_reports_run},
    {"boot again", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, boot_again_run},
    {"calls of agents", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, wakes_run},
    {"consoles", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, consoles_recover_run},
    {"queue", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 1, queue_run},
    {"takeover", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 5, takeover_run},
    {"orphans", OPT_CONDUCTOR_SYNC_LOCAL_STATE_INTERVAL, 0, orphans_run},
    {"media", OPT_CONDUCTOR_HEARTBEAT_INTERVAL, 60, media_sweep_run},
    {"power sync", OPT_CONDUCTOR_SYNC_POWER_STATE_INTERVAL, 0, power_sync_begin, true},
    {"power recovery", OPT_CONDUCTOR_POWER_FAILURE_RECOVERY_INTERVAL, 0, power_recovery_begin},
    {"sensors", OPT_SENSOR_DATA_INTERVAL, 0, sensors_run, true},
    {"allocations", OPT_CONDUCTOR_CHECK_ALLOCATIONS_INTERVAL, 0, allocations_run},
    {"history", OPT_CONDUCTOR_NODE_HISTORY_CLEANUP_INTERVAL, 0, history_prune_run},
    {"conductors", OPT_CONDUCTOR_CONDUCTOR_CLEANUP_INTERVAL, 0, conductors_prune_run},
};

static int64_t
interval_ms(size_t row)
{
    int64_t seconds = rows[row].fixed_s > 0 ? rows[row].fixed_s
                                            : config_integer(config_current(), rows[row].interval);
    return seconds * 1000;
}

int64_t
clock_offset_ms(const char *hostname, int64_t interval_ms)
{
    /* Not g_str_hash: it gives neighbours to rack1 and rack2. */
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, hostname, -1);
    digest[5] = '\0';
    return (int64_t)(g_ascii_strtoull(digest, NULL, 16) * (uint64_t)interval_ms >> 20);
}

/* When a row is due first. Conductors that are started together would ask their machines in the
 * same second for as long as they live; one on a database of its own need not wait for that. */
static int64_t
first_due_ms(const Conductor *conductor, size_t row)
{
    int64_t interval = interval_ms(row);
    bool spread = rows[row].spread && db_is_shared(conductor->services.db) && interval > 0;
    return time_monotonic_ms() + interval +
           (spread ? clock_offset_ms(conductor->hostname, interval) : 0);
}

/* Runs the due functions; returns the next due time. */
static int64_t
run_due(Conductor *conductor, int64_t due[])
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int64_t interval = interval_ms(i);
        bool waits = !atomic_load(&conductor->registered) && rows[i].run != keep_lease;
        if (interval <= 0 || waits)
            continue;
        if (due[i] <= time_monotonic_ms()) {
            rows[i].run(conductor);
            due[i] = time_monotonic_ms() + interval;
        }
        next = MIN(next, due[i]);
    }
    return next;
}

static void *
clock_main(void *data)
{
    Conductor *conductor = data;
    int64_t due[G_N_ELEMENTS(rows)];
    conductor->clock_skew_ms = steady_skew_ms();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        due[i] = first_due_ms(conductor, i);
    if (atomic_load(&conductor->registered))
        begin_work(conductor);
    lock_acquire(&conductor->clock_lock);
    while (!conductor->clock_stop) {
        lock_release(&conductor->clock_lock);
        int64_t next = run_due(conductor, due);
        lock_acquire(&conductor->clock_lock);
        if (!conductor->clock_stop)
            lock_wait_until(&conductor->clock_lock, &conductor->clock_wake, next);
    }
    lock_release(&conductor->clock_lock);
    return NULL;
}

void
conductor_clock_start(Conductor *conductor)
{
    lock_init(&conductor->clock_lock, LOCK_RANK_CONDUCTOR_CLOCK);
    lock_condition_init(&conductor->clock_wake);
    /* before the first call: a node that begins to wait from now on is not one that was left */
    if (atomic_load(&conductor->registered))
        resume_work(conductor);
    if (pthread_create(&conductor->clock_thread, NULL, clock_main, conductor) != 0)
        g_error("the conductor's clock thread could not be started");
    pthread_setname_np(conductor->clock_thread, "clock");
}

void
conductor_clock_stop(Conductor *conductor)
{
    lock_acquire(&conductor->clock_lock);
    conductor->clock_stop = true;
    pthread_cond_signal(&conductor->clock_wake);
    lock_release(&conductor->clock_lock);
    pthread_join(conductor->clock_thread, NULL);
    lock_destroy(&conductor->clock_lock);
    pthread_cond_destroy(&conductor->clock_wake);
}
