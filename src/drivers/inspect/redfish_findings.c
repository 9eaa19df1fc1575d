/* Redfish documents as an inventory; the contract is in redfish_findings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/redfish_findings.h"

#include "common/json_text.h"
#include "common/log.h"
#include "model/names.h"

#include <string.h>

/* A member of a document, and what it is called in an inventory. */
typedef struct Word {
    const char *redfish, *ours;
} Word;

/* Takes over what is there. */
static void
take(json_t *out, const json_t *document, const Word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(document, words[i].redfish);
        if (!json_is_nothing(value))
            json_object_set_new(out, words[i].ours, json_deep_copy(value));
    }
}

/* ---- processors ---- */

/* DMTF's instruction sets in the words of uname. */
static const Word instruction_sets[] = {
    {"x86-64", "x86_64"}, {"x86", "i686"},      {"ARM-A64", "aarch64"}, {"ARM-A32", "arm"},
    {"IA-64", "ia64"},    {"MIPS64", "mips64"}, {"MIPS32", "mips"}};

static const char *
architecture_of(const json_t *processor, const char *known)
{
    const char *set = json_string_member(processor, "InstructionSet");
    for (size_t i = 0; set != NULL && i < G_N_ELEMENTS(instruction_sets); i++)
        if (strcmp(instruction_sets[i].redfish, set) == 0)
            return instruction_sets[i].ours;
    return known != NULL ? known : "";
}

static json_t *
cpu_of(const RedfishInventory *inventory, const char *known)
{
    static const Word words[] = {{"Model", "model_name"}, {"MaxSpeedMHz", "frequency"}};
    json_t *cpu = json_pack("{s:I,s:s}", "count", (json_int_t)inventory->threads, "architecture",
                            architecture_of(inventory->processor, known));
    take(cpu, inventory->processor, words, G_N_ELEMENTS(words));
    return cpu;
}

/* ---- disks ---- */

static json_t *
disk_of(const json_t *drive)
{
    static const Word words[] = {{"Name", "name"},
                                 {"CapacityBytes", "size"},
                                 {"Manufacturer", "vendor"},
                                 {"Model", "model"},
                                 {"SerialNumber", "serial"}};
    const char *type = json_string_member(drive, "MediaType");
    json_t *disk = json_object();
    take(disk, drive, words, G_N_ELEMENTS(words));
    if (type != NULL)
        json_object_set_new(disk, "rotational", json_boolean(strcmp(type, "HDD") == 0));
    return disk;
}

/* SimpleStorage tells of disks what Storage tells better. */
static json_t *
disks_of(const RedfishInventory *inventory)
{
    static const Word words[] = {{"Name", "name"}, {"CapacityBytes", "size"}};
    json_t *disks = json_array();
    const json_t *controller, *drive;
    size_t i, j;
    json_array_foreach(inventory->controllers, i, controller)
        json_array_foreach(json_object_get(controller, "drives"), j, drive)
            json_array_append_new(disks, disk_of(drive));
    if (json_array_size(inventory->controllers) > 0)
        return disks;
    json_array_foreach(inventory->devices, i, drive)
    {
        json_t *disk = json_object();
        take(disk, drive, words, G_N_ELEMENTS(words));
        json_array_append_new(disks, disk);
    }
    return disks;
}

static void
take_status(json_t *out, const json_t *document)
{
    static const Word words[] = {
        {"Health", "health"}, {"State", "state"}, {"HealthRollup", "health_rollup"}};
    json_t *status = json_object();
    take(status, json_object_get(document, "Status"), words, G_N_ELEMENTS(words));
    if (json_object_size(status) > 0)
        json_object_set(out, "status", status);
    json_decref(status);
}

static json_t *
documents_of(const json_t *documents, const Word *words, size_t count)
{
    json_t *all = json_array();
    const json_t *document;
    size_t i;
    json_array_foreach(documents, i, document)
    {
        json_t *one = json_object();
        take(one, document, words, count);
        take_status(one, document);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *
controllers_of(const RedfishInventory *inventory)
{
    static const Word storage_words[] = {{"Id", "id"}, {"Name", "name"}},
                      parts[] = {{"MemberId", "member_id"},
                                 {"Name", "name"},
                                 {"SupportedRAIDTypes", "raid_types"},
                                 {"SpeedGbps", "speed_gbps"},
                                 {"SupportedControllerProtocols", "controller_protocols"},
                                 {"SupportedDeviceProtocols", "device_protocols"}},
                      drives[] = {{"Name", "name"},
                                  {"CapacityBytes", "size"},
                                  {"Id", "id"},
                                  {"MediaType", "media_type"},
                                  {"SerialNumber", "serial_number"},
                                  {"Manufacturer", "manufacturer"},
                                  {"Model", "model"},
                                  {"Revision", "revision"},
                                  {"Protocol", "protocol"}};
    json_t *all = json_array();
    const json_t *controller;
    size_t i;
    json_array_foreach(inventory->controllers, i, controller)
    {
        const json_t *storage = json_object_get(controller, "storage");
        json_t *one = json_object();
        take(one, storage, storage_words, G_N_ELEMENTS(storage_words));
        json_object_set_new(one, "storage_controllers",
                            documents_of(json_object_get(storage, "StorageControllers"), parts,
                                         G_N_ELEMENTS(parts)));
        json_object_set_new(
            one, "drives",
            documents_of(json_object_get(controller, "drives"), drives, G_N_ELEMENTS(drives)));
        json_array_append_new(all, one);
    }
    return all;
}

/* ---- the rest ---- */

/* Those that are no Ethernet have no such address. */
static json_t *
interfaces_of(const RedfishInventory *inventory)
{
    static const Word words[] = {{"Id", "name"}, {"SpeedMbps", "speed_mbps"}};
    json_t *interfaces = json_array();
    const json_t *document;
    size_t i;
    json_array_foreach(inventory->interfaces, i, document)
    {
        const char *text = json_string_member(document, "MACAddress");
        g_autofree char *address = text != NULL ? mac_address_normalize(text, NULL) : NULL;
        if (address == NULL)
            continue;
        json_t *interface = json_pack("{s:s}", "mac_address", address);
        take(interface, document, words, G_N_ELEMENTS(words));
        json_array_append_new(interfaces, interface);
    }
    return interfaces;
}

/* In the words of the agent, which tells of bus and NUMA node besides. */
static json_t *
pci_devices_of(const RedfishInventory *inventory)
{
    static const Word words[] = {{"DeviceClass", "class"},
                                 {"DeviceId", "product_id"},
                                 {"VendorId", "vendor_id"},
                                 {"SubsystemId", "subsystem_id"},
                                 {"SubsystemVendorId", "subsystem_vendor_id"},
                                 {"RevisionId", "revision"}};
    json_t *devices = json_array();
    const json_t *function;
    size_t i;
    json_array_foreach(inventory->functions, i, function)
    {
        json_t *device = json_object();
        take(device, function, words, G_N_ELEMENTS(words));
        if (json_object_size(device) > 0)
            json_array_append(devices, device);
        json_decref(device);
    }
    return devices;
}

static json_t *
vendor_of(const RedfishSystem *system)
{
    static const Word words[] = {{"Manufacturer", "manufacturer"},
                                 {"Model", "product_name"},
                                 {"SerialNumber", "serial_number"},
                                 {"UUID", "system_uuid"}};
    json_t *vendor = json_object();
    take(vendor, system->document, words, G_N_ELEMENTS(words));
    return vendor;
}

/* What is told of a part, unless that is nothing. */
static void
add(json_t *found, const char *name, json_t *part)
{
    if (json_object_size(part) > 0 || json_array_size(part) > 0)
        json_object_set(found, name, part);
    json_decref(part);
}

json_t *
redfish_findings(const RedfishSystem *system, const RedfishInventory *inventory,
                 const char *architecture)
{
    const char *mode = redfish_system_boot(system).mode;
    json_t *found = json_pack("{s:o,s:o}", "cpu", cpu_of(inventory, architecture), "interfaces",
                              interfaces_of(inventory));
    if (inventory->memory_mib > 0)
        json_object_set_new(found, "memory",
                            json_pack("{s:I}", "physical_mb", (json_int_t)inventory->memory_mib));
    add(found, "disks", disks_of(inventory));
    add(found, "storage_controllers", controllers_of(inventory));
    add(found, "pci_devices", pci_devices_of(inventory));
    add(found, "system_vendor", vendor_of(system));
    if (mode != NULL)
        json_object_set_new(
            found, "boot",
            json_pack("{s:s}", "current_boot_mode", strcmp(mode, "UEFI") == 0 ? "uefi" : "bios"));
    return found;
}

json_t *
redfish_plugin_data(const RedfishInventory *inventory)
{
    static const Word words[] = {{"ChassisId", "switch_chassis_id"},
                                 {"PortId", "switch_port_id"},
                                 {"SystemName", "switch_system_name"},
                                 {"SystemDescription", "switch_system_description"},
                                 {"ManagementVlanId", "switch_vlan_id"}};
    json_t *parsed = json_object(), *data = json_object();
    const json_t *port;
    size_t i;
    json_array_foreach(inventory->ports, i, port)
    {
        const char *name = json_string_member(port, "Id");
        json_t *heard = json_object();
        take(heard, json_object_get(json_object_get(port, "Ethernet"), "LLDPReceive"), words,
             G_N_ELEMENTS(words));
        if (name != NULL && json_object_size(heard) > 0)
            json_object_set(parsed, name, heard);
        json_decref(heard);
    }
    add(data, "parsed_lldp", parsed);
    return data;
}
