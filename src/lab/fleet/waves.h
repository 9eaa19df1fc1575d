/* A fleet deploys itself: its machines are enrolled at a service, and deployed in waves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/fleet/machines.h"

typedef struct Waves Waves;

/* Starts the thread that does it. When it is done, or its time is up, the process gets a SIGTERM.
 *
 * options    borrowed: deploy_url, wave_size, ...
 * machines   borrowed
 * Errors     INVALID (--enrol), INTERNAL */
Waves *waves_start(const LabOptions *options, Machines *machines,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the thread, at the latest a minute later. NULL is fine. */
void waves_stop(Waves *waves);

/* {"nodes", "active", "failed", "retries", "seconds", "nodes_per_minute", "deploy_seconds": {"p50",
 * "p90", "worst"}, "waves": [{"nodes", "began", "seconds"}], "failures": [{"node", "state",
 * "last_error", "refusal"}]}, a new object. After waves_stop(). */
json_t *waves_report(const Waves *waves);

/* The same in a few lines on the standard output: the sums, and the first nodes that failed. */
void waves_tell(const Waves *waves);

/* Did every node become active, and does every machine run from its disk? After waves_stop().
 * Errors: CONFLICT, with how many did not. */
bool waves_good(const Waves *waves, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL is fine. */
void waves_free(Waves *waves);
