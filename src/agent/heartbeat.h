/* Sends heartbeats to the service from a thread of its own: the first at once, the next after 0.3
 * to 0.6 times the timeout that the lookup returned, one soon after each command has ended. While
 * the service does not answer, the pauses grow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* Starts the thread. callback_url: the agent's URL; copied. Returns NULL with an error if the
 * thread cannot start. */
Heartbeat *heartbeat_start(Agent *agent, const char *callback_url, GError **error);

/* Sends the next heartbeat early, but not within HEARTBEAT_FORCED_GAP_MS of the last one. NULL is
 * fine; any thread. */
void heartbeat_force(Heartbeat *heartbeat);

/* Waits for a request under way, ends the thread and frees the heartbeat. NULL is fine. */
void heartbeat_stop(Heartbeat *heartbeat);
