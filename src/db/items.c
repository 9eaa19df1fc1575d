/* Items as rows; the contract is in items.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/items.h"

#include "db/sql.h"
#include "model/resources.h"

bool
db_item(Db *db, const DbSelection *selection, DbIdent by, const char *ident, DbRowFunc func,
        void *user_data, GError **error)
{
    const DbValue value = db_text(ident);
    return db_query(db, by == DB_BY_NAME ? selection->by_name : selection->by_key, &value, 1, func,
                    user_data, error);
}

bool
db_item_of_node(Db *db, const DbSelection *selection, const char *key, const char *node_uuid,
                DbRowFunc func, void *user_data, GError **error)
{
    const DbValue values[] = {db_text(key), db_text(node_uuid)};
    return db_query(db, selection->of_node, values, G_N_ELEMENTS(values), func, user_data, error);
}

void
item_brief_clear(ItemBrief *brief)
{
    g_free(brief->uuid);
    g_free(brief->node_uuid);
    g_free(brief->owner);
    g_free(brief->lessee);
}

static bool
read_brief(const DbRow *row, void *user_data)
{
    ItemBrief *brief = user_data;
    brief->uuid = g_strdup(db_row_text(row, 0, NULL));
    brief->node_uuid = g_strdup(db_row_text(row, 1, NULL));
    brief->owner = g_strdup(db_row_text(row, 2, NULL));
    brief->lessee = g_strdup(db_row_text(row, 3, NULL));
    brief->is_public = db_row_integer(row, 4) != 0;
    return false;
}

static const char *
column_or_null(const Resource *resource, bool wanted, const char *field)
{
    return wanted && resource_field(resource, field) != NULL ? field : "NULL";
}

/* The columns of key, node, owner, lessee and public of an item: its own, or those of its node. */
static char *
brief_sql(const Resource *resource, DbOwnership ownership, const char *column)
{
    if (ownership == DB_OWNED_BY_NODE)
        return g_strdup_printf("SELECT i.\"%s\", i.node_uuid, n.owner, n.lessee, 0 FROM %s i "
                               "LEFT JOIN nodes n ON n.uuid = i.node_uuid WHERE i.\"%s\" = ?1",
                               resource->key, resource->table, column);
    bool owned = ownership != DB_OWNED_BY_NOBODY;
    const char *node = resource == &node_resource ? "uuid" : "node_uuid";
    return g_strdup_printf(
        "SELECT \"%s\", %s, %s, %s, %s FROM %s WHERE \"%s\" = ?1", resource->key,
        column_or_null(resource, true, node), column_or_null(resource, owned, "owner"),
        column_or_null(resource, owned, "lessee"),
        ownership == DB_OWNED_OR_PUBLIC ? "\"public\"" : "0", resource->table, column);
}

bool
db_item_brief(Db *db, const Resource *resource, DbOwnership ownership, DbIdent by,
              const char *ident, ItemBrief *brief, GError **error)
{
    const DbValue value = db_text(ident);
    g_autofree char *sql =
        brief_sql(resource, ownership, by == DB_BY_NAME ? resource->name_field : resource->key);
    return db_query(db, sql, &value, 1, read_brief, brief, error);
}
