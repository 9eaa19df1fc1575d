/* Calls a node's firmware driver and keeps what it read; the contract is in firmware.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/firmware/firmware.h"

#include "common/json_text.h"
#include "db/firmware.h"
#include "drivers/task.h"

bool
firmware_cache(Task *task, GError **error)
{
    const FirmwareOps *firmware = task->driver.firmware;
    return firmware->cache == NULL || firmware->cache(task, error);
}

static bool
fill(FirmwareComponent *component, const json_t *from, GError **error)
{
    static const char *const names[] = {"component", "current_version", "vendor", "model",
                                        "serial_number"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const json_t *value = json_object_get(from, names[i]);
        const Field *field = resource_field(&firmware_component_resource, names[i]);
        if (value != NULL && !json_is_null(value) &&
            !record_set(&firmware_component_resource, component, field, value, error))
            return false;
    }
    return (component->component != NULL && *component->component != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID, "a firmware component has no name");
}

static bool
is_in(const GPtrArray *records, const char *name)
{
    for (guint i = 0; i < records->len; i++)
        if (g_strcmp0(((const FirmwareComponent *)records->pdata[i])->component, name) == 0)
            return true;
    return false;
}

bool
firmware_store(Task *task, const json_t *components, GError **error)
{
    g_autoptr(GPtrArray) records =
        g_ptr_array_new_with_free_func((GDestroyNotify)firmware_component_free);
    size_t index;
    const json_t *item;
    json_array_foreach((json_t *)(uintptr_t)components, index, item)
    {
        if (is_in(records, json_string_member(item, "component")))
            continue; /* two parts of one name: the first one counts */
        FirmwareComponent *component = firmware_component_new();
        g_ptr_array_add(records, component);
        component->node_uuid = g_strdup(task->node->uuid);
        if (!fill(component, item, error)) {
            g_prefix_error(error, "firmware component %zu: ", index);
            return false;
        }
    }
    return db_firmware_store(task->services->db, task->node->uuid, records, error);
}
