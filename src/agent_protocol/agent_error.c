/* The agent's errors; the contract is in agent_error.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/agent_error.h"

#include <stdarg.h>

static const AgentErrorInfo rows[] = {
#define AGENT_ERROR_ROW(code, type, status, message) {type, status, message},
#include "agent_protocol/errors.def"
#undef AGENT_ERROR_ROW
};

GQuark
agent_error_quark(void)
{
    return g_quark_from_static_string("steel-agent-error");
}

const AgentErrorInfo *
agent_error_info(const GError *error)
{
    bool ours = error != NULL && error->domain == agent_error_quark() && error->code >= 0 &&
                error->code < AGENT_ERROR_COUNT;
    return &rows[ours ? error->code : AGENT_ERROR_COMMAND_EXECUTION];
}

bool
agent_fail(GError **error, AgentErrorCode code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error != NULL)
        *error = g_error_new_valist(agent_error_quark(), (int)code, format, arguments);
    va_end(arguments);
    return false;
}

bool
agent_error_is(const GError *error, AgentErrorCode code)
{
    return g_error_matches(error, agent_error_quark(), (int)code);
}

void
agent_error_classify(GError **error, AgentErrorCode code)
{
    if (error == NULL || *error == NULL || (*error)->domain == agent_error_quark())
        return;
    (*error)->domain = agent_error_quark();
    (*error)->code = (int)code;
}

json_t *
agent_error_json(const GError *error)
{
    const AgentErrorInfo *info = agent_error_info(error);
    g_autofree char *details = g_utf8_make_valid(error->message, -1);
    return json_pack("{s:s, s:i, s:s, s:s}", "type", info->type, "code", info->http_status,
                     "message", info->message, "details", details);
}

char *
agent_error_text(const GError *error)
{
    return g_strdup_printf("%s: %s", agent_error_info(error)->message, error->message);
}
