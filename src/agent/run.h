/* Runs the agent: waits for hardware and network, looks its node up, serves its API and sends
 * heartbeats until agent_finish is called.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* Blocks until agent_finish is called. Errors: why the agent cannot start; the caller may call it
 * again. */
bool agent_run(Agent *agent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
