/* A task of the conductor: a node that is loaded, and locked for as long as somebody works on it.
 * What drivers see of it is in drivers/task.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/internal.h"

typedef enum TaskLock { TASK_SHARED, TASK_EXCLUSIVE } TaskLock;

/* Loads a node, and locks it if asked to.
 *
 * purpose  a few words for others that find the node locked
 * Errors   LOCKED, NODE_NOT_FOUND, INVALID (an interface is not enabled here), DATABASE */
Task *task_acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, const char *purpose,
                   GError **error);

/* The same for a node whose driver is not enabled any more, with the exclusive lock: the task has
 * no driver. */
Task *task_acquire_without_driver(Conductor *conductor, const char *node_uuid, const char *purpose,
                                  GError **error);

/* Gives the lock back and frees the task; NULL is fine. Unsaved changes are lost. */
void task_release(Task *task);

static inline Conductor *
task_conductor(const Task *task)
{
    return task->conductor;
}

/* Gives the lock of a node back. What the database refuses is tried again by the clock: no lock
 * outlives its work by more than the database's trouble. */
void task_unlock(Conductor *conductor, const char *node_uuid);
void task_unlock_again(Conductor *conductor);

/* Hands the task to a worker, which must end it with task_release. On NO_WORKER the task stays the
 * caller's; on success *task is NULL. */
bool task_spawn(Task **task, void (*work)(Task *task), GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and when there is no worker, the node is saved as it was: `before` is a copy from under
 * the same lock. */
bool task_spawn_or_revert(Task **task, const Node *before, void (*work)(Task *task),
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same after a pause; cannot fail. No thread is kept meanwhile, the lock is: so there are no
 * more of these than nodes. */
void task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task));
