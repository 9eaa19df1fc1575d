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

    /* Offers it again as it was, without asking the BMC: after a restart of the service, and at the
     * end of a deploy, while node.console_enabled is true. From the clock or a worker, exclusive
     * lock. Succeeds if it runs already. NULL: it needs nothing for that. */
    bool (*restore)(Task *task, GError **error);

    /* Stops it. When a client disables it, in an undeploy, and when the node is deleted. From a
     * worker, exclusive lock. Succeeds if none runs. */
    bool (*stop)(Task *task, GError **error);

    /* How to reach it: {"type": str, "url": str}, a new reference. Only while node.console_enabled
     * is true. From a worker, no lock; any number of times. */
    json_t *(*get)(Task *task, GError **error);
} ConsoleOps;

/* Call the member of the same name of the node's driver. UNSUPPORTED if it is NULL. console_get
 * returns a new reference. */
bool console_start(Task *task, GError **error);
bool console_restore(Task *task, GError **error); /* true if it is NULL */
bool console_stop(Task *task, GError **error);
json_t *console_get(Task *task, GError **error);
