/* The words that the conductor and an agent speak to each other: commands and parameters by their
 * tables. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum AgentCommandKind {
    AGENT_COMMAND_SYNC, /* the answer has the result */
    /* the answer says RUNNING; the result is asked for, and the agent calls when it is there */
    AGENT_COMMAND_ASYNC
} AgentCommandKind;

typedef enum AgentCommand {
#define AGENT_COMMAND(code, extension, command, kind, parameters) AGENT_COMMAND_##code,
#include "model/agent_commands.def"
#undef AGENT_COMMAND
    AGENT_COMMAND_COUNT
} AgentCommand;

typedef struct AgentCommandInfo {
    const char *full_name; /* "standby.sync" */
    const char *name;      /* "sync": what results are listed under */
    AgentCommandKind kind;
    const char *parameters; /* as in the table */
} AgentCommandInfo;

const AgentCommandInfo *agent_command_info(AgentCommand command);

typedef enum AgentParameter {
#define AGENT_PARAMETER(code, name, type, preset, help) AGENT_PARAMETER_##code,
#include "model/agent_parameters.def"
#undef AGENT_PARAMETER
    AGENT_PARAMETER_COUNT
} AgentParameter;

typedef enum AgentParameterType {
    AGENT_PARAMETER_TYPE_STRING,
    AGENT_PARAMETER_TYPE_INTEGER,
    AGENT_PARAMETER_TYPE_BOOLEAN,
    AGENT_PARAMETER_TYPE_SECRET
} AgentParameterType;

typedef struct AgentParameterInfo {
    const char *name;
    AgentParameterType type;
    const char *preset; /* NULL: none */
    const char *help;
} AgentParameterInfo;

const AgentParameterInfo *agent_parameter_info(AgentParameter parameter);

/* States of a command, as they are written. */
#define AGENT_STATUS_RUNNING "RUNNING"
#define AGENT_STATUS_SUCCEEDED "SUCCEEDED"
#define AGENT_STATUS_FAILED "FAILED"
#define AGENT_STATUS_VERSION_MISMATCH "CLEAN_VERSION_MISMATCH"

/* Port that agents listen on where nothing else is said. */
#define AGENT_DEFAULT_PORT 9999
