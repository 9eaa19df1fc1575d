/* What a firmware driver must do: its step `update` brings firmware into a machine; `cache` reads
 * which firmware is there.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct FirmwareOps {
    Interface interface;

    /* Reads the versions of the machine's firmware into the database (firmware_store).
     *
     * When     a node is verified, a cleaning or servicing begins, servicing or an update has ended
     * Lock     exclusive, from a worker
     * Blocks   on the BMC and the database, until task->deadline_ms, or, without one, until each
     *          request's own limit
     * Errors   BMC_*, TIMEOUT, DATABASE, UNSUPPORTED (nothing is told); what is stored stays
     * Again    safe
     * NULL     nothing to read */
    bool (*cache)(Task *task, GError **error);
} FirmwareOps;

/* Stores what was read: an array of {"component": str, "current_version": str, "vendor", "model",
 * "serial_number": str, null or absent}. The first version seen of a component stays its initial
 * one; a version that has changed is the last one flashed. A component that is not in the array
 * stays. Errors: INVALID names the row, DATABASE */
bool firmware_store(Task *task, const json_t *components, GError **error);

/* Calls the node's driver; true, without doing anything, if the member is NULL. */
bool firmware_cache(Task *task, GError **error);
