/* Inventories; the contract is in inventory.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/inventory.h"

#include "common/time_text.h"
#include "db/sql.h"

typedef struct Reader {
    void (*each)(const DbInventory *inventory, void *user_data);
    void *user_data;
} Reader;

static bool
read_inventory(const DbRow *row, void *user_data)
{
    const Reader *reader = user_data;
    DbInventory inventory = {0};
    inventory.inventory = db_row_text(row, 0, &inventory.inventory_size);
    inventory.plugin_data = db_row_text(row, 1, &inventory.plugin_size);
    reader->each(&inventory, reader->user_data);
    return false;
}

bool
db_inventory_read(Db *db, const char *node_uuid,
                  void (*each)(const DbInventory *inventory, void *user_data), void *user_data,
                  GError **error)
{
    Reader reader = {each, user_data};
    const DbValue uuid = db_text(node_uuid);
    return db_query(db, "SELECT inventory, plugin_data FROM node_inventory WHERE node_uuid = ?1",
                    &uuid, 1, read_inventory, &reader, error);
}

bool
db_inventory_write(Db *db, const char *node_uuid, const char *inventory, const char *plugin_data,
                   GError **error)
{
    char now[TIME_TEXT_SIZE];
    time_now_text(now);
    const DbValue values[] = {db_text(node_uuid), db_text(inventory), db_text(plugin_data),
                              db_text(now)};
    return db_execute(db,
                      "INSERT INTO node_inventory (node_uuid, inventory, plugin_data, created_at) "
                      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (node_uuid) DO UPDATE SET "
                      "inventory = excluded.inventory, plugin_data = excluded.plugin_data, "
                      "created_at = excluded.created_at",
                      values, G_N_ELEMENTS(values), NULL, error);
}

bool
db_inventory_forget(Db *db, const char *node_uuid, GError **error)
{
    const DbValue uuid = db_text(node_uuid);
    return db_execute(db, "DELETE FROM node_inventory WHERE node_uuid = ?1", &uuid, 1, NULL, error);
}
