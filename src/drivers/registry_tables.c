/* The tables of hardware types and of all implementations, made from hardware_types.def and
 * interfaces.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bios/bios.h"
#include "drivers/boot/boot.h"
#include "drivers/console/console.h"
#include "drivers/deploy/deploy.h"
#include "drivers/firmware/firmware.h"
#include "drivers/inspect/inspect.h"
#include "drivers/management/management.h"
#include "drivers/network/network.h"
#include "drivers/power/power.h"
#include "drivers/raid/raid.h"
#include "drivers/registry_internal.h"
#include "drivers/rescue/rescue.h"
#include "drivers/storage/storage.h"
#include "drivers/vendor/vendor.h"

/* The words of interfaces.def. */
enum {
#define HARDWARE_TYPE(code, name, any) code = 1 << HARDWARE_##code,
#include "drivers/hardware_types.def"
#undef HARDWARE_TYPE
    ALL = (1 << HARDWARE_TYPE_COUNT) - 1,
    BY_NAME = ROW_BY_NAME
};

const HardwareType hardware_types[HARDWARE_TYPE_COUNT] = {
#define HARDWARE_TYPE(code, name, any) {name, code, any},
#include "drivers/hardware_types.def"
#undef HARDWARE_TYPE
};

#define OPS_bios BiosOps
#define OPS_boot BootOps
#define OPS_console ConsoleOps
#define OPS_deploy DeployOps
#define OPS_firmware FirmwareOps
#define OPS_inspect InspectOps
#define OPS_management ManagementOps
#define OPS_network NetworkOps
#define OPS_power PowerOps
#define OPS_raid RaidOps
#define OPS_rescue RescueOps
#define OPS_storage StorageOps
#define OPS_vendor VendorOps

#define TYPE_bios INTERFACE_BIOS
#define TYPE_boot INTERFACE_BOOT
#define TYPE_console INTERFACE_CONSOLE
#define TYPE_deploy INTERFACE_DEPLOY
#define TYPE_firmware INTERFACE_FIRMWARE
#define TYPE_inspect INTERFACE_INSPECT
#define TYPE_management INTERFACE_MANAGEMENT
#define TYPE_network INTERFACE_NETWORK
#define TYPE_power INTERFACE_POWER
#define TYPE_raid INTERFACE_RAID
#define TYPE_rescue INTERFACE_RESCUE
#define TYPE_storage INTERFACE_STORAGE
#define TYPE_vendor INTERFACE_VENDOR

#define INTERFACE(kind, name, types) extern const OPS_##kind kind##_##name;
#include "drivers/interfaces.def"
#undef INTERFACE

static const InterfaceRow rows[] = {
#define INTERFACE(kind, name, types) {TYPE_##kind, &kind##_##name.interface, types},
#include "drivers/interfaces.def"
#undef INTERFACE
};

static const char ironic_hardware_types[] =
#define IRONIC_HARDWARE_TYPES(names) names
#define IRONIC_INTERFACES(kind, names)
#include "drivers/ironic_names.def"
#undef IRONIC_HARDWARE_TYPES
#undef IRONIC_INTERFACES
    ;

static const char *const ironic_interfaces[INTERFACE_COUNT] = {
#define IRONIC_HARDWARE_TYPES(names)
#define IRONIC_INTERFACES(kind, names) [TYPE_##kind] = names,
#include "drivers/ironic_names.def"
#undef IRONIC_HARDWARE_TYPES
#undef IRONIC_INTERFACES
};

static bool
is_listed(const char *names, const char *name)
{
    g_auto(GStrv) words = g_strsplit(names, ",", -1);
    return g_strv_contains((const char *const *)words, name);
}

bool
ironic_has_hardware_type(const char *name)
{
    return is_listed(ironic_hardware_types, name);
}

bool
ironic_has_interface(InterfaceType type, const char *name)
{
    return is_listed(ironic_interfaces[type], name);
}

const InterfaceRow *
interface_rows(size_t *count)
{
    *count = G_N_ELEMENTS(rows);
    return rows;
}
