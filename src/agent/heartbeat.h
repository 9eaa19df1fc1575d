/* Calls the service again and again, from a thread of its own: at once, then after 0.3 to 0.6 times
 * the interval that the lookup told; soon after a command has ended; and with growing pauses while
 * the service does not answer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* callback_url  copied. Returns NULL, with an error, when no thread can be started. */
Heartbeat *heartbeat_start(Agent *agent, const char *callback_url, GError **error);

/* Calls as soon as may be: no more often than once in five seconds. NULL is fine; any thread. */
void heartbeat_force(Heartbeat *heartbeat);

/* Ends the thread, waiting for a call under way, and frees. NULL is fine. */
void heartbeat_stop(Heartbeat *heartbeat);

/* Milliseconds until the next call: jitter of 0.3 to 0.6 of the timeout; after failures 5 s
 * doubling up to that, with jitter of 1 to 2. Never less than one second. Pure.
 *
 * random  0..1 */
int64_t heartbeat_pause_ms(int64_t timeout_s, unsigned failures, double random);
