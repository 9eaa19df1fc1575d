/* Pauses between tries: each twice as long as the one before, up to a longest one, and none beyond a limit. For threads that
 * may sleep: workers, the clients' and the lab's mains. Everything else waits on a condition or in the database.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Backoff {
    unsigned pause_ms;       /* the next pause; doubles */
    unsigned longest_ms;     /* the same as pause_ms: it does not grow */
    int64_t limit_ms;        /* of time_monotonic_ms(): no pause goes beyond; 0: no limit */
    const atomic_bool *stop; /* pauses end when it is true; NULL: never */
} Backoff;

/* Sleeps the next pause, cut at the limit. False: there is no time left, or it was stopped; do not try again. */
bool backoff_pause(Backoff *backoff);

/* Sleeps so long, whatever signals come. */
void backoff_sleep(unsigned milliseconds);
