/* Tasks: the lock of a node and everything that is loaded under it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/internal.h"
#include "db/nodes.h"
#include "db/records.h"

static Task *
load(Conductor *conductor, const char *node_uuid, GError **error)
{
    Node *node = db_record_find(conductor->services.db, &node_resource, "uuid", node_uuid, error);
    Task *task = node != NULL ? task_new(&conductor->services, node, error) : NULL;
    if (task != NULL)
        task->conductor = conductor;
    return task;
}

static void
unlock(Conductor *conductor, const char *node_uuid)
{
    g_autoptr(GError) error = NULL;
    if (!db_node_release(conductor->services.db, node_uuid, conductor->lease, &error))
        log_error("conductor.task", "the lock of node %s could not be given back: %s", node_uuid,
                  error->message);
}

Task *
task_acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, const char *purpose,
             GError **error)
{
    if (lock == TASK_EXCLUSIVE &&
        !db_node_reserve(conductor->services.db, node_uuid, conductor->hostname, conductor->lease,
                         purpose, error))
        return NULL;
    Task *task = load(conductor, node_uuid, error);
    if (task == NULL) {
        if (lock == TASK_EXCLUSIVE)
            unlock(conductor, node_uuid);
        return NULL;
    }
    task->exclusive = lock == TASK_EXCLUSIVE;
    task->purpose = g_strdup(purpose);
    return task;
}

void
task_release(Task *task)
{
    if (task == NULL)
        return;
    if (task->exclusive)
        unlock(task_conductor(task), task->node->uuid);
    task_free(task);
}

/* A task on its way to a worker. */
typedef struct Spawned {
    Task *task;
    void (*work)(Task *task);
} Spawned;

static void
run_spawned(void *data)
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
    if (pool_submit(task_conductor(*task)->workers, run_spawned, spawned, error)) {
        *task = NULL;
        return true;
    }
    g_free(spawned);
    return false;
}

void
task_spawn_later(Task *task, unsigned delay_ms, void (*work)(Task *task))
{
    Spawned *spawned = g_new(Spawned, 1);
    *spawned = (Spawned){task, work};
    pool_submit_later(task_conductor(task)->workers, delay_ms, run_spawned, spawned);
}
