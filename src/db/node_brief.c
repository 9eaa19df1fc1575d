/* Nodes in brief; the contract is in node_brief.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/node_brief.h"

#include "db/sql.h"

void
node_brief_clear(NodeBrief *brief)
{
    g_free(brief->uuid);
    g_free(brief->name);
    g_free(brief->owner);
    g_free(brief->lessee);
    g_free(brief->driver);
    g_free(brief->conductor_group);
    g_free(brief->provision_state);
    g_free(brief->target_provision_state);
    g_free(brief->power_state);
    g_free(brief->reservation);
    g_free(brief->allocation_uuid);
}

#define BRIEF_COLUMNS                                                                              \
    "SELECT uuid, name, owner, lessee, driver, conductor_group, provision_state, "                 \
    "target_provision_state, power_state, reservation, allocation_uuid, maintenance, "             \
    "console_enabled FROM nodes WHERE "

static bool
read_brief(const DbRow *row, void *user_data)
{
    NodeBrief *brief = user_data;
    char **const texts[] = {&brief->uuid,
                            &brief->name,
                            &brief->owner,
                            &brief->lessee,
                            &brief->driver,
                            &brief->conductor_group,
                            &brief->provision_state,
                            &brief->target_provision_state,
                            &brief->power_state,
                            &brief->reservation,
                            &brief->allocation_uuid};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup(db_row_text(row, (int)i, NULL));
    brief->maintenance = db_row_integer(row, 11) != 0;
    brief->console_enabled = db_row_integer(row, 12) != 0;
    return false;
}

bool
db_node_brief(Db *db, DbIdent by, const char *ident, NodeBrief *brief, GError **error)
{
    const DbValue value = db_text(ident);
    return db_query(db, by == DB_BY_NAME ? BRIEF_COLUMNS "name = ?1" : BRIEF_COLUMNS "uuid = ?1",
                    &value, 1, read_brief, brief, error);
}
