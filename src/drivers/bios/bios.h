/* What a BIOS driver must do: its steps of the kinds CLEAN and DEPLOY apply settings; `cache` reads
 * them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct BiosOps {
    Interface interface;

    /* Reads the settings from the BMC into the database (bios_store_settings).
     *
     * When     a node is verified, a cleaning begins
     * Lock     exclusive, from a worker
     * Blocks   on the BMC and the database, until task->deadline_ms, or, without one, until each
     *          request's own limit
     * Errors   BMC_*, TIMEOUT, DATABASE; the stored settings stay
     * Again    safe: all stored settings are replaced
     * NULL     nothing to read */
    bool (*cache)(Task *task, GError **error);
} BiosOps;

/* Replaces the cached settings of the node by an array of {"name", "value", ...} (fields of
 * BiosSetting). */
bool bios_store_settings(Task *task, const json_t *settings, GError **error);

/* Calls the node's driver; true, without doing anything, if the member is NULL. */
bool bios_cache(Task *task, GError **error);
