/* What happens to nodes: the conductor answers the rpc methods, holds the locks, runs the work,
 * watches the clocks.
 *
 * One per process; all functions may be called from any thread unless they say otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "netboot/boot_phase.h"
#include "rpc/rpc.h"

typedef struct Conductor Conductor;

/* What the conductor needs; all borrowed until conductor_free. */
typedef struct ConductorServices {
    Db *db;
    BmcClients bmc;
    Events *events;
    const char *boot_url; /* how machines reach the boot file server; NULL: there is none */
} ConductorServices;

/* Registers under a new lease, voids the locks of an earlier process, and starts to work. Errors:
 * CONFIG, DATABASE. */
Conductor *conductor_new(const ConductorServices *services, GError **error);

/* Stops: no new work is taken, work under way reaches a safe point, locks and the lease are given
 * back. Calls that come after it are refused. The services must still be there.
 *
 * False: some work was not over within [conductor]graceful_shutdown_timeout and still runs, so that
 * nothing may be freed: the process is to end at once. Its locks are void with its lease, and the
 * next start resumes its work. */
bool conductor_stop(Conductor *conductor);

/* Frees a stopped conductor. The rpc caller, the IPMI client and the boot file server that know it
 * must be gone. NULL is fine. */
void conductor_free(Conductor *conductor);

/* How calls reach a conductor in the same process; `self` of rpc_new is the Conductor. */
extern const RpcTransport conductor_transport;

/* Takes what the boot file server reports of a machine; it is written down soon. Never blocks.
 *
 * report  borrowed
 * Errors  NO_WORKER: too many machines report at this moment; NO_CONDUCTOR: the service is
 *         stopping */
bool conductor_boot_report(Conductor *conductor, const BootReport *report,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
