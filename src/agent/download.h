/* How the agent downloads: trust, patience and retries, from its parameters.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "stream/source.h"

/* The options for a URL, without a login. Both are borrowed. Any thread. */
SourceOptions download_options(const Agent *agent, const char *url);
