/* What a BIOS driver must do: its clean and deploy steps apply settings; `cache` reads them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct BiosOps {
    Interface interface;
    /* Reads the settings into the database (db table bios_settings). From a worker, locked. NULL: nothing to read. */
    bool (*cache)(Task *task, GError **error);
} BiosOps;

/* Replaces the cached settings of the node by an array of {"name", "value", ...} (fields of BiosSetting). */
bool bios_store_settings(Task *task, const json_t *settings, GError **error);

/* What the node's driver does; true, and nothing is done, where the driver has none. */
bool bios_cache(Task *task, GError **error);
