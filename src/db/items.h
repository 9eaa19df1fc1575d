/* One item of a collection: its row, which the API writes straight into an answer, and its brief.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "db/selection.h"

/* How an ident names an item: the resource's key, or its second name. */
typedef enum DbIdent { DB_BY_KEY, DB_BY_NAME } DbIdent;

/* The owner of a resource's items. */
typedef enum DbOwnership {
    DB_OWNED_BY_NOBODY, /* none: every project sees all */
    DB_OWNED_BY_FIELDS, /* named by its fields owner and, if it has one, lessee */
    DB_OWNED_BY_NODE,   /* named by the owner and lessee of its node */
    DB_OWNED_OR_PUBLIC, /* by its fields; an item whose field public is true is for all to see */
} DbOwnership;

/* Calls func with the row of the item; does not call it when there is none.
 *
 * by  DB_BY_NAME only for a resource that has names */
bool db_item(Db *db, const DbSelection *selection, DbIdent by, const char *ident, DbRowFunc func,
             void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a child of a node, by key and among that node's. */
bool db_item_of_node(Db *db, const DbSelection *selection, const char *key, const char *node_uuid,
                     DbRowFunc func, void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The fields of an item that a request needs before it works on the item. */
typedef struct ItemBrief {
    char *uuid;      /* its key */
    char *node_uuid; /* its node, or the item itself if it is one; NULL if it has none */
    char *owner, *lessee;
    bool is_public; /* of DB_OWNED_OR_PUBLIC: every project may see it */
} ItemBrief;

void item_brief_clear(ItemBrief *brief);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ItemBrief, item_brief_clear)

/* Fills an empty brief; leaves it empty when there is no such item. */
bool db_item_brief(Db *db, const Resource *resource, DbOwnership ownership, DbIdent by,
                   const char *ident, ItemBrief *brief, GError **error) G_GNUC_WARN_UNUSED_RESULT;
