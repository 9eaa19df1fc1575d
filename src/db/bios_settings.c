/* BIOS settings, replaced as a whole; the contract is in bios_settings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/bios_settings.h"

#include "db/records.h"
#include "db/sql.h"

#include <string.h>

typedef struct Replacement {
    const char *node_uuid;
    const GPtrArray *settings;
} Replacement;

static const BiosSetting *
find_setting(const GPtrArray *settings, const char *name)
{
    for (guint i = 0; i < settings->len; i++) {
        const BiosSetting *setting = settings->pdata[i];
        if (strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

static bool
replace(Db *db, void *user_data, GError **error)
{
    const Replacement *all = user_data;
    const DbValue node = db_text(all->node_uuid);
    g_autoptr(GPtrArray) before =
        db_records_of_node(db, &bios_setting_resource, all->node_uuid, NULL, error);
    if (before == NULL ||
        !db_execute(db, "DELETE FROM bios_settings WHERE node_uuid = ?1", &node, 1, NULL, error))
        return false;
    for (guint i = 0; i < all->settings->len; i++) {
        BiosSetting *setting = all->settings->pdata[i];
        const BiosSetting *known = find_setting(before, setting->name);
        if (known != NULL)
            record_set_text(&setting->created_at, known->created_at);
        if (!db_record_insert(db, &bios_setting_resource, setting, error))
            return false;
    }
    return true;
}

bool
db_bios_settings_replace(Db *db, const char *node_uuid, const GPtrArray *settings, GError **error)
{
    Replacement all = {node_uuid, settings};
    return db_transaction(db, DB_READ_MODIFY_WRITE, replace, &all, error);
}
