/* Tasks: a node's lock, and the data that is loaded under it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/log.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "db/records.h"

typedef enum Driver { WITH_DRIVER, WITHOUT_DRIVER } Driver;

/* A lock that the database failed to release. */
typedef struct Locked {
    char *node_uuid, *lease; /* owned */
} Locked;

static void
locked_clear(void *data)
{
    Locked *locked = data;
    g_free(locked->node_uuid);
    g_free(locked->lease);
}

GArray *
task_locked_new(void)
{
    GArray *locked = g_array_new(FALSE, FALSE, sizeof(Locked));
    g_array_set_clear_func(locked, locked_clear);
    return locked;
}

bool
task_lock(Conductor *conductor, const char *node_uuid, const char *purpose, char lease[LEASE_SIZE],
          GError **error)
{
    if (conductor->draining)
        return steel_fail(error, STEEL_ERROR_NO_CONDUCTOR,
                          "conductor %s takes no new work: it is about to be stopped; try another",
                          conductor->hostname);
    if (!conductor_lease_check(conductor, lease, error))
        return false;
    if (!db_node_reserve(conductor->services.db, node_uuid, conductor->hostname, lease, purpose,
                         error))
        return false;
    log_debug("conductor.lock", "%s locked under lease %s: %s", node_uuid, lease, purpose);
    return true;
}

Node *
task_load_locked(Conductor *conductor, const char *node_uuid, const char *lease, GError **error)
{
    g_autoptr(Node) node =
        db_record_find(conductor->services.db, &node_resource, "uuid", node_uuid, error);
    if (node == NULL)
        return NULL;
    if (g_strcmp0(node->reservation_lease, lease) == 0)
        return g_steal_pointer(&node);
    steel_fail(error, STEEL_ERROR_LEASE_LOST,
               "Node %s was taken over by another conductor: lease %s has ended.", node_uuid,
               lease);
    return NULL;
}

int64_t
task_lease_left_ms(const Task *task)
{
    return task->stored->reservation_lease != NULL
               ? conductor_lease_left_ms(task->conductor, task->stored->reservation_lease)
               : 0;
}

/* lease: of the lock; NULL: there is none. */
static Task *
load(Conductor *conductor, const char *node_uuid, const char *lease, Driver driver, GError **error)
{
    Node *node = lease != NULL ? task_load_locked(conductor, node_uuid, lease, error)
                               : db_record_find(conductor->services.db, &node_resource, "uuid",
                                                node_uuid, error);
    if (node == NULL)
        return NULL;
    Task *task = driver == WITH_DRIVER ? task_new(&conductor->services, node, error)
                                       : task_new_without_driver(&conductor->services, node);
    if (task != NULL)
        task->conductor = conductor;
    return task;
}

void
task_unlock(Conductor *conductor, const char *node_uuid, const char *lease)
{
    g_autoptr(GError) error = NULL;
    /* before it is so: a reader of the logs of several conductors sees one holder at a time */
    log_debug("conductor.lock", "%s released under lease %s", node_uuid, lease);
    if (db_node_release(conductor->services.db, node_uuid, lease, &error)) {
        boot_reports_lock_released(conductor->reports, node_uuid);
        wakes_lock_released(conductor->wakes, node_uuid);
        return;
    }
    log_error("conductor.task",
              "the lock of node %s could not be given back, it is tried again: %s", node_uuid,
              error->message);
    const Locked locked = {g_strdup(node_uuid), g_strdup(lease)};
    lock_acquire(&conductor->guard);
    g_array_append_val(conductor->locked, locked);
    lock_release(&conductor->guard);
}

void
task_unlock_again(Conductor *conductor)
{
    lock_acquire(&conductor->guard);
    g_autoptr(GArray) locked = conductor->locked;
    conductor->locked = task_locked_new();
    lock_release(&conductor->guard);
    for (guint i = 0; i < locked->len; i++) {
        const Locked *lock = &g_array_index(locked, Locked, i);
        task_unlock(conductor, lock->node_uuid, lock->lease);
    }
}

static Task *
acquire(Conductor *conductor, const char *node_uuid, TaskLock lock, Driver driver,
        const char *purpose, GError **error)
{
    char lease[LEASE_SIZE];
    bool exclusive = lock == TASK_EXCLUSIVE;
    if (exclusive && !task_lock(conductor, node_uuid, purpose, lease, error))
        return NULL;
    Task *task = load(conductor, node_uuid, exclusive ? lease : NULL, driver, error);
    if (task == NULL) {
        if (exclusive)
            task_unlock(conductor, node_uuid, lease);
        return NULL;
    }
    task->exclusive = exclusive;
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
        task_unlock(task_conductor(task), task->stored->uuid, task->stored->reservation_lease);
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
    log_context_request(spawned->task->request_id, spawned->task->global_request_id);
    log_context_node(spawned->task->node->uuid);
    spawned->work(spawned->task);
    log_context_node(NULL);
    log_context_request(NULL, NULL);
}

bool
task_spawn(Task **task, void (*work)(Task *task), GError **error)
{
    Spawned *spawned = g_new(Spawned, 1);
    *spawned = (Spawned){*task, work};
    Conductor *conductor = task_conductor(*task);
    unsigned spare = (*task)->request_id != NULL ? 0 : conductor->reserved;
    if (pool_submit_sparing(conductor->workers, spare, task_run_spawned, spawned, error)) {
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
