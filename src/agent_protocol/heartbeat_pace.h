/* When an agent calls its service. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* Between two heartbeats, however many commands end. */
#define HEARTBEAT_FORCED_GAP_MS 5000

/* Milliseconds until the next heartbeat, at least one second: 0.3 to 0.6 of the timeout. After
 * failures 5 s, doubled with each failure up to that, times 1 to 2.
 *
 * timeout_s  as the lookup's answer has it
 * random     0..1, chooses within the range */
int64_t heartbeat_pause_ms(int64_t timeout_s, unsigned failures, double random);
