/* The life of the agent: waits for hardware and network, finds out which node this is, serves,
 * calls the service, until it is told to end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* Runs until agent_finish was called. Errors: what keeps it from starting; the caller may try
 * again. */
bool agent_run(Agent *agent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
