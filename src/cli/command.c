/* Finds a command, and runs it by its row.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/commands/commands.h"
#include "cli/generic.h"
#include "cli/session.h"
#include <string.h>

const Command *const command_tables[] = {
    node_commands,         node_change_commands,
    node_state_commands,   node_detail_commands,
    timeline_commands,     node_log_commands,
    node_console_commands, port_commands,
    volume_commands,       allocation_commands,
    rule_commands,         driver_commands,
    file_commands,         NULL,
};

/* How many words the command has; 0 if the given ones differ. */
static size_t
matching_words(const Command *command, char *const *words, size_t count)
{
    g_auto(GStrv) own = g_strsplit(command->words, " ", -1);
    size_t length = g_strv_length(own);
    if (length > count)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (strcmp(own[i], words[i]) != 0)
            return 0;
    }
    return length;
}

const Command *
command_find(char *const *words, size_t count, size_t *used)
{
    const Command *found = NULL;
    *used = 0;
    for (const Command *const *table = command_tables; *table != NULL; table++) {
        for (const Command *command = *table; command->words != NULL; command++) {
            size_t length = matching_words(command, words, count);
            if (length > *used) {
                *used = length;
                found = command;
            }
        }
    }
    return found;
}

bool
command_run(Context *context, GError **error)
{
    const Command *command = context->command;
    if (!session_require(context->session, command->version, command->words, error))
        return false;
    switch (command->kind) {
    case COMMAND_LIST:
        return generic_list(context, error);
    case COMMAND_SHOW:
        return generic_show(context, error);
    case COMMAND_CREATE:
        return generic_create(context, error);
    case COMMAND_DELETE:
        return generic_delete(context, error);
    case COMMAND_PATCH:
        return generic_patch(context, error);
    case COMMAND_ACTION:
        return generic_action(context, error);
    case COMMAND_CUSTOM:
        return command->run(context, error);
    }
    return false;
}
