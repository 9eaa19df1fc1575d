/* The list of extensions; the contract is in extensions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"

#include "agent_protocol/command_check.h"

const ExtensionCommand *const extension_tables[] = {
    extension_clean,   extension_deploy,  extension_flow,   extension_image,
    extension_iscsi,   extension_log,     extension_poll,   extension_rescue,
    extension_service, extension_standby, extension_system, NULL,
};

const ExtensionCommand *
extension_find(const char *name, GError **error)
{
    AgentCommand command;
    if (!command_by_name(name, &command, error))
        return NULL;
    for (size_t i = 0; extension_tables[i] != NULL; i++)
        for (const ExtensionCommand *row = extension_tables[i]; row->run != NULL; row++)
            if (row->command == command)
                return row;
    agent_fail(error, AGENT_ERROR_INVALID_COMMAND, "This agent does not know %s", name);
    return NULL;
}
