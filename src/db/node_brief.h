/* What most requests about a node need to know of it, in one statement.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/items.h"

typedef struct NodeBrief {
    char *uuid, *name, *owner, *lessee;
    char *driver, *conductor_group;
    char *provision_state, *target_provision_state, *power_state;
    char *reservation, *allocation_uuid;
    bool maintenance, console_enabled;
} NodeBrief;

void node_brief_clear(NodeBrief *brief);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NodeBrief, node_brief_clear)

/* Fills an empty brief; leaves it empty when there is no such node. */
bool db_node_brief(Db *db, DbIdent by, const char *ident, NodeBrief *brief,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
