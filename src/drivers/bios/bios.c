/* Calls a node's BIOS driver and keeps what it read; the contract is in bios.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"

#include "db/bios_settings.h"
#include "drivers/task.h"

#include <string.h>

bool
bios_cache(Task *task, GError **error)
{
    const BiosOps *bios = task->driver.bios;
    return bios->cache == NULL || bios->cache(task, error);
}

static const BiosSetting *
find_setting(const GPtrArray *records, const char *name)
{
    for (guint i = 0; i < records->len; i++) {
        const BiosSetting *setting = records->pdata[i];
        if (strcmp(setting->name, name) == 0)
            return setting;
    }
    return NULL;
}

static const char *const field_names[] = {
    "name",       "value",      "attribute_type", "allowable_values", "lower_bound", "upper_bound",
    "min_length", "max_length", "read_only",      "reset_required",   "unique",
};

/* Null leaves the field at the null of its type. */
static bool
fill_setting(BiosSetting *setting, const json_t *from, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(field_names); i++) {
        const json_t *value = json_object_get(from, field_names[i]);
        const Field *field = resource_field(&bios_setting_resource, field_names[i]);
        if (value != NULL && !json_is_null(value) &&
            !record_set(&bios_setting_resource, setting, field, value, error))
            return false;
    }
    if (setting->name != NULL && *setting->name != '\0')
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID, "a BIOS setting has no name");
}

static bool
read_settings(GPtrArray *records, const char *node_uuid, const json_t *settings, GError **error)
{
    if (!json_is_array(settings))
        return steel_fail(error, STEEL_ERROR_INVALID, "BIOS settings are not an array");
    size_t index;
    const json_t *item;
    json_array_foreach((json_t *)(uintptr_t)settings, index, item)
    {
        g_autoptr(BiosSetting) setting = bios_setting_new();
        setting->node_uuid = g_strdup(node_uuid);
        setting->lower_bound = setting->upper_bound = INTEGER_NULL;
        setting->min_length = setting->max_length = INTEGER_NULL;
        if (!fill_setting(setting, item, error)) {
            g_prefix_error(error, "BIOS setting %zu: ", index);
            return false;
        }
        if (find_setting(records, setting->name) != NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "BIOS setting %.100s comes twice",
                              setting->name);
        g_ptr_array_add(records, g_steal_pointer(&setting));
    }
    return true;
}

bool
bios_store_settings(Task *task, const json_t *settings, GError **error)
{
    g_autoptr(GPtrArray) records =
        g_ptr_array_new_with_free_func((GDestroyNotify)bios_setting_free);
    if (!read_settings(records, task->node->uuid, settings, error))
        return false;
    return db_bios_settings_replace(task->services->db, task->node->uuid, records, error);
}
