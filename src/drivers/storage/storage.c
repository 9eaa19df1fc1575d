/* Calls a node's storage driver, with the rules that all storage drivers share; the contract is in
 * storage.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

#include "common/log.h"
#include "drivers/task.h"

bool
storage_attach(Task *task, GError **error)
{
    const StorageOps *storage = task->driver.storage;
    return storage->attach == NULL || storage->attach(task, error);
}

bool
storage_detach(Task *task, GError **error)
{
    const StorageOps *storage = task->driver.storage;
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    if (targets->len == 0)
        return storage->detach == NULL || storage->detach(task, error);
    task_notify(task, "storage_detach", "start", NULL);
    bool good = storage->detach == NULL || storage->detach(task, error);
    task_notify(task, "storage_detach", good ? "end" : "error", NULL);
    return good;
}

bool
storage_should_write_image(Task *task)
{
    const StorageOps *storage = task->driver.storage;
    return storage->should_write_image == NULL || storage->should_write_image(task);
}

bool
storage_follows_power(const Task *task)
{
    const StorageOps *storage = task->driver.storage;
    return storage->follows_power == NULL || storage->follows_power();
}

bool
storage_should_write_unless_volume(Task *task)
{
    return json_object_get(task->node->instance_info, "image_source") != NULL ||
           storage_boot_target(task) == NULL;
}

const VolumeTarget *
storage_boot_target(Task *task)
{
    g_autoptr(GError) error = NULL;
    const GPtrArray *targets = task_volume_targets(task, &error);
    if (targets == NULL) {
        log_error("drivers.storage", "volume targets could not be read: %s", error->message);
        return NULL;
    }
    for (guint i = 0; i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        if (target->boot_index == 0)
            return target;
    }
    return NULL;
}

bool
storage_has_nfs_root(const Node *node)
{
    return !json_is_nothing(json_object_get(node->instance_info, "nfs_root"));
}

bool
storage_boots_from_volume(Task *task)
{
    return storage_has_nfs_root(task->node) ||
           (storage_boot_target(task) != NULL && !storage_should_write_image(task));
}
