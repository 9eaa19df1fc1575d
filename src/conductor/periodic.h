/* The functions that the clock runs. Each returns soon: it hands long work to a pool.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"

void conductor_clock_start(Conductor *conductor);
void conductor_clock_stop(Conductor *conductor);
void power_sync_run(Conductor *conductor);
void sensors_run(Conductor *conductor);        /* reads the sensors of machines */
void power_recovery_run(Conductor *conductor); /* rereads nodes in maintenance by power_sync_run */
void allocations_run(Conductor *conductor);    /* resumes allocations whose process died */
void history_prune_run(Conductor *conductor);
void conductors_prune_run(Conductor *conductor);
void media_sweep_run(Conductor *conductor); /* removes images for virtual media that nobody needs */
void
takeover_run(Conductor *conductor); /* resumes nodes in a busy state that no process works on */
void wait_deadlines_run(Conductor *conductor);

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

/* Boots the noted machines again, at most [conductor]periodic_max_workers in one run. */
void boot_again_run(Conductor *conductor);

/* Retries reports whose node's lock no thread of this process has released. */
void boot_reports_run(Conductor *conductor);
