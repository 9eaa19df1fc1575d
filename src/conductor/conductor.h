/* The conductor: it answers the rpc methods, holds the locks of nodes, runs their work, and watches
 * deadlines.
 *
 * A process has one. Any thread may call these functions unless they say otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "netboot/boot_phase.h"
#include "rpc/rpc.h"

typedef struct Conductor Conductor;

/* The services that the conductor uses; all borrowed until conductor_free. */
typedef struct ConductorServices {
    Db *db;
    BmcClients bmc;
    Events *events;
    Notifier *notifier;         /* NULL: notifications go nowhere */
    const char *boot_url;       /* where machines reach the boot file server; NULL without one */
    ProgressBoard *progress;    /* NULL: agents' progress is not kept */
    const Openstack *openstack; /* NULL: no other services are asked */
} ConductorServices;

/* Registers under a new lease, voids the locks of an earlier process, takes up its work, and starts
 * to work. Blocks on the database. Errors: CONFIG, DATABASE. */
Conductor *conductor_new(const ConductorServices *services, GError **error);

/* From now on takes no new work: it locks no more nodes, calls that need a lock get NO_CONDUCTOR,
 * and other conductors sweep its nodes. Work under way goes on, and so does the lease. Blocks on
 * the database. */
void conductor_drain(Conductor *conductor);

/* Whether no node is locked any more. Blocks on the database. */
bool conductor_is_drained(Conductor *conductor);

/* Stops the conductor: refuses new calls, lets work under way reach a safe point, and releases
 * locks and lease. The services must still exist.
 *
 * Returns false if some work still runs after [conductor]graceful_shutdown_timeout: then nothing
 * may be freed, and the process must end at once. Its locks become void with its lease, and the
 * next start resumes the work. */
bool conductor_stop(Conductor *conductor);

/* Frees a stopped conductor. The rpc caller, the IPMI client and the boot file server that use it
 * must be freed first. NULL is fine. */
void conductor_free(Conductor *conductor);

/* The transport of calls to a conductor in the same process; `self` of rpc_new is the Conductor. */
extern const RpcTransport conductor_transport;

/* Takes a report of the boot file server about a machine, and stores it soon. Never blocks.
 *
 * report  borrowed
 * Errors  NO_WORKER: too many machines report now; NO_CONDUCTOR: the service is stopping */
bool conductor_boot_report(Conductor *conductor, const BootReport *report,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
