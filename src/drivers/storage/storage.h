/* What a storage driver must do: attach remote volumes, and say whether an image is to be written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"
#include "model/resources.h"

typedef struct StorageOps {
    Interface interface;

    /* attach makes the node's volumes reachable for its machine; detach ends that.
     *
     * When     attach: before a deploy's steps, and before an active node's machine comes on;
     *          detach: after it went off, and in an undeploy
     * Lock     exclusive, from a worker
     * Blocks   on the volume service and the database, until task->deadline_ms (power_action sets
     *          one), or, without one, until each request's own limit
     * Errors   STORAGE (what the service answered), INVALID, TIMEOUT, DATABASE. A volume that
     *          cannot be attached keeps the machine off; one that cannot be detached is logged
     *          after a power off, and fails an undeploy
     * Again    safe, also if the volumes are attached or detached already
     * NULL     nothing to do */
    bool (*attach)(Task *task, GError **error);
    bool (*detach)(Task *task, GError **error);

    /* False: the node boots from its volume unchanged. Any lock, never blocks, cannot fail; reads
     * the targets that task_volume_targets has loaded. NULL: always true. */
    bool (*should_write_image)(Task *task);

    /* False: the volumes of an active node stay attached while its machine is off. Any thread.
     * NULL: always true. */
    bool (*follows_power)(void);

    /* attach fills in the properties of the volume targets: before, they need none. */
    bool gives_properties;
} StorageOps;

/* detach tells the world when it begins and ends, of a node with volume targets (events
 * storage_detach start, and end or error): then the volumes may be taken elsewhere, also those that
 * Steel has not attached itself.
 *
 * Call the member of the same name of the node's driver; true, without doing anything, if it is
 * NULL. */
bool storage_attach(Task *task, GError **error);
bool storage_detach(Task *task, GError **error);
bool storage_should_write_image(Task *task);
bool storage_follows_power(const Task *task);

/* should_write_image of drivers whose nodes boot from their volumes: false if the node has a target
 * of boot_index 0 and no image_source. An image_source of null counts as one: it says that the
 * instance was meant to have an image. */
bool storage_should_write_unless_volume(Task *task);

/* True if instance_info nfs_root names a root file system. */
bool storage_has_nfs_root(const Node *node);

/* True if the node boots from a remote volume unchanged: it has a root file system on NFS, or a
 * target of boot_index 0 and no image is to be written. Call task_volume_targets first and check
 * its error: without loaded targets this is false. */
bool storage_boots_from_volume(Task *task);

/* The target of boot_index 0, borrowed from the task, or NULL. */
const VolumeTarget *storage_boot_target(Task *task);

/* Checks volumes, connectors and capabilities against each other, by the rules that all storage
 * drivers share. True if the node does not boot from a volume. Errors: INVALID naming what to
 * set. */
bool storage_validate_boot_from_volume(Task *task, GError **error);
