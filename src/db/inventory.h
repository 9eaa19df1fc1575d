/* The inventories of inspections. Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

/* Both are JSON objects; borrowed during the call, NULL if absent. */
typedef struct DbInventory {
    const char *inventory, *plugin_data;
    size_t inventory_size, plugin_size;
} DbInventory;

/* Calls `each` with the inventory of a node; does not call it if there is none. */
bool db_inventory_read(Db *db, const char *node_uuid,
                       void (*each)(const DbInventory *inventory, void *user_data), void *user_data,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps an inventory, in place of the one before. Both are texts of JSON objects, borrowed. */
bool db_inventory_write(Db *db, const char *node_uuid, const char *inventory,
                        const char *plugin_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Forgets it; a success if there is none. */
bool db_inventory_forget(Db *db, const char *node_uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
