/* Reads the parts of a system; the contract is in inventory.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/inventory.h"

#include "common/log.h"

#include <string.h>

enum { PARTS_MAX = 64, CHASSIS_MAX = 8 };
#define GIB (INT64_C(1) << 30)
#define SMALLEST_DISK (4 * GIB)

void
redfish_inventory_clear(RedfishInventory *inventory)
{
    g_free(inventory->architecture);
    if (inventory->mac_addresses != NULL)
        g_ptr_array_unref(inventory->mac_addresses);
    json_decref(inventory->processor);
    json_decref(inventory->interfaces);
    json_decref(inventory->controllers);
    json_decref(inventory->devices);
    json_decref(inventory->functions);
    json_decref(inventory->ports);
    *inventory = (RedfishInventory){0};
}

/* The documents of a collection that a document links; empty where it links none; NULL on
 * failure. */
static json_t *
linked_members(const RedfishBmc *bmc, const json_t *document, const char *name, GError **error)
{
    g_autofree char *path = redfish_link(document, name);
    return path != NULL ? redfish_get_members(bmc, path, PARTS_MAX, error) : json_array();
}

/* Absent and disabled parts are listed as well. */
static bool
is_enabled(const json_t *part)
{
    const char *state = json_string_member(json_object_get(part, "Status"), "State");
    return state == NULL || strcmp(state, "Enabled") == 0;
}

/* GiB may be a fraction. */
static int64_t
memory_of(const RedfishSystem *system)
{
    const json_t *summary = json_object_get(system->document, "MemorySummary");
    double gib = json_number_value(json_object_get(summary, "TotalSystemMemoryGiB"));
    return gib > 0 && gib < 1e9 ? (int64_t)(gib * 1024) : 0;
}

static bool
read_processors(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory,
                GError **error)
{
    json_auto_t *processors = linked_members(bmc, system->document, "Processors", error);
    const json_t *processor;
    size_t i;
    inventory->processor = json_incref(json_array_get(processors, 0));
    json_array_foreach(processors, i, processor)
    {
        json_int_t threads = json_integer_value(json_object_get(processor, "TotalThreads"));
        const char *architecture = json_string_member(processor, "ProcessorArchitecture");
        if (threads > 0 && threads < G_MAXINT32)
            inventory->threads += threads;
        if (architecture != NULL && inventory->architecture == NULL)
            inventory->architecture = g_strdup(architecture);
    }
    return processors != NULL;
}

/* ---- disks ---- */

static void
note_disk(RedfishInventory *inventory, const json_t *disk)
{
    json_int_t size = json_integer_value(json_object_get(disk, "CapacityBytes"));
    if (size >= SMALLEST_DISK && (inventory->disk_bytes == 0 || size < inventory->disk_bytes))
        inventory->disk_bytes = size;
}

static bool
read_simple_storage(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory,
                    GError **error)
{
    json_auto_t *controllers = linked_members(bmc, system->document, "SimpleStorage", error);
    const json_t *controller;
    json_t *device;
    size_t i, j;
    inventory->devices = json_array();
    json_array_foreach(controllers, i, controller)
        json_array_foreach(json_object_get(controller, "Devices"), j, device)
    {
        note_disk(inventory, device);
        json_array_append(inventory->devices, device);
    }
    return controllers != NULL;
}

static bool
read_volumes(const RedfishBmc *bmc, const json_t *controllers, RedfishInventory *inventory,
             GError **error)
{
    const json_t *controller, *volume;
    size_t i, j;
    json_array_foreach(controllers, i, controller)
    {
        json_auto_t *volumes = linked_members(bmc, controller, "Volumes", error);
        if (volumes == NULL)
            return false;
        json_array_foreach(volumes, j, volume) note_disk(inventory, volume);
    }
    return true;
}

static bool
read_drives(const RedfishBmc *bmc, json_t *storage, RedfishInventory *inventory, GError **error)
{
    json_t *drives = json_array();
    json_array_append_new(inventory->controllers,
                          json_pack("{s:O,s:o}", "storage", storage, "drives", drives));
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(storage, "Drives"));
    for (guint i = 0; i < paths->len && i < PARTS_MAX; i++) {
        json_t *drive = redfish_get(bmc, paths->pdata[i], error);
        if (drive == NULL)
            return false;
        json_array_append_new(drives, drive);
    }
    return true;
}

static bool
read_controllers(const RedfishBmc *bmc, const json_t *controllers, RedfishInventory *inventory,
                 GError **error)
{
    json_t *storage;
    size_t i;
    inventory->controllers = json_array();
    json_array_foreach(controllers, i, storage)
    {
        if (!read_drives(bmc, storage, inventory, error))
            return false;
    }
    return true;
}

static void
note_drives(RedfishInventory *inventory)
{
    const json_t *controller, *drive;
    size_t i, j;
    json_array_foreach(inventory->controllers, i, controller)
        json_array_foreach(json_object_get(controller, "drives"), j, drive)
            note_disk(inventory, drive);
}

/* Volumes are what the machine sees; without them the drives are. */
static bool
read_storage(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory,
             GError **error)
{
    int64_t before = inventory->disk_bytes;
    json_auto_t *controllers = linked_members(bmc, system->document, "Storage", error);
    if (controllers == NULL || !read_volumes(bmc, controllers, inventory, error) ||
        !read_controllers(bmc, controllers, inventory, error))
        return false;
    if (inventory->disk_bytes == before)
        note_drives(inventory);
    return true;
}

static bool
read_interfaces(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory,
                GError **error)
{
    json_auto_t *interfaces = linked_members(bmc, system->document, "EthernetInterfaces", error);
    const json_t *interface;
    size_t i;
    inventory->mac_addresses = g_ptr_array_new_with_free_func(g_free);
    inventory->interfaces = json_incref(interfaces);
    json_array_foreach(interfaces, i, interface)
    {
        const char *address = json_string_member(interface, "MACAddress");
        if (address != NULL && address[0] != '\0' && is_enabled(interface))
            g_ptr_array_add(inventory->mac_addresses, g_strdup(address));
    }
    return interfaces != NULL;
}

/* ---- what may be missing ---- */

/* The documents that a member links, as an array of links or as a collection; what cannot be read
 * is left out. */
static json_t *
told_members(const RedfishBmc *bmc, const json_t *document, const char *name)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(document, name));
    g_autofree char *collection = redfish_link(document, name);
    json_t *members = json_array();
    for (guint i = 0; i < paths->len && i < PARTS_MAX && why == NULL; i++) {
        json_t *member = redfish_get(bmc, paths->pdata[i], &why);
        if (member != NULL)
            json_array_append_new(members, member);
    }
    json_auto_t *listed =
        collection != NULL ? redfish_get_members(bmc, collection, PARTS_MAX, &why) : NULL;
    json_array_extend(members, listed);
    if (why != NULL)
        log_debug("bmc.redfish", "%s of the machine are left out: %s", name, why->message);
    return members;
}

/* A machine has seldom more; each costs a request. */
static void
append(json_t *all, json_t *more)
{
    const size_t room = 4 * PARTS_MAX - MIN(json_array_size(all), 4 * PARTS_MAX);
    for (size_t i = 0; i < json_array_size(more) && i < room; i++)
        json_array_append(all, json_array_get(more, i));
    json_decref(more);
}

static void
read_functions(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory)
{
    json_auto_t *devices = told_members(bmc, system->document, "PCIeDevices");
    const json_t *device;
    size_t i;
    inventory->functions = json_array();
    json_array_foreach(devices, i, device)
        append(inventory->functions, told_members(bmc, device, "PCIeFunctions"));
}

static void
read_ports(const RedfishBmc *bmc, const RedfishSystem *system, RedfishInventory *inventory)
{
    const json_t *links = json_object_get(system->document, "Links");
    json_auto_t *chassis = told_members(bmc, links, "Chassis");
    inventory->ports = json_array();
    for (size_t i = 0; i < json_array_size(chassis) && i < CHASSIS_MAX; i++) {
        json_auto_t *adapters = told_members(bmc, json_array_get(chassis, i), "NetworkAdapters");
        const json_t *adapter;
        size_t j;
        json_array_foreach(adapters, j, adapter)
            append(inventory->ports, told_members(bmc, adapter, "Ports"));
    }
}

bool
redfish_inventory_read(const RedfishBmc *bmc, const RedfishSystem *system,
                       RedfishInventory *inventory, GError **error)
{
    *inventory = (RedfishInventory){.memory_mib = memory_of(system)};
    read_functions(bmc, system, inventory);
    read_ports(bmc, system, inventory);
    if (read_processors(bmc, system, inventory, error) &&
        read_simple_storage(bmc, system, inventory, error) &&
        read_storage(bmc, system, inventory, error) &&
        read_interfaces(bmc, system, inventory, error))
        return true;
    redfish_inventory_clear(inventory);
    return false;
}
