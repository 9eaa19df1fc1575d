/* For volumes that are made and attached outside of Steel: the node boots from them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

#include "drivers/task.h"

/* An image_source of null counts as one: it says that the instance was meant to have an image. */
static bool
external_storage_should_write_image(Task *task)
{
    return json_object_get(task->node->instance_info, "image_source") != NULL ||
           storage_boot_target(task) == NULL;
}

const StorageOps storage_external = {
    .interface = {.name = "external", .validate = storage_validate_boot_from_volume},
    .should_write_image = external_storage_should_write_image,
};
