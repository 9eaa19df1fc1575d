/* What a storage driver must do: attach remote volumes, and say whether an image is to be written.
 *
 * attach and detach are called from a worker with the node locked exclusively, and must be idempotent.
 * Errors: STORAGE, INVALID.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"
#include "model/resources.h"

typedef struct StorageOps {
    Interface interface;
    bool (*attach)(Task *task, GError **error); /* NULL: nothing to do */
    bool (*detach)(Task *task, GError **error); /* NULL: nothing to do */
    bool (*should_write_image)(Task *task);     /* NULL: always */
} StorageOps;

/* What the node's driver does, as the member of the same name says; true, and nothing is done, where the driver has none. */
bool storage_attach(Task *task, GError **error);
bool storage_detach(Task *task, GError **error);
bool storage_should_write_image(Task *task);

/* True when the node boots from a remote volume: a target of boot_index 0, and no image to be written. Whoever decides by it
 * calls task_volume_targets first, which tells when the database cannot say; it would read as false here. */
bool storage_boots_from_volume(Task *task);

/* The target of boot_index 0, borrowed from the task, or NULL. */
const VolumeTarget *storage_boot_target(Task *task);

/* Checks volumes, connectors and capabilities against each other, by the rules that all storage drivers share. Passes when
 * the node does not boot from a volume. Errors: INVALID naming what to set. */
bool storage_validate_boot_from_volume(Task *task, GError **error);
