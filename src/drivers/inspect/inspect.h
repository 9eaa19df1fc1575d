/* What an inspection driver must do: learn the machine's properties.
 *
 * The work is in its steps of the kind INSPECT (step.h has their contract): they write what they find into the node's
 * properties and ports. A driver without such steps cannot inspect: the work fails with UNSUPPORTED. A step that boots an agent
 * answers WAIT.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct InspectOps {
    Interface interface;

    /* Ends an inspection that waits, as far as the machine is concerned.
     *
     * When     the client asks for an abort (state inspect wait), before the state changes
     * Lock     exclusive, from the quick pool
     * Blocks   on the database only: what takes a BMC must be left to the next start of the machine
     * Errors   UNSUPPORTED, INVALID, DATABASE: the client is told, and the inspection waits on
     * Again    safe
     * NULL     UNSUPPORTED */
    bool (*abort)(Task *task, GError **error);
} InspectOps;

/* What the node's driver does. UNSUPPORTED where the driver has none. */
bool inspect_abort(Task *task, GError **error);
