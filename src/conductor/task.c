/* Tasks: a node's lock, and the data that is loaded under it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/log.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "db/records.h"

typedef enum Driver { WITH_DRIVER, WITHOUT_DRIVER } Driver;

static Task *
load(Conductor *conductor, const char *node_uuid, Driver driver, GError **error)
{
    Node *node = db_record_find(conductor->services.db, &node_resource, "uuid", node_uuid, error);
    if (node == NULL)
        return NULL;
    Task *task = driver == WITH_DRIVER ? task_new(&conductor->services, node, error)
                                       : task_new_without_driver(&conductor->services, node);
    if (task != NULL)
        task->conductor = conductor;
    return task;
}

void
task_unlock(Conductor *conductor, const char *node_uuid)
{
    g_autoptr(GError) error = NULL;
    if (db_node_release(conductor->services.db, node_uuid, conductor->lease, &error)) {
        boot_reports_lock_released(conductor->reports, node_uuid);
        wakes_lock_released(conductor->wakes, node_uuid);
        return;
    }
    log_error("conductor.task",
              "the lock of node %s could not be given back, it is tried again: %s", node_uuid,
              error->message);
    lock_acquire(&conductor->guard);
    g_ptr_array_add(conductor->locked, g_strdup(node_uuid));
    lock_release(&conductor->guard);
}

void
task_unlock_again(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    g_autoptr(GPtrArray) locked = conductor->locked;
    conductor->locked = g_ptr_array_new_with_free_func(g_free);
    lock_release(&conductor->guard);
    for (guint i = 0; i < locked->len; i++)
        task_unlock(conductor, locked->pdata[i]);
}

static Task *
acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, Driver driver,
        const char *purpose, GError **error)
{
    if (lock == TASK_EXCLUSIVE &&
        !db_node_reserve(conductor->services.db, node_uuid, conductor->hostname, conductor->lease,
                         purpose, error))
        return NULL;
    Task *task = load(conductor, node_uuid, driver, error);
    if (task == NULL) {
        if (lock == TASK_EXCLUSIVE)
            task_unlock(conductor, node_uuid);
        return NULL;
    }
    task->exclusive = lock == TASK_EXCLUSIVE;
    task->purpose = g_strdup(purpose);
    return task;
}

Task *
task_acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, const char *purpose,
             GError **error)
{
    return acquire(conductor, node_uuid, lock, WITH_DRIVER, purpose, error);
}

Task *
task_acquire_without_driver(Conductor *conductor, const char *node_uuid, const char *purpose,
                            GError **error)
{
    return acquire(conductor, node_uuid, TASK_EXCLUSIVE, WITHOUT_DRIVER, purpose, error);
}

void
task_release(Task *task)
{
    if (task == NULL)
        return;
    if (task->exclusive)
        task_unlock(task_conductor(task), task->node->uuid);
    task_free(task);
}

void
task_operation_start(Task *task, const char *operation)
{
    if (task->node->operation_uuid != NULL)
        task_operation_end(task, "interrupted", NULL);
    task_operation_begin(task, operation);
}

/* A task that is queued for a worker. */
typedef struct Spawned {
    Task *task;
    void (*work)(Task *task);
} Spawned;

static void
task_run_spawned(void *data)
{
    g_autofree Spawned *spawned = data;
    log_context_request(spawned->task->request_id);
    log_context_node(spawned->task->node->uuid);
    spawned->work(spawned->task);
    log_context_node(NULL);
    log_context_request(NULL);
}

bool
task_spawn(Task **task, void (*work)(Task *task), GError **error)
{
    Spawned *spawned = g_new(Spawned, 1);
    *spawned = (Spawned){*task, work};
    if (pool_submit(task_conductor(*task)->workers, task_run_spawned, spawned, error)) {
        *task = NULL;
        return true;
    }
    g_free(spawned);
    return false;
}

bool
task_spawn_or_revert(Task **task, const Node *before, void (*work)(Task *task), GError **error)
{
    if (task_spawn(task, work, error))
        return true;
    g_autoptr(GError) save = NULL;
    node_free((*task)->node);
    (*task)->node = node_copy(before);
    if (!task_save(*task, &save))
        log_error("conductor.task", "the node could not be put back to %s: %s",
                  before->provision_state, save->message);
    return false;
}

void
task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task))
{
    Spawned *spawned = g_new(Spawned, 1);
    *spawned = (Spawned){task, work};
    pool_submit_later(task_conductor(task)->workers, delay_ms, task_run_spawned, spawned);
}
