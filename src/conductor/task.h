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

/* Releases the lock of a node. If the database refuses, the clock tries again: no lock outlives its
 * work once the database works again. */
void task_unlock(Conductor *conductor, const char *node_uuid);
void task_unlock_again(Conductor *conductor);

/* Hands the task to a worker, which must end it with task_release. On NO_WORKER the task stays the
 * caller's; on success *task is NULL. */
bool task_spawn(Task **task, void (*work)(Task *task), GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same, but saves the node as it was if there is no worker. before: a copy of the node
 * from under the same lock. */
bool task_spawn_or_revert(Task **task, const Node *before, void (*work)(Task *task),
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does the same after a pause; cannot fail. The pause holds the lock but no thread, so a node has
 * one of these at most. */
void task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task));
