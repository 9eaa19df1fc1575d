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

    /* The agent may send what it has found: it is kept (inspection.h), and the step that waits is
     * resumed. */
    bool takes_data;

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

    /* Removes what the steps have made outside of the node: boot configuration, the inspection
     * network.
     *
     * When     an inspection has failed, was aborted or came too late
     * Lock     exclusive, from a worker
     * Blocks   as the members of DeployOps
     * Errors   BMC_*, NETWORK, TIMEOUT, DATABASE; logged
     * Again    safe, also if nothing was begun
     * NULL     nothing to do */
    bool (*clean_up)(Task *task, GError **error);
} InspectOps;

/* Calls the node's driver. UNSUPPORTED if the member is NULL. */
bool inspect_abort(Task *task, GError **error);

/* Calls the node's driver; true, without doing anything, if the member is NULL. */
bool inspect_clean_up(Task *task, GError **error);
