/* For nodes without remote volumes: their volumes are left alone, and images go to the local disk.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

const StorageOps storage_noop = {
    .interface = {.name = "noop"},
};
