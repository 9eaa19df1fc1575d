/* The clock of stored deadlines and leases. It starts as the wall clock and advances with the
 * monotonic clock, so that setting the wall clock moves no deadline. Its distance from the wall
 * clock is stored (db/clock.h), so that the next process continues it. No user sees it: people read
 * the wall clock (time_text.h).
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* Milliseconds. It never steps back, and steps ahead only between two processes. */
int64_t steady_now_ms(void);

/* How far this time is ahead of the wall clock: 0 until the wall clock is set. */
int64_t steady_skew_ms(void);

/* Continues the time of an earlier process. Call it before steady_now_ms.
 *
 * skew_ms  what steady_skew_ms said there
 * seen_ms  its last steady_now_ms: the time does not start before it, whatever the wall clock
 *          says */
void steady_resume(int64_t skew_ms, int64_t seen_ms);
