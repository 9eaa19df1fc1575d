/* What follows from a row of the command tables alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"
#include <stdint.h>

CommandOutput
command_output(const Command *command)
{
    switch (command->kind) {
    case COMMAND_LIST:
        return PRINTS_LIST;
    case COMMAND_SHOW:
    case COMMAND_CREATE:
        return PRINTS_ONE;
    case COMMAND_CUSTOM:
        return command->output;
    case COMMAND_DELETE:
    case COMMAND_PATCH:
    case COMMAND_ACTION:
        break;
    }
    return PRINTS_NOTHING;
}

GHashTable *
noun_field_names(const Noun *noun)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    const char *const *lists[] = {noun->detailed_columns, noun->more_fields};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (const char *const *name = lists[i]; name != NULL && *name != NULL; name++)
            g_hash_table_add(names, (void *)(uintptr_t)*name);
    }
    return names;
}
