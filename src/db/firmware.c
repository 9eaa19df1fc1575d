/* Firmware components; the contract is in firmware.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/firmware.h"

#include "common/time_text.h"
#include "db/records.h"
#include "db/sql.h"

typedef struct Storing {
    const char *node_uuid;
    const GPtrArray *components;
} Storing;

static const FirmwareComponent *
find(const GPtrArray *known, const char *name)
{
    for (guint i = 0; i < known->len; i++) {
        const FirmwareComponent *component = known->pdata[i];
        if (g_strcmp0(component->component, name) == 0)
            return component;
    }
    return NULL;
}

static bool
is_same(const FirmwareComponent *a, const FirmwareComponent *b)
{
    return g_strcmp0(a->current_version, b->current_version) == 0 &&
           g_strcmp0(a->vendor, b->vendor) == 0 && g_strcmp0(a->model, b->model) == 0 &&
           g_strcmp0(a->serial_number, b->serial_number) == 0;
}

static bool
replace(Db *db, const FirmwareComponent *known, FirmwareComponent *now, GError **error)
{
    char time[TIME_TEXT_SIZE];
    const DbValue values[] = {db_text(now->node_uuid), db_text(now->component)};
    bool flashed = g_strcmp0(known->current_version, now->current_version) != 0;
    record_set_text(&now->initial_version, known->initial_version);
    record_set_text(&now->last_version_flashed,
                    flashed ? now->current_version : known->last_version_flashed);
    record_set_text(&now->created_at, known->created_at);
    record_set_text(&now->updated_at, time_now_text(time));
    return db_execute(db, "DELETE FROM firmware_components WHERE node_uuid = ?1 AND component = ?2",
                      values, G_N_ELEMENTS(values), NULL, error) &&
           db_record_insert(db, &firmware_component_resource, now, error);
}

static bool
store(Db *db, void *user_data, GError **error)
{
    const Storing *storing = user_data;
    g_autoptr(GPtrArray) known =
        db_records_of_node(db, &firmware_component_resource, storing->node_uuid, NULL, error);
    for (guint i = 0; known != NULL && i < storing->components->len; i++) {
        FirmwareComponent *now = storing->components->pdata[i];
        const FirmwareComponent *before = find(known, now->component);
        if (before == NULL)
            record_set_text(&now->initial_version, now->current_version);
        else if (is_same(before, now))
            continue;
        bool good = before != NULL ? replace(db, before, now, error)
                                   : db_record_insert(db, &firmware_component_resource, now, error);
        if (!good)
            return false;
    }
    return known != NULL;
}

bool
db_firmware_store(Db *db, const char *node_uuid, const GPtrArray *components, GError **error)
{
    Storing storing = {node_uuid, components};
    return db_transaction(db, DB_READ_MODIFY_WRITE, store, &storing, error);
}
