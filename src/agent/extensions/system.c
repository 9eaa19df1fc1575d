/* Extension "system": what concerns the whole machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/extensions/extensions.h"

/* From now on the agent accepts no command. Its interfaces go down, and the machine waits to be
 * switched off. */
static json_t *
system_lockdown(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    (void)params;
    (void)progress;
    (void)error;
    agent_finish(agent, AGENT_LOCKDOWN);
    return json_null();
}

const ExtensionCommand extension_system[] = {
    {AGENT_COMMAND_SYSTEM_LOCKDOWN, system_lockdown},
    {AGENT_COMMAND_COUNT, NULL},
};
