/* What a BIOS driver must do: its steps of the kinds CLEAN and DEPLOY apply settings; `cache` reads them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct BiosOps {
    Interface interface;

    /* Reads the settings from the BMC into the database (bios_store_settings).
     *
     * When     nothing calls it yet; it is for the time after settings were applied
     * Lock     exclusive, from a worker
     * Blocks   on the BMC and the database, until task->deadline_ms, or, without one, until each request's own limit
     * Errors   BMC_*, TIMEOUT, DATABASE; what was stored before stays
     * Again    safe: what is stored is replaced as a whole
     * NULL     nothing to read */
    bool (*cache)(Task *task, GError **error);
} BiosOps;

/* Replaces the cached settings of the node by an array of {"name", "value", ...} (fields of BiosSetting). */
bool bios_store_settings(Task *task, const json_t *settings, GError **error);

/* What the node's driver does; true, and nothing is done, where the driver has none. */
bool bios_cache(Task *task, GError **error);
