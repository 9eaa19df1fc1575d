/* Makes and ends tasks: a task is a loaded node, locked while work on it runs. drivers/task.h has
 * the part that drivers see.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"

typedef enum TaskLock { TASK_SHARED, TASK_EXCLUSIVE } TaskLock;

/* Loads a node, and locks it if `lock` says so. Blocks on the database.
 *
 * purpose  why the lock is held, for the error that others get
 * Errors   LOCKED, NODE_NOT_FOUND, INVALID (an interface is not enabled here), DATABASE */
Task *task_acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, const char *purpose,
                   GError **error);

/* Does the same, with the exclusive lock, for a node whose driver is no longer enabled: the task
 * has no driver. */
Task *task_acquire_without_driver(Conductor *conductor, const char *node_uuid, const char *purpose,
                                  GError **error);

/* Releases the lock and frees the task; NULL is fine. Unsaved changes are lost. */
void task_release(Task *task);

static inline Conductor *
task_conductor(const Task *task)
{
    return task->conductor;
}

/* Takes the lock of a node under the present lease.
 * lease   out: for task_load_locked and task_unlock
 * Errors  LOCKED, NODE_NOT_FOUND, DATABASE; LEASE_LOST: this conductor has none at the moment;
 *         NO_CONDUCTOR: it drains */
bool task_lock(Conductor *conductor, const char *node_uuid, const char *purpose,
               char lease[LEASE_SIZE], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Loads a locked node, for the caller to free. LEASE_LOST if it is locked no longer. */
Node *task_load_locked(Conductor *conductor, const char *node_uuid, const char *lease,
                       GError **error);

/* Releases the lock of a node. If the database refuses, the clock tries again: no lock outlives its
 * work once the database works again. */
void task_unlock(Conductor *conductor, const char *node_uuid, const char *lease);
void task_unlock_again(Conductor *conductor);

/* The array of the locks that task_unlock could not release. */
GArray *task_locked_new(void);

/* A TaskLeaseLeft (drivers/task.h). */
int64_t task_lease_left_ms(const Task *task);

/* Hands the task to a worker, which must end it with task_release. A task of no client's request
 * leaves [conductor]reserved_workers_pool_percentage of them free. On NO_WORKER the task stays the
 * caller's; on success *task is NULL. */
bool task_spawn(Task **task, void (*work)(Task *task), GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same, but saves the node as it was if there is no worker. before: a copy of the node
 * from under the same lock. */
bool task_spawn_or_revert(Task **task, const Node *before, void (*work)(Task *task),
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same after a pause; cannot fail. The pause holds the lock but no thread, so a node has
 * one of these at most. */
void task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task));
