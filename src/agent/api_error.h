/* Turns the service's error answers into errors. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/agent_error.h"
#include "common/http_client.h"

/* Sets an error "Error 404: <the service's words>" and returns false. It takes the words from an
 * Ironic fault in any of its forms, else from the beginning of the body. */
bool api_error(const HttpResponse *response, AgentErrorCode code, GError **error);
