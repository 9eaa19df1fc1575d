/* Downloads of the agent; the contract is in download.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/download.h"

static unsigned
number(const Agent *agent, AgentParameter parameter)
{
    return (unsigned)parameters_integer(agent->parameters, parameter);
}

static const char *
text(const Agent *agent, AgentParameter parameter)
{
    return parameters_string(agent->parameters, parameter);
}

SourceOptions
download_options(const Agent *agent, const char *url)
{
    return (SourceOptions){
        .peer = {.url = url,
                 .ca_file = text(agent, AGENT_PARAMETER_CA_FILE),
                 .client_certificate = text(agent, AGENT_PARAMETER_CERTIFICATE_FILE),
                 .client_key = text(agent, AGENT_PARAMETER_KEY_FILE),
                 .insecure = parameters_boolean(agent->parameters, AGENT_PARAMETER_INSECURE)},
        .stall_s = (int)number(agent, AGENT_PARAMETER_DOWNLOAD_TIMEOUT),
        .retries = number(agent, AGENT_PARAMETER_DOWNLOAD_RETRIES),
        .retry_pause_ms = 1000u * number(agent, AGENT_PARAMETER_DOWNLOAD_RETRY_INTERVAL),
        .stop = &agent->stopping,
    };
}
