/* The time that stored deadlines and leases are counted in. It starts as the wall clock and goes on by the monotonic clock,
 * so that setting the wall clock moves no deadline. Its distance from the wall clock is stored (db/clock.h), so that the next
 * process goes on with the same time. Never shown to anybody: what people read is the wall clock (time_text.h).
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* Milliseconds. Never steps back, and never ahead but while no process runs. */
int64_t steady_now_ms(void);

/* How far this time is ahead of the wall clock: 0 until the wall clock is set. */
int64_t steady_skew_ms(void);

/* Continues the time of an earlier process; before anybody asks for a time.
 *
 * skew_ms  what steady_skew_ms said there
 * seen_ms  what steady_now_ms said there last: the time does not fall behind it, whatever the wall clock says */
void steady_resume(int64_t skew_ms, int64_t seen_ms);
