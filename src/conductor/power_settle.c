/* Settles differences between machines and nodes; the contract is in power_settle.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/power_settle.h"

#include "common/lock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "conductor/health.h"
#include "conductor/notify.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "drivers/power_action.h"

#include <string.h>

#define AREA "conductor.power_sync"

enum { BATCH = DB_NODES_HOLD_MOST, SETTLERS_MOST = 2 };

/* What has become of one reading. */
typedef struct Settlement {
    PowerReading *reading; /* owned */
    Task *task;            /* owned; NULL: the node is left alone */
    char *from;            /* owned: the power state before; NULL: unknown */
    bool corrected;        /* others are told of the node's new power state */
    bool changed;          /* the node has another power state than before */
    bool recovered;        /* out of maintenance */
    bool must_switch;      /* the machine is to have the node's state */
} Settlement;

/* Nodes of one transaction. */
typedef struct Batch {
    Conductor *conductor;
    char lease[LEASE_SIZE];
    Settlement rows[BATCH];
    size_t count;
} Batch;

void
power_reading_free(PowerReading *reading)
{
    Conductor *conductor = reading->conductor;
    lock_acquire(&conductor->guard);
    g_hash_table_remove(conductor->asked, reading->uuid);
    lock_release(&conductor->guard);
    g_free(reading->uuid);
    g_free(reading->failure);
    g_free(reading);
}

bool
power_is_lost(const Node *node)
{
    return node->maintenance && g_strcmp0(node->fault, "power failure") == 0;
}

bool
power_is_watched(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    return state != STATE_NONE && state_info(state)->flags & STATE_POWER_SYNC &&
           !node->maintenance && node->target_power_state == NULL;
}

/* ---- what follows from a reading: changes the node in memory, and writes its history ---- */

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
    if (task->node->power_sync_failures <= most)
        return;
    g_autofree char *reason =
        g_strdup_printf("During sync_power_state, max retries exceeded for node %s: %s. Switching "
                        "the node to maintenance mode.",
                        task->node->uuid, failure);
    into_maintenance(task, reason);
}

static bool
keeps_state(const Node *node, PowerState held)
{
    return config_boolean(config_current(), OPT_CONDUCTOR_FORCE_POWER_STATE_DURING_SYNC) &&
           held != POWER_ERROR && !node->disable_power_off;
}

/* True if the machine is to be switched; otherwise the node takes its state. */
static bool
must_switch(const Node *node, PowerState found)
{
    PowerState held = power_state_from_wire(node->power_state);
    int64_t most = config_integer(config_current(), OPT_CONDUCTOR_POWER_STATE_SYNC_MAX_RETRIES);
    return held != POWER_UNKNOWN && held != found && keeps_state(node, held) &&
           node->power_sync_failures < most;
}

static void
take_state(Settlement *row, PowerState held)
{
    if (keeps_state(row->task->node, held))
        into_maintenance(
            row->task, "the machine did not keep its power state, and was not brought back to it");
    power_found(row->task, row->reading->state);
    row->corrected = true;
}

static void
judge(Settlement *row)
{
    Task *task = row->task;
    const PowerReading *reading = row->reading;
    PowerState held = power_state_from_wire(task->node->power_state);
    if (reading->failure != NULL)
        count_failure(task, reading->failure);
    else if (held == POWER_UNKNOWN)
        power_found(task, reading->state);
    else if (must_switch(task->node, reading->state))
        row->must_switch = true;
    else if (held != reading->state)
        take_state(row, held);
    else
        task->node->power_sync_failures = 0;
    if (reading->failure == NULL && reading->tells_health)
        health_note(task, reading->health);
    row->changed = power_state_from_wire(task->node->power_state) != held;
}

/* The machine answers again: undoes what the sync has done to the node. */
static void
recover(Settlement *row)
{
    Task *task = row->task;
    Node *node = task->node;
    const PowerReading *reading = row->reading;
    row->recovered = true;
    row->corrected = power_state_from_wire(node->power_state) != reading->state;
    row->changed = row->corrected;
    if (g_strcmp0(node->last_error, node->maintenance_reason) == 0)
        record_set_text(&node->last_error, NULL);
    node->maintenance = false;
    record_set_text(&node->maintenance_reason, NULL);
    record_set_text(&node->fault, NULL);
    power_found(task, reading->state);
    node->power_sync_failures = 0;
    history_add(task, "INFO", "monitoring",
                "the machine answers again: the node is out of maintenance");
}

/* ---- the transaction ---- */

/* Forgets what an earlier run of the transaction has found. */
static void
row_reset(Settlement *row)
{
    PowerReading *reading = row->reading;
    task_free(row->task);
    g_free(row->from);
    *row = (Settlement){.reading = reading};
}

static Settlement *
row_of(Batch *batch, const char *uuid)
{
    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(batch->rows[i].reading->uuid, uuid) == 0)
            return &batch->rows[i];
    return NULL;
}

/* Whether the reading still says something of the node. */
static bool
still_counts(const PowerReading *reading, const Node *node)
{
    if (reading->recovery)
        return power_is_lost(node);
    return power_is_watched(node) && power_state_from_wire(node->power_state) == reading->stored;
}

/* Takes the node. */
static bool
settle_held(Batch *batch, Node *node, GError **error)
{
    Conductor *conductor = batch->conductor;
    Settlement *row = row_of(batch, node->uuid);
    g_autoptr(GError) cause = NULL;
    if (row == NULL || !still_counts(row->reading, node)) {
        node_free(node);
        return true;
    }
    row->task = task_new(&conductor->services, node, &cause);
    if (row->task == NULL) {
        log_debug(AREA, "%s: %s", row->reading->uuid, cause->message);
        return true;
    }
    row->task->conductor = conductor;
    row->from = g_strdup(node->power_state);
    (row->reading->recovery ? recover : judge)(row);
    return task_save_held(row->task, batch->lease, error);
}

static bool
settle_together(Db *db, void *user_data, GError **error)
{
    Batch *batch = user_data;
    const char *uuids[BATCH];
    for (size_t i = 0; i < batch->count; i++) {
        row_reset(&batch->rows[i]);
        uuids[i] = batch->rows[i].reading->uuid;
    }
    g_autoptr(GPtrArray) nodes = db_nodes_hold(db, uuids, batch->count, error);
    bool good = nodes != NULL;
    while (good && nodes->len > 0)
        good = settle_held(batch, g_ptr_array_steal_index_fast(nodes, nodes->len - 1), error);
    return good;
}

/* ---- what others are told, when it is written ---- */

static void
log_outcome(const Settlement *row)
{
    const Node *node = row->task->node;
    if (row->recovered)
        log_info(AREA, "the machine answers again and is %s", node->power_state);
    else if (row->reading->failure != NULL)
        log_warning(AREA, "attempt %d: %s", (int)node->power_sync_failures, row->reading->failure);
}

static void
tell(const Settlement *row)
{
    log_outcome(row);
    if (row->corrected && !row->recovered)
        metrics_add(METRIC_POWER_SYNC_CORRECTIONS, 1);
    if (row->corrected)
        notify_node(row->task, "power_state_corrected", "success",
                    json_pack("{s:s?}", "from_power", row->from));
    if (row->changed)
        power_events_tell(row->reading->conductor->power_events, row->task->node);
}

/* Runs on a worker; the sync does not wait for it. */
static void
restore_power_state(Task *task)
{
    g_autoptr(GError) error = NULL;
    bool on = power_state_from_wire(task->node->power_state) == POWER_ON;
    task->node->power_sync_failures++;
    if (!power_action(task, (PowerAction){.target = on ? POWER_TARGET_ON : POWER_TARGET_OFF},
                      &error))
        log_warning(AREA, "%s", error->message);
    g_clear_error(&error);
    if (!task_save(task, &error))
        log_warning(AREA, "%s", error->message);
    task_release(task);
}

/* Under the node's lock, since the machine is told something. */
static void
switch_machine(const PowerReading *reading)
{
    g_autoptr(GError) error = NULL;
    Task *task =
        task_acquire(reading->conductor, reading->uuid, TASK_EXCLUSIVE, "power sync", &error);
    if (task == NULL) /* work on a locked node may change the power */
        return;
    if (still_counts(reading, task->node) && must_switch(task->node, reading->state)) {
        log_warning(AREA, "the machine is %s, but should be %s: changing it",
                    power_state_wire(reading->state), task->node->power_state);
        if (!task_spawn(&task, restore_power_state, &error))
            log_warning(AREA, "the next sync tries it: %s", error->message);
    }
    task_release(task);
}

static void
finish(const Settlement *row)
{
    if (row->task == NULL)
        return;
    log_context_node(row->reading->uuid);
    tell(row);
    if (row->must_switch)
        switch_machine(row->reading);
    log_context_node(NULL);
}

/* ---- batches ---- */

static bool
settle_batch(Batch *batch, GError **error)
{
    Conductor *conductor = batch->conductor;
    if (!conductor_lease_check(conductor, batch->lease, error) ||
        !db_transaction(conductor->services.db, DB_WRITE, settle_together, batch, error))
        return false;
    for (size_t i = 0; i < batch->count; i++)
        finish(&batch->rows[i]);
    return true;
}

/* A node that cannot be written takes no other one with it. Ends when the database is out: the next
 * sync reads these machines again. */
static void
settle_one_by_one(const Batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        g_autoptr(GError) error = NULL;
        Batch one = {.conductor = batch->conductor, .rows = {batch->rows[i]}, .count = 1};
        one.rows[0].task = NULL;
        one.rows[0].from = NULL;
        bool good = settle_batch(&one, &error);
        row_reset(&one.rows[0]);
        if (good)
            continue;
        log_warning(AREA, "node %s: %s", batch->rows[i].reading->uuid, error->message);
        if (steel_error_is(error, STEEL_ERROR_LEASE_LOST) ||
            !db_alive(batch->conductor->services.db, NULL))
            return;
    }
}

static void
settle_or_split(Batch *batch)
{
    g_autoptr(GError) error = NULL;
    if (settle_batch(batch, &error))
        return;
    if (batch->count > 1 && !steel_error_is(error, STEEL_ERROR_LEASE_LOST))
        settle_one_by_one(batch);
    else
        log_warning(AREA, "%s", error->message);
}

/* Takes the next ones from the queue; none: this settler has ended. */
static void
next_batch(Conductor *conductor, Batch *batch)
{
    *batch = (Batch){.conductor = conductor};
    lock_acquire(&conductor->guard);
    while (batch->count < BATCH && !g_queue_is_empty(&conductor->to_settle))
        batch->rows[batch->count++].reading = g_queue_pop_head(&conductor->to_settle);
    if (batch->count == 0)
        conductor->settlers--;
    lock_release(&conductor->guard);
}

static void
power_settle_worker(void *data)
{
    Conductor *conductor = data;
    Batch batch;
    for (next_batch(conductor, &batch); batch.count > 0; next_batch(conductor, &batch)) {
        if (!conductor->stopping && !conductor->draining)
            settle_or_split(&batch);
        for (size_t i = 0; i < batch.count; i++) {
            row_reset(&batch.rows[i]);
            power_reading_free(batch.rows[i].reading);
        }
    }
}

void
power_settle_resume(Conductor *conductor)
{
    g_autoptr(GError) error = NULL;
    lock_acquire(&conductor->guard);
    bool start = conductor->settlers < SETTLERS_MOST && !g_queue_is_empty(&conductor->to_settle);
    conductor->settlers += start;
    lock_release(&conductor->guard);
    if (!start ||
        conductor_submit(conductor, CONDUCTOR_BACKGROUND, power_settle_worker, conductor, &error))
        return;
    if (steel_error_is(error, STEEL_ERROR_NO_CONDUCTOR)) {
        power_settle_worker(conductor); /* the conductor stops: gives the readings up */
        return;
    }
    lock_acquire(&conductor->guard);
    conductor->settlers--;
    lock_release(&conductor->guard);
}

void
power_settle(PowerReading *reading)
{
    Conductor *conductor = reading->conductor;
    lock_acquire(&conductor->guard);
    g_queue_push_tail(&conductor->to_settle, reading);
    lock_release(&conductor->guard);
    power_settle_resume(conductor);
}
