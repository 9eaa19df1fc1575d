/* The only writer of provision_state: moves along the edges of model/provision_states.def, waits,
 * failures, the end of an operation. All of it needs the exclusive lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/task.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "model/step_kinds.h"

/* Moves the node along an edge of the table, saves it and tells the world. INVALID_STATE when there
 * is no such edge: the node is untouched then. Needs the exclusive lock. */
bool task_process_event(Task *task, ProvisionEvent event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with another goal than the table's (manual cleaning returns to manageable). */
bool task_process_event_to(Task *task, ProvisionEvent event, ProvisionState goal,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins the wait of the node's operation (event `wait`), for limit_ms at most; 0: as the kind's
 * option says. */
bool task_begin_wait(Task *task, int64_t limit_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the time of a wait again (not saved). */
void task_extend_wait(Task *task, StepKind kind, int64_t limit_ms);

/* Saves the node; logs a failure. For ends of work without a caller. False: nothing has changed,
 * and the state's work is begun again by whoever finds the node. */
bool task_event_or_log(Task *task, ProvisionEvent event);

/* The node's operation is over: nothing of it is remembered (not saved). Called by every transition
 * that ends one; an operation that is aborted ends when it is undone. */
void operation_over(Node *node);

/* Writes down that the work has failed, before anything of it is undone: a next life undoes it
 * again instead of going on. False: the database does not answer; the work is to be left as it is,
 * since nothing could be saved. */
bool task_failing_begin(Task *task, const char *reason) G_GNUC_WARN_UNUSED_RESULT;

/* True when that was written down, by whatever life of the process; the error is set to the reason
 * then. */
bool task_failing(const Task *task, GError **error);

/* True when the database is at fault, and neither a machine nor a client. */
static inline bool
database_failed(const GError *error)
{
    return steel_error_is(error, STEEL_ERROR_DATABASE) ||
           steel_error_is(error, STEEL_ERROR_DATABASE_BUSY);
}

/* True, and logged, when the database is at fault and not the machine: the work is left as it is,
 * and whoever finds the node afterwards goes on. */
bool work_interrupted(const GError *error);

/* Begins an operation of the timeline; what an earlier one has left open ends as "interrupted". */
void task_operation_start(Task *task, const char *operation);

/* Ends work that failed: last_error, history, event `fail`, the operation's last phase. What it
 * cannot save it logs. Work that the database interrupted has not failed: nothing is changed. */
void task_fail(Task *task, const GError *cause);

static inline ProvisionState
task_state(const Task *task)
{
    return state_from_wire(task->node->provision_state);
}
