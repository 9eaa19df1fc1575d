/* What the machines' sensors said last, for /metrics, and which machines a round still has to read.
 * Knows nothing of BMCs; sensor_rounds.c reads them.
 *
 * A machine has one reading at most at any time. What it said is kept until its third reading in a
 * row has failed, or until a round has no place for it (maintenance, no instance, deleted).
 *
 * Threads: any. No function blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Sensors Sensors;

Sensors *sensors_new(void);
/* When no worker runs any more. NULL is fine. */
void sensors_free(Sensors *sensors);

/* ---- a round ---- */

/* Begins a round in the place of the last one.
 *
 * until_ms  of time_monotonic_ms(): after it no reading begins
 * Returns   how many machines the last round did not come to */
unsigned sensors_begin(Sensors *sensors, int64_t until_ms);

/* Adds a machine to the round, unless it is being read. */
void sensors_add(Sensors *sensors, const char *node_uuid);

/* The round is complete: forgets the machines that are not in it. */
void sensors_complete(Sensors *sensors);

/* ---- its workers ---- */

/* Counts a worker, if machines wait and fewer than `most` run. */
bool sensors_worker_begin(Sensors *sensors, unsigned most) G_GNUC_WARN_UNUSED_RESULT;
void sensors_worker_end(Sensors *sensors);

/* The next machine, which is being read until sensors_told; the caller frees. NULL: the round is
 * over. */
char *sensors_next(Sensors *sensors);

/* Ends the reading of a machine.
 *
 * readings  borrowed; as of ManagementOps.get_sensors; NULL: it failed */
void sensors_told(Sensors *sensors, const char *node_uuid, const json_t *readings);

/* Writes what is known, for a collector of common/metrics.h. */
void sensors_write(GString *out, Sensors *sensors);
