/* What the clock runs. Each function returns soon: what takes long is handed to a pool.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "conductor/conductor.h"

void conductor_clock_start(Conductor *conductor);
void conductor_clock_stop(Conductor *conductor);
void power_sync_run(Conductor *conductor);
void
power_recovery_run(Conductor *conductor);   /* nodes that power_sync_run has put into maintenance */
void allocations_run(Conductor *conductor); /* allocations whose search has ended with a process */
void history_prune_run(Conductor *conductor);
void conductors_prune_run(Conductor *conductor);
void
takeover_run(Conductor *conductor); /* nodes that nobody works on although their state says so */
void wait_deadlines_run(Conductor *conductor);

/* Fails the work of a node that no task can be made for, because its driver is not enabled any
 * more. */
bool takeover_fail_node(Conductor *conductor, const char *uuid, const GError *cause);

/* From the clock: calls that found no worker. */
void wakes_run(Conductor *conductor);

/* At the start: notes the machines that a deploy waits for. They have perhaps spoken while nobody
 * listened. */
void boot_progress_recover(Conductor *conductor);

/* Boots some of them again, as many as [conductor]periodic_max_workers, until there are none left.
 * From the clock. */
void boot_again_run(Conductor *conductor);

/* From the clock: reports that nobody has handed a lock to are tried again. */
void boot_reports_run(Conductor *conductor);
