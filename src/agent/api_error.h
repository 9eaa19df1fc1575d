/* What an answer of the service that is no success says. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent_error.h"
#include "common/http_client.h"

/* Sets an error "Error 404: <the service's words>" and returns false. The words are those of
 * Ironic's faults in each of their forms, else the beginning of the body. */
bool api_error(const HttpResponse *response, AgentErrorCode code, GError **error);
