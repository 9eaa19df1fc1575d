/* Judges the leases of conductors by whether they are renewed, on the monotonic clock of this
 * process alone: a lease that was seen with the same number of renewals for its whole length has
 * run out. Its conductor stops acting before that, since its own time began earlier, with the
 * renewal.
 *
 * While this process cannot look, others may be unable to renew: after a gap every lease gets its
 * full length again. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct LeaseWatch LeaseWatch;

LeaseWatch *lease_watch_new(void);
void lease_watch_free(LeaseWatch *watch);

/* Begins a look at all leases. now_ms: monotonic, when their rows had been read. */
void lease_watch_begin(LeaseWatch *watch, int64_t now_ms);

/* Tells of a lease that has not ended; returns true if it has run out. */
bool lease_watch_see(LeaseWatch *watch, const char *lease, int64_t renewals, int64_t length_ms);

/* Ends the look: forgets leases that it was not told of. */
void lease_watch_end(LeaseWatch *watch);
