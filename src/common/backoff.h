/* Pauses between tries: each is twice as long as the one before, up to a longest one, and none goes
 * beyond a limit. For threads that may sleep: workers, and the main threads of the clients and the
 * lab. Everything else waits on a condition or in the database.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Backoff {
    unsigned pause_ms;       /* the next pause; doubles */
    unsigned longest_ms;     /* equal to pause_ms: pauses do not grow */
    int64_t limit_ms;        /* of time_monotonic_ms(): no pause goes beyond; 0: no limit */
    const atomic_bool *stop; /* pauses end when it is true; NULL: never */
} Backoff;

/* Sleeps the next pause, cut at the limit. False: there is no time left, or it was stopped; do not
 * try again. */
bool backoff_pause(Backoff *backoff);

/* Sleeps for this time, also when signals arrive. */
void backoff_sleep(unsigned milliseconds);
