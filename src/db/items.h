/* One item of a collection: its row, which the API writes straight into an answer, and what is to
 * be known of it before anything is done with it.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "db/selection.h"

/* How an ident names an item: the resource's key, or its second name. */
typedef enum DbIdent { DB_BY_KEY, DB_BY_NAME } DbIdent;

/* Whose the items of a resource are. */
typedef enum DbOwnership {
    DB_OWNED_BY_NOBODY, /* every project sees all */
    DB_OWNED_BY_FIELDS, /* whom its fields owner and, if it has one, lessee name */
    DB_OWNED_BY_NODE,   /* whom the node owner and lessee name that it hangs on */
} DbOwnership;

/* Calls func with the row of the item; does not call it when there is none.
 *
 * by  DB_BY_NAME only for a resource that has names */
bool db_item(Db *db, const DbSelection *selection, DbIdent by, const char *ident, DbRowFunc func,
             void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for an item that hangs on a node, by key and among those of the node. */
bool db_item_of_node(Db *db, const DbSelection *selection, const char *key, const char *node_uuid,
                     DbRowFunc func, void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is known of an item before it is worked on. */
typedef struct ItemBrief {
    char *uuid;      /* its key */
    char *node_uuid; /* the node it hangs on, or is; NULL when it belongs to no node */
    char *owner, *lessee;
} ItemBrief;

void item_brief_clear(ItemBrief *brief);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ItemBrief, item_brief_clear)

/* Fills an empty brief; leaves it empty when there is no such item. */
bool db_item_brief(Db *db, const Resource *resource, DbOwnership ownership, DbIdent by,
                   const char *ident, ItemBrief *brief, GError **error) G_GNUC_WARN_UNUSED_RESULT;
