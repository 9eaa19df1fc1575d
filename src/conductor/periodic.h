/* The functions that the clock runs. Each returns soon: it hands long work to a pool.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"

/* Also takes up, on the caller's thread, what an earlier process has left. Blocks on the
 * database. */
void conductor_clock_start(Conductor *conductor);
void conductor_clock_stop(Conductor *conductor);
void power_sync_run(Conductor *conductor);
void sensors_run(Conductor *conductor);        /* reads the sensors of machines */
void power_recovery_run(Conductor *conductor); /* rereads nodes in maintenance by power_sync_run */
/* The same two on a thread of their own; one that still asks is left alone. */
void power_sync_begin(Conductor *conductor);
void power_recovery_begin(Conductor *conductor);
void allocations_run(Conductor *conductor); /* resumes allocations whose process died */
void history_prune_run(Conductor *conductor);
void conductors_prune_run(Conductor *conductor);
void media_sweep_run(Conductor *conductor); /* removes images for virtual media that nobody needs */
void
takeover_run(Conductor *conductor); /* resumes nodes in a busy state that no process works on */
/* Takes over the waits and consoles of nodes whose conductor has died. */
void orphans_run(Conductor *conductor);
void wait_deadlines_run(Conductor *conductor);
void queue_run(Conductor *conductor); /* begins deploys and cleanings whose turn it is */

/* Fails the work of a node that cannot have a task, because its driver is no longer enabled. */
bool takeover_fail_node(Conductor *conductor, const char *uuid, const GError *cause);

/* Retries heartbeats that found no worker. */
void wakes_run(Conductor *conductor);

/* At the start: resumes the steps that wait for agents. A call that an earlier process had accepted
 * may have ended with it, and the agent's next one comes much later. */
void agents_recover(Conductor *conductor);

/* At the start: notes the machines that a deploy waits for. They may have reported while no process
 * listened. */
void boot_progress_recover(Conductor *conductor);

/* The same for one node that waits. */
void boot_progress_recover_node(Conductor *conductor, const Node *node);

/* At the start: notes the nodes whose console was enabled. */
void consoles_recover(Conductor *conductor);

/* Serves the noted consoles again; one whose node is locked is tried again. */
void consoles_recover_run(Conductor *conductor);

/* Boots the noted machines again, at most [conductor]periodic_max_workers in one run. */
void boot_again_run(Conductor *conductor);

/* Retries reports whose node's lock no thread of this process has released. */
void boot_reports_run(Conductor *conductor);
