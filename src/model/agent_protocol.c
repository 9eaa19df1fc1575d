/* The tables of the agent's protocol; the contract is in agent_protocol.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/agent_protocol.h"

static const AgentCommandInfo commands[] = {
#define AGENT_COMMAND(code, extension, command, kind, parameters)                                  \
    {extension "." command, command, AGENT_COMMAND_##kind, parameters},
#include "model/agent_commands.def"
#undef AGENT_COMMAND
};

const AgentCommandInfo *
agent_command_info(AgentCommand command)
{
    return &commands[command];
}

static const AgentParameterInfo parameters[] = {
#define AGENT_PARAMETER(code, name, type, preset, help)                                            \
    {name, AGENT_PARAMETER_TYPE_##type, preset, help},
#include "model/agent_parameters.def"
#undef AGENT_PARAMETER
};

const AgentParameterInfo *
agent_parameter_info(AgentParameter parameter)
{
    return &parameters[parameter];
}
