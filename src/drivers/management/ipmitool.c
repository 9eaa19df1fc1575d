/* Boot device, NMI and identity of machines over IPMI 2.0. The boot mode is not IPMI's to set: it is told with the boot
 * device, from the node's boot_mode.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

#include "bmc/ipmi/commands.h"
#include "common/config.h"
#include "drivers/ipmi_node.h"
#include "model/capabilities.h"
#include "model/internal_info.h"

#include <string.h>

/* Supermicro boards under UEFI take the disk by the selector of the "primary remote medium", and not by 08h. */
#define SUPERMICRO_UEFI_DISK 0x24

static bool
is_uefi(const Node *node)
{
    const char *standard = config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE);
    return strcmp(capability_boot_mode(node, standard), "uefi") == 0;
}

static bool
is_supermicro(const Node *node)
{
    const char *vendor = json_string_member(node->properties, "vendor");
    return vendor != NULL && g_ascii_strcasecmp(vendor, "supermicro") == 0;
}

/* A BMC that forgets gets the device for one boot, again and again; what is to stay is kept here, in Ironic's keys. */
static void
remember_forced(Task *task, const char *device, bool persistent)
{
    if (persistent) {
        info_remove(task->node, INFO_NEXT_BOOT_PERSISTENT);
        info_set_text(task->node, INFO_PERSISTENT_BOOT_DEVICE, device);
    } else {
        info_set_boolean(task->node, INFO_NEXT_BOOT_PERSISTENT, false);
    }
}

/* The power driver sets the remembered device again by this same function, once: that changes nothing in the memory. */
static bool
is_repetition(const Task *task, const char *device, bool persistent)
{
    return !persistent &&
           g_strcmp0(info_text(task->node, INFO_PERSISTENT_BOOT_DEVICE), device) == 0 &&
           !info_has(task->node, INFO_NEXT_BOOT_PERSISTENT);
}

static bool
set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    if (!ipmi_node_read(task->node, &ipmi, error))
        return false;
    IpmiBootRequest boot = {.persistent = persistent && !ipmi.force_boot_device,
                            .efi = is_uefi(task->node),
                            .disable_timeout = ipmi.disable_boot_timeout};
    if (!ipmi_boot_device_from_name(device, &boot.device))
        return steel_fail(error, STEEL_ERROR_INVALID, "IPMI knows no boot device '%.20s'", device);
    if (boot.efi && boot.device == IPMI_BOOT_DISK && is_supermicro(task->node))
        boot.device_byte = SUPERMICRO_UEFI_DISK;
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    size_t flags_index = 0;
    size_t count = ipmi_build_set_boot_device(&boot, requests, &flags_index);
    if (!ipmi_node_call(task, requests, count, IPMI_REPEAT_ANY, NULL, error)) {
        g_prefix_error(error, "setting the boot device to %s: ", device);
        return false;
    }
    if (!ipmi.force_boot_device || is_repetition(task, device, persistent))
        return true;
    remember_forced(task, device, persistent);
    return task_save(task, error);
}

static bool
get_forced(const Task *task, BootDevice *device)
{
    const char *name = info_text(task->node, INFO_PERSISTENT_BOOT_DEVICE);
    if (name == NULL || info_has(task->node, INFO_NEXT_BOOT_PERSISTENT) ||
        !json_is_truthy(json_object_get(task->node->driver_info, "ipmi_force_boot_device")))
        return false;
    *device = (BootDevice){.persistent = 1};
    g_strlcpy(device->device, name, sizeof device->device);
    return true;
}

static const char *const boot_devices[] = {"pxe", "disk", "cdrom", "bios", "safe", NULL};

static bool
get_boot_device(Task *task, BootDevice *device, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    IpmiBootFlags flags;
    if (get_forced(task, device))
        return true;
    ipmi_build_get_boot_device(&request);
    if (!ipmi_node_call(task, &request, 1, IPMI_REPEAT_ANY, &response, error) ||
        !ipmi_parse_boot_device(&response, &flags, error)) {
        g_prefix_error(error, "reading the boot device: ");
        return false;
    }
    *device = (BootDevice){.persistent = -1};
    if (!flags.valid)
        return true;
    if (flags.device == IPMI_BOOT_REMOTE_MEDIA && flags.efi && is_supermicro(task->node))
        flags.device = IPMI_BOOT_DISK;
    const char *name = ipmi_boot_device_name(flags.device);
    if (g_strv_contains(boot_devices, name)) {
        g_strlcpy(device->device, name, sizeof device->device);
        device->persistent = flags.persistent;
    }
    return true;
}

static bool
inject_nmi(Task *task, GError **error)
{
    IpmiRequest request;
    ipmi_build_chassis_control(&request, IPMI_CHASSIS_DIAG);
    if (ipmi_node_call(task, &request, 1, IPMI_REPEAT_BUSY, NULL, error))
        return true;
    g_prefix_error(error, "injecting an NMI: ");
    return false;
}

static char *
detect_vendor(Task *task, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_device_id(&request);
    if (!ipmi_node_call(task, &request, 1, IPMI_REPEAT_ANY, &response, error)) {
        g_prefix_error(error, "reading the BMC's identity: ");
        return NULL;
    }
    return ipmi_node_vendor(&response, error);
}

const ManagementOps management_ipmitool = {
    .interface = {.name = "ipmitool",
                  .properties = ipmi_node_properties,
                  .validate = ipmi_node_validate},
    .boot_devices = boot_devices,
    .set_boot_device = set_boot_device,
    .get_boot_device = get_boot_device,
    .inject_nmi = inject_nmi,
    .detect_vendor = detect_vendor,
};
