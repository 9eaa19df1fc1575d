/* What an inspection driver must do: learn the machine's properties.
 *
 * The work is in its steps of the kind INSPECT (step.h has their contract): they write their
 * results into the node's properties and ports. Without such steps the work fails with UNSUPPORTED.
 * A step that boots an agent answers WAIT.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct InspectOps {
    Interface interface;

    /* Undoes on the machine what an inspection that waits has begun.
     *
     * When     the client asks for an abort (state inspect wait), before the state changes
     * Lock     exclusive, from the quick pool
     * Blocks   on the database only: it must not call the BMC
     * Errors   UNSUPPORTED, INVALID, DATABASE: the client gets the error, and the inspection still
     *          waits
     * Again    safe
     * NULL     UNSUPPORTED */
    bool (*abort)(Task *task, GError **error);
} InspectOps;

/* Calls the node's driver. UNSUPPORTED if the member is NULL. */
bool inspect_abort(Task *task, GError **error);
