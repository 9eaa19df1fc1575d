/* What a console driver must do: offer the machine's serial console.
 *
 * For every member:
 *   Blocks   on the BMC and on programs it runs, until task->deadline_ms
 *   Errors   BMC_*, PROCESS, TIMEOUT, INVALID; start and stop: node.last_error has the text
 *   NULL     UNSUPPORTED
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct ConsoleOps {
    Interface interface;

    /* Starts it. When a client enables it and node.console_enabled is false. From a worker,
     * exclusive lock. Succeeds if it runs already. */
    bool (*start)(Task *task, GError **error);

    /* Stops it. When a client disables it, and in an undeploy. From a worker, exclusive lock.
     * Succeeds if none runs. */
    bool (*stop)(Task *task, GError **error);

    /* How to reach it: {"type": str, "url": str}, a new reference. Only while node.console_enabled
     * is true. From a worker, no lock; any number of times. */
    json_t *(*get)(Task *task, GError **error);
} ConsoleOps;

/* Call the member of the same name of the node's driver. UNSUPPORTED if it is NULL. console_get
 * returns a new reference. */
bool console_start(Task *task, GError **error);
bool console_stop(Task *task, GError **error);
json_t *console_get(Task *task, GError **error);
