/* The power states of all machines, read without locks or threads where the driver can, compared with what we hold.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "conductor/internal.h"
#include "db/records.h"
#include "drivers/power/power.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500

/* One look at all machines: it ends with the last answer, on whatever thread that comes. */
typedef struct Sweep {
    int64_t started_ms;      /* monotonic */
    atomic_uint outstanding; /* answers, and one for the loop that asks */
    atomic_uint readings, failures;
} Sweep;

static void
sweep_part_ended(Sweep *sweep)
{
    if (atomic_fetch_sub(&sweep->outstanding, 1) > 1)
        return;
    metrics_add(METRIC_POWER_SYNC_SWEEPS, 1);
    metrics_add(METRIC_POWER_SYNC_READINGS, sweep->readings);
    metrics_add(METRIC_POWER_SYNC_FAILURES, sweep->failures);
    metrics_set(METRIC_POWER_SYNC_LAST_READINGS, sweep->readings);
    metrics_set(METRIC_POWER_SYNC_LAST_FAILURES, sweep->failures);
    metrics_set(METRIC_POWER_SYNC_DURATION, (uint64_t)(time_monotonic_ms() - sweep->started_ms));
    g_free(sweep);
}

/* One machine's answer on its way from the driver to a worker. */
typedef struct Reading {
    Conductor *conductor;
    Sweep *sweep; /* until the answer is there */
    char *uuid;
    PowerState state;
    char *failure; /* NULL: it was read */
    PowerState stored;
    bool had_failures;
} Reading;

static void
reading_free(Reading *reading)
{
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
    history_add(task, "ERROR", "power sync", reason);
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

/* The machine is not as we hold it: it is brought to our state, or we take its own. */
static void
settle_mismatch(Task *task, PowerState found)
{
    const Config *config = config_current();
    PowerState held = power_state_from_wire(task->node->power_state);
    bool force =
        config_boolean(config, OPT_CONDUCTOR_FORCE_POWER_STATE_DURING_SYNC) && held != POWER_ERROR;
    int64_t most = config_integer(config, OPT_CONDUCTOR_POWER_STATE_SYNC_MAX_RETRIES);
    g_autoptr(GError) error = NULL;
    if (force && task->node->power_sync_failures < most) {
        task->node->power_sync_failures++;
        log_warning("conductor.power_sync", "the machine is %s, but should be %s: changing it",
                    power_state_wire(found), task->node->power_state);
        if (!node_power_action(task, held == POWER_ON ? POWER_TARGET_ON : POWER_TARGET_OFF, 0,
                               &error))
            log_warning("conductor.power_sync", "%s", error->message);
        return;
    }
    json_t *extra = json_pack("{s:s?}", "from_power", task->node->power_state);
    metrics_add(METRIC_POWER_SYNC_CORRECTIONS, 1);
    record_set_text(&task->node->power_state, power_state_wire(found));
    if (force) {
        into_maintenance(
            task, "the machine did not keep its power state, and was not brought back to it");
        record_set_text(&task->node->power_state, power_state_wire(found));
    }
    notify_node(task, "power_state_corrected", "success", extra);
}

static bool
still_wanted(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return state != STATE_NONE && state_info(state)->flags & STATE_POWER_SYNC &&
           !node->maintenance && node->target_power_state == NULL;
}

static void
settle(Task *task, const Reading *reading)
{
    g_autoptr(GError) error = NULL;
    PowerState held = power_state_from_wire(task->node->power_state);
    if (reading->failure != NULL) {
        count_failure(task, reading->failure);
    } else if (held == POWER_UNKNOWN) {
        record_set_text(&task->node->power_state, power_state_wire(reading->state));
    } else if (held != reading->state) {
        settle_mismatch(task, reading->state);
    } else {
        task->node->power_sync_failures = 0;
    }
    if (!task_save(task, &error))
        log_warning("conductor.power_sync", "%s", error->message);
}

static void
settle_job(void *data)
{
    Reading *reading = data;
    g_autoptr(GError) error = NULL;
    Task *task =
        task_acquire(reading->conductor, reading->uuid, TASK_EXCLUSIVE, "power sync", &error);
    /* A locked node is at work: the next sync looks again. What was read may be older than what was done since. */
    if (task != NULL && still_wanted(task->node) &&
        power_state_from_wire(task->node->power_state) == reading->stored) {
        log_context_node(reading->uuid);
        settle(task, reading);
        log_context_node(NULL);
    }
    task_release(task);
    reading_free(reading);
}

/* On the IPMI engine's thread: only what differs costs a worker. */
static void
reading_done(void *user_data, PowerState state, const GError *error)
{
    Reading *reading = user_data;
    bool quiet = error == NULL && state == reading->stored && !reading->had_failures;
    bool cancelled = steel_error_is(error, STEEL_ERROR_CANCELLED);
    reading->state = state;
    reading->failure = error != NULL ? g_strdup(error->message) : NULL;
    if (error != NULL)
        atomic_fetch_add(&reading->sweep->failures, 1);
    sweep_part_ended(g_steal_pointer(&reading->sweep));
    if (quiet || cancelled || !conductor_defer(reading->conductor, settle_job, reading))
        reading_free(reading);
}

static void
read_node(Conductor *conductor, const Node *node, Sweep *sweep)
{
    g_autoptr(GError) error = NULL;
    DriverSet set;
    if (node->reservation != NULL || !still_wanted(node))
        return;
    if (!registry_driver_set(conductor->registry, node, &set, &error)) {
        log_debug("conductor.power_sync", "%s: %s", node->uuid, error->message);
        return;
    }
    if (set.power->get_async == NULL)
        return; /* such a driver's state changes by our hand alone */
    Reading *reading = g_new0(Reading, 1);
    reading->conductor = conductor;
    reading->sweep = sweep;
    atomic_fetch_add(&sweep->outstanding, 1);
    atomic_fetch_add(&sweep->readings, 1);
    reading->uuid = g_strdup(node->uuid);
    reading->stored = power_state_from_wire(node->power_state);
    reading->had_failures = node->power_sync_failures > 0;
    set.power->get_async(&conductor->services, node, reading_done, reading);
}

static void
read_all(Conductor *conductor, Sweep *sweep)
{
    g_autofree char *last = g_strdup("");
    for (;;) {
        g_autoptr(GError) error = NULL;
        const DbValue values[] = {db_text(last), db_integer(PAGE)};
        g_autoptr(GPtrArray) nodes = db_records_where(
            conductor->services.db, &node_resource,
            "uuid > ?1 AND maintenance = 0 ORDER BY uuid LIMIT ?2", values, 2, &error);
        if (nodes == NULL) {
            log_warning("conductor.power_sync", "%s", error->message);
            return;
        }
        for (guint i = 0; i < nodes->len && !conductor->stopping; i++)
            read_node(conductor, nodes->pdata[i], sweep);
        if (nodes->len < PAGE || conductor->stopping)
            return;
        g_free(last);
        last = g_strdup(((Node *)nodes->pdata[nodes->len - 1])->uuid);
    }
}

void
power_sync_run(Conductor *conductor)
{
    Sweep *sweep = g_new0(Sweep, 1);
    sweep->started_ms = time_monotonic_ms();
    sweep->outstanding = 1;
    read_all(conductor, sweep);
    sweep_part_ended(sweep);
}
