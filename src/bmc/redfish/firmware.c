/* Which firmware a machine has; the contract is in firmware.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/firmware.h"

#include "common/json_text.h"
#include "common/log.h"

enum { CHASSIS_MAX = 8, ADAPTERS_MAX = 64 };

static void
add(json_t *all, const char *component, const char *version, const json_t *maker)
{
    if (version == NULL || *version == '\0')
        return;
    json_array_append_new(all, json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "component", component,
                                         "current_version", version, "vendor",
                                         json_string_member(maker, "Manufacturer"), "model",
                                         json_string_member(maker, "Model"), "serial_number",
                                         json_string_member(maker, "SerialNumber")));
}

/* The manager that is the machine's BMC, or the only one. */
static bool
add_manager(const RedfishBmc *bmc, const RedfishSystem *system, json_t *all, GError **error)
{
    const json_t *links = json_object_get(system->document, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "ManagedBy"));
    for (guint i = 0; i < paths->len; i++) {
        json_auto_t *manager = redfish_get(bmc, paths->pdata[i], error);
        if (manager == NULL)
            return false;
        const char *type = json_string_member(manager, "ManagerType");
        if (paths->len > 1 && type != NULL && g_strcmp0(type, "BMC") != 0)
            continue;
        json_auto_t *model = json_pack("{s:s?}", "Model", json_string_member(manager, "Model"));
        add(all, "bmc", json_string_member(manager, "FirmwareVersion"), model);
        break;
    }
    return true;
}

/* Its serial number names it, or its id. */
static void
add_adapter(json_t *all, const json_t *adapter)
{
    const char *serial = json_string_member(adapter, "SerialNumber"),
               *id = json_string_member(adapter, "Id");
    const json_t *controller;
    size_t i;
    const char *key = serial != NULL && *serial != '\0' ? serial : id;
    if (key == NULL)
        return;
    g_autofree char *name = g_strdup_printf("nic:%s", key);
    json_array_foreach(json_object_get(adapter, "Controllers"), i, controller)
    {
        const char *version = json_string_member(controller, "FirmwarePackageVersion");
        if (version == NULL || *version == '\0')
            continue;
        add(all, name, version, adapter);
        return;
    }
}

/* Some BMCs tell of their adapters only while the machine runs. */
static void
add_chassis(const RedfishBmc *bmc, const char *path, json_t *all)
{
    g_autoptr(GError) why = NULL;
    json_auto_t *chassis = redfish_get(bmc, path, &why);
    g_autofree char *adapters = chassis != NULL ? redfish_link(chassis, "NetworkAdapters") : NULL;
    json_auto_t *members =
        adapters != NULL ? redfish_get_members(bmc, adapters, ADAPTERS_MAX, &why) : NULL;
    const json_t *adapter;
    size_t i;
    json_array_foreach(members, i, adapter) add_adapter(all, adapter);
    if (why != NULL)
        log_debug("bmc.redfish", "network adapters of %s are left out: %s", path, why->message);
}

json_t *
redfish_firmware_components(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    const json_t *links = json_object_get(system->document, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "Chassis"));
    json_t *all = json_array();
    add(all, "bios", json_string_member(system->document, "BiosVersion"), NULL);
    if (!add_manager(bmc, system, all, error)) {
        json_decref(all);
        return NULL;
    }
    for (guint i = 0; i < paths->len && i < CHASSIS_MAX; i++)
        add_chassis(bmc, paths->pdata[i], all);
    return all;
}
