/* For volumes that are made and attached outside of Steel: the node boots from them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

const StorageOps storage_external = {
    .interface = {.name = "external", .validate = storage_validate_boot_from_volume},
    .should_write_image = storage_should_write_unless_volume,
};
