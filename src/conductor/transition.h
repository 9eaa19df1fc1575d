/* The only writer of provision_state: it moves nodes along the edges of model/provision_states.def,
 * and begins waits, records failures and ends operations. All functions need the exclusive lock.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/task.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "model/step_kinds.h"

/* Moves the node along an edge of the table, saves it and publishes the change. Errors:
 * INVALID_STATE if there is no such edge, DATABASE; the node is unchanged then. */
bool task_process_event(Task *task, ProvisionEvent event, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same with another goal than the table's (manual cleaning returns to manageable). */
bool task_process_event_to(Task *task, ProvisionEvent event, ProvisionState goal,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins the wait of the node's operation (event `wait`), for limit_ms at most; 0: the kind's
 * option. */
bool task_begin_wait(Task *task, int64_t limit_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the time of a wait again. The caller saves the node. */
void task_extend_wait(Task *task, StepKind kind, int64_t limit_ms);

/* Saves the node; logs a failure. For the end of work that no caller waits for. Returns false if
 * nothing has changed: the takeover then begins the state's work again. */
bool task_event_or_log(Task *task, ProvisionEvent event);

/* Removes all keys of the node's operation, when it is over. The caller saves the node. Every
 * transition that ends an operation calls it; an aborted operation ends when it is undone. */
void operation_over(Node *node);

/* Saves that the work has failed, before it is undone: a restarted process then undoes it again and
 * does not resume it. Returns false if the database does not answer: the caller must leave the work
 * as it is. */
bool task_failing_begin(Task *task, const char *reason) G_GNUC_WARN_UNUSED_RESULT;

/* True if task_failing_begin was called, maybe before a restart. The error is set to the reason
 * then. */
bool task_failing(const Task *task, GError **error);

/* True for an error of the database, or a lost lease: not of a machine or a client. */
static inline bool
database_failed(const GError *error)
{
    return steel_error_is(error, STEEL_ERROR_DATABASE) ||
           steel_error_is(error, STEEL_ERROR_DATABASE_BUSY) ||
           steel_error_is(error, STEEL_ERROR_LEASE_LOST);
}

/* True, and logged, for an error of the database: the caller leaves the work as it is, and the
 * takeover resumes it. */
bool work_interrupted(const GError *error);

/* Begins an operation of the timeline; an open phase of an earlier one ends as "interrupted". */
void task_operation_start(Task *task, const char *operation);

/* Ends work that failed: last_error, history, event `fail`, the operation's last phase. Logs what
 * the database refuses. Changes nothing if the cause is an error of the database: such work has not
 * failed. */
void task_fail(Task *task, const GError *cause);

static inline ProvisionState
task_state(const Task *task)
{
    return state_from_wire(task->node->provision_state);
}
