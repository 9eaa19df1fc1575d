/* Commands by name; the contract is in command_check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/command_check.h"

#include "agent_protocol/agent_error.h"

#include <stdint.h>
#include <string.h>

static bool
in_extension(const AgentCommandInfo *info, const char *name)
{
    size_t length = strcspn(name, ".") + 1;
    return strncmp(info->full_name, name, length) == 0;
}

bool
command_by_name(const char *name, AgentCommand *command, GError **error)
{
    bool extension = false;
    if (strchr(name, '.') == NULL)
        return agent_fail(error, AGENT_ERROR_INVALID_COMMAND,
                          "Command name must be of the form <extension>.<name>");
    for (int i = 0; i < AGENT_COMMAND_COUNT; i++) {
        const AgentCommandInfo *info = agent_command_info((AgentCommand)i);
        *command = (AgentCommand)i;
        if (strcmp(info->full_name, name) == 0)
            return true;
        extension = extension || in_extension(info, name);
    }
    if (extension)
        return agent_fail(error, AGENT_ERROR_INVALID_COMMAND, "Unknown command: %.80s",
                          strchr(name, '.') + 1);
    return agent_fail(error, AGENT_ERROR_NOT_FOUND, "Extension with id %.*s not found.",
                      (int)MIN(strcspn(name, "."), 80), name);
}

/* True if the table has the parameter; *required: out. */
static bool
is_parameter(const AgentCommandInfo *info, const char *name)
{
    g_auto(GStrv) words = g_strsplit(info->parameters, " ", 0);
    for (char **word = words; *word != NULL; word++)
        if (strcspn(*word, "!") == strlen(name) && g_str_has_prefix(*word, name))
            return true;
    return false;
}

static bool
check_required(const AgentCommandInfo *info, const json_t *params, GError **error)
{
    g_auto(GStrv) words = g_strsplit(info->parameters, " ", 0);
    for (char **word = words; *word != NULL; word++) {
        bool required = g_str_has_suffix(*word, "!");
        (*word)[strcspn(*word, "!")] = '\0';
        if (required && json_object_get(params, *word) == NULL)
            return agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION,
                              "%s() is missing the required parameter '%s'", info->name, *word);
    }
    return true;
}

bool
command_check_params(const AgentCommandInfo *info, const json_t *params, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)params, key, value)
    {
        if (!is_parameter(info, key))
            return agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION,
                              "%s() got an unexpected parameter '%.80s'", info->name, key);
    }
    return check_required(info, params, error);
}
