/* The inside of the conductor: shared by the files of this folder, by nobody else.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/lock.h"
#include "common/pool.h"
#include "conductor/boot_reports.h"
#include "conductor/conductor.h"
#include "conductor/wakes.h"
#include "model/internal_info.h"
#include "model/power_states.h"
#include "model/provision_states.h"
#include "model/step_kinds.h"

#include <pthread.h>
#include <stdatomic.h>

struct Conductor {
    DriverServices services; /* immutable; handed to every task */
    Registry *registry;      /* owned, immutable */
    char *hostname;          /* owned, immutable */
    char *group;             /* owned, immutable */
    char lease[37];          /* immutable: the identity of this life of the process */
    /* Two pools, so that work which waits for BMCs never keeps what only needs the database from running. */
    Pool *
        quick; /* handlers of rpc methods that touch the database only, and the start of everything else */
    Pool *workers;        /* what may block on hardware */
    Pool *background;     /* what nobody waits for: reports of machines, power states that differ */
    BootReports *reports; /* owned */
    Wakes *wakes;         /* owned: nodes whose agent has called */
    atomic_bool stopping;
    atomic_bool
        registered; /* it holds its lease; only the clock's thread changes it after the start */
    atomic_uint retries; /* calls that wait for a locked node; of dispatch.c */
    Lock gate; /* held for moments: a foreign thread hands us work, or `stopping` is set */
    Lock guard;
    GPtrArray *locked GUARDED; /* owned uuids: nodes whose lock the database did not take back */
    /* Owned uuid -> when (ms): nodes of which a refused script was told; of boot_progress.c. */
    GHashTable *refused GUARDED;
    GHashTable *asked GUARDED;        /* owned uuids: nodes whose power state is being read */
    GQueue to_read GUARDED;           /* of power_sync.c: those among them that wait for a worker */
    unsigned reading_workers GUARDED; /* that read such nodes one after the other */
    /* The clock's thread: */
    GQueue boot_again; /* its own; owned uuids: machines that are to boot again */
    pthread_t clock_thread;
    int64_t clock_skew_ms; /* its own: what is stored of steady_skew_ms */
    Lock clock_lock;
    pthread_cond_t clock_wake;
    bool clock_stop GUARDED;
};

/* ---- task.c: the lock ---- */

typedef enum TaskLock { TASK_SHARED, TASK_EXCLUSIVE } TaskLock;

/* Takes the lease under which locks are worth something. Errors: those of the database; CONFLICT. */
bool conductor_register(Conductor *conductor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loads a node, and locks it if asked to.
 *
 * purpose  a few words for whoever meets the lock
 * Errors   LOCKED, NODE_NOT_FOUND, INVALID (an interface is not enabled here), DATABASE */
Task *task_acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, const char *purpose,
                   GError **error);

/* The same for a node whose driver is not enabled any more, with the exclusive lock: the task has no driver. */
Task *task_acquire_without_driver(Conductor *conductor, const char *node_uuid, const char *purpose,
                                  GError **error);

/* Gives the lock back and frees the task; NULL is fine. Unsaved changes are lost. */
void task_release(Task *task);

static inline Conductor *
task_conductor(const Task *task)
{
    return task->conductor;
}

/* Gives the lock of a node back. What the database refuses is tried again by the clock: no lock outlives its work by
 * more than the database's trouble. */
void task_unlock(Conductor *conductor, const char *node_uuid);
void task_unlock_again(Conductor *conductor);

/* Hands the task to a worker, which must end it with task_release. On NO_WORKER the task stays the caller's; on success
 * *task is NULL. */
bool task_spawn(Task **task, void (*work)(Task *task), GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and when there is no worker, the node is saved as it was: `before` is a copy from under the same lock. */
bool task_spawn_or_revert(Task **task, const Node *before, void (*work)(Task *task),
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same after a pause; cannot fail. No thread is kept meanwhile, the lock is: so there are no more of these than nodes. */
void task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task));

/* Which pool a job is for. */
typedef enum ConductorPool {
    CONDUCTOR_QUICK,      /* calls that only need the database */
    CONDUCTOR_WORKERS,    /* may block on hardware */
    CONDUCTOR_BACKGROUND, /* only needs the database, and no call waits for it */
} ConductorPool;

/* Hands a job to a pool from a thread that is not ours (an HTTP thread, the IPMI engine). Never blocks.
 * Errors: NO_WORKER; NO_CONDUCTOR when stopping. data stays the caller's then. */
bool conductor_submit(Conductor *conductor, ConductorPool pool, PoolJob job, void *data,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- transition.c: the only writer of provision_state ---- */

/* Moves the node along an edge of the table, saves it and tells the world. INVALID_STATE when there is no such edge: the
 * node is untouched then. Needs the exclusive lock. */
bool task_process_event(Task *task, ProvisionEvent event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with another goal than the table's (manual cleaning returns to manageable). */
bool task_process_event_to(Task *task, ProvisionEvent event, ProvisionState goal,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins the wait of the node's operation (event `wait`), for limit_ms at most; 0: as the kind's option says. */
bool task_begin_wait(Task *task, int64_t limit_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The time of a wait begins anew (not saved). */
void task_extend_wait(Task *task, StepKind kind, int64_t limit_ms);

/* Saves and logs a failure to; for the ends of work where nobody is left to be told. False: nothing has changed, and the
 * state's work is begun again by whoever finds the node. */
bool task_event_or_log(Task *task, ProvisionEvent event);

/* The node's operation is over: nothing of it is remembered (not saved). Called by every transition that ends one; an
 * operation that is aborted ends when it is undone. */
void operation_over(Node *node);

/* Writes down that the work has failed, before anything of it is undone: a next life undoes it again instead of going on.
 * False: the database does not answer; the work is to be left as it is, since nothing could be saved. */
bool task_failing_begin(Task *task, const char *reason) G_GNUC_WARN_UNUSED_RESULT;

/* True when that was written down, by whatever life of the process; the error is set to the reason then. */
bool task_failing(const Task *task, GError **error);

/* True when the database is at fault, and neither a machine nor a client. */
static inline bool
database_failed(const GError *error)
{
    return steel_error_is(error, STEEL_ERROR_DATABASE) ||
           steel_error_is(error, STEEL_ERROR_DATABASE_BUSY);
}

/* True, and logged, when the database is at fault and not the machine: the work is left as it is, and whoever finds the
 * node afterwards goes on. */
bool work_interrupted(const GError *error);

/* Begins an operation of the timeline; what an earlier one has left open ends as "interrupted". */
void task_operation_start(Task *task, const char *operation);

/* Ends work that failed: last_error, history, event `fail`, the operation's last phase. What it cannot save it logs. Work
 * that the database interrupted has not failed: nothing is changed. */
void task_fail(Task *task, const GError *cause);

static inline ProvisionState
task_state(const Task *task)
{
    return state_from_wire(task->node->provision_state);
}

/* ---- notify.c ---- */

/* Publishes "baremetal.node.<action>.<status>" with the node's payload and `extra` members (taken, may be NULL): to the
 * event stream, and as a notification to the log. status: "start", "end", "success", "error". */
void notify_node(const Task *task, const char *action, const char *status, json_t *extra);

/* The same for any record that there are notifications of; nothing for others. action: "create", "update", "delete". */
void notify_record(const DriverServices *services, const Resource *resource, const void *record,
                   const char *action, const char *status);

/* notify_record with status "end" or "error"; returns `good`. */
static inline bool
notify_record_end(const DriverServices *services, const Resource *resource, const void *record,
                  const char *action, bool good)
{
    notify_record(services, resource, record, action, good ? "end" : "error");
    return good;
}

/* Remembers an event in the node's history, if [conductor]node_history. severity "ERROR" or "INFO". */
void history_add(Task *task, const char *severity, const char *type, const char *event);

/* ---- metrics.c ---- */

/* Counts an answered call, a change of state. Any thread. */
void metrics_count_call(RpcMethod method, bool good);
void metrics_count_transition(ProvisionEvent event, ProvisionState next);

/* A collector of common/metrics.h, with the Conductor. */
void conductor_metrics_write(GString *out, void *conductor);

/* ---- periodic work ---- */

void conductor_clock_start(Conductor *conductor);
void conductor_clock_stop(Conductor *conductor);
void power_sync_run(Conductor *conductor);
void power_recovery_run(Conductor *conductor); /* nodes that power_sync_run has given up */
void allocations_run(Conductor *conductor); /* allocations whose search has ended with a process */
void history_prune_run(Conductor *conductor);
void conductors_prune_run(Conductor *conductor);
void
takeover_run(Conductor *conductor); /* nodes that nobody works on although their state says so */
void wait_deadlines_run(Conductor *conductor);

/* Fails the work of a node that no task can be made for, because its driver is not enabled any more. */
bool takeover_fail_node(Conductor *conductor, const char *uuid, const GError *cause);

/* ---- boot_progress.c ---- */

/* A BootReportsTake with the Conductor: what the machines' reports mean for a node. */
void boot_progress_take(void *conductor, const char *node_uuid, GQueue *reports);

/* Why a deploy is given up whose machine was waited for in vain, from what it has last said; the caller frees. */
char *boot_progress_late(const Node *node);

/* At the start: notes the machines that a deploy waits for. They have perhaps spoken while nobody listened. */
void boot_progress_recover(Conductor *conductor);

/* Boots some of them again, as many as [conductor]periodic_max_workers, until there are none left. From the clock. */
void boot_again_run(Conductor *conductor);

/* From the clock: reports that nobody has handed a lock to are tried again. */
void boot_reports_run(Conductor *conductor);

/* ---- provision/work.c, provision/wait.c ---- */

/* Starts, or goes on with, the work that the node's state stands for (deploying, cleaning, ...). Takes the task. */
void provision_work_begin(Task *task);

/* The machine, or its agent, has called: the step that waits is resumed, if the node waits. From a worker. Takes the task. */
void provision_resume(Task *task);

/* An agent has called the node, which is as it was loaded. Never blocks: if the node is at work in steps, the step that waits
 * is resumed soon, by a worker, when the node's lock is free. */
void provision_heartbeat(Conductor *conductor, const Node *node);

/* What the conductor's Wakes work with; user is the Conductor. */
extern const WakesOps provision_wakes;

/* From the clock: calls that found no worker. */
void wakes_run(Conductor *conductor);

/* A wait went past its deadline. Takes the task. */
void provision_wait_timed_out(Task *task);

/* A wait has failed: its work is undone, in the next life of the process if this one does not come to it. Takes the task. */
void provision_wait_fail(Task *task, const GError *cause);
