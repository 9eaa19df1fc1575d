/* The agent's errors: GError values of one domain whose codes are the rows of errors.def. The text
 * of an error is its details; type, message and status come from the row. Errors of the program's
 * other domain pass through and are shown as CommandExecutionError.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

typedef enum AgentErrorCode {
#define AGENT_ERROR_ROW(code, type, status, message) AGENT_ERROR_##code,
#include "agent_protocol/errors.def"
#undef AGENT_ERROR_ROW
    AGENT_ERROR_COUNT
} AgentErrorCode;

typedef struct AgentErrorInfo {
    const char *type;
    int http_status;
    const char *message;
} AgentErrorInfo;

GQuark agent_error_quark(void);

/* The row of an error. */
const AgentErrorInfo *agent_error_info(const GError *error);

/* Sets an error and returns false. */
bool agent_fail(GError **error, AgentErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

bool agent_error_is(const GError *error, AgentErrorCode code);

/* Gives this code to an error of another domain; an error of the agent's domain keeps its code.
 * *error may be NULL. */
void agent_error_classify(GError **error, AgentErrorCode code);

/* {"type": str, "code": int, "message": str, "details": str}, a new reference. */
json_t *agent_error_json(const GError *error);

/* "message: details"; the caller frees. */
char *agent_error_text(const GError *error);
