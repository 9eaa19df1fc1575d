/* Boot device, NMI and identity of machines over IPMI 2.0. IPMI has no command for the boot mode:
 * it is sent with the boot device, from the node's boot_mode.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/management.h"

#include "bmc/ipmi/client/commands.h"
#include "common/backoff.h"
#include "common/config.h"
#include "common/log.h"
#include "drivers/ipmi_node.h"
#include "drivers/management/ipmitool_sensors.h"
#include "model/capabilities.h"
#include "model/internal_info.h"

#include <string.h>

/* Supermicro boards under UEFI boot the disk with the selector of the "primary remote medium", not
 * with 08h. */
#define SUPERMICRO_UEFI_DISK 0x24

enum { FIRST_PAUSE_MS = 500, LONGEST_PAUSE_MS = 5000 };

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

/* A BMC that does not keep a boot device gets it before each boot; the persistent device is kept
 * here, in Ironic's keys. */
static void
remember_boot_device(Task *task, const char *device, bool persistent)
{
    if (persistent) {
        info_remove(task->node, INFO_NEXT_BOOT_PERSISTENT);
        info_set_text(task->node, INFO_PERSISTENT_BOOT_DEVICE, device);
    } else {
        info_set_boolean(task->node, INFO_NEXT_BOOT_PERSISTENT, false);
    }
}

static const char *
remembered_boot_device(const Task *task)
{
    return info_text(task->node, INFO_PERSISTENT_BOOT_DEVICE);
}

/* The power driver sets the remembered device with this function too, for one boot: that does not
 * change the remembered one. */
static bool
is_repetition(const Task *task, const char *device, bool persistent)
{
    return !persistent && g_strcmp0(remembered_boot_device(task), device) == 0 &&
           !info_has(task->node, INFO_NEXT_BOOT_PERSISTENT);
}

/* The BMC keeps the device itself: it need not be set again. */
static bool
forget(Task *task, GError **error)
{
    if (remembered_boot_device(task) == NULL)
        return true;
    info_remove(task->node, INFO_NEXT_BOOT_PERSISTENT);
    info_remove(task->node, INFO_PERSISTENT_BOOT_DEVICE);
    return task_save(task, error);
}

/* Sends the flags; *code is the BMC's completion code. */
static bool
send_flags(Task *task, const IpmiBootRequest *boot, uint8_t *code, GError **error)
{
    IpmiRequest requests[IPMI_BOOT_SEQUENCE_MAX];
    IpmiResponse responses[IPMI_BOOT_SEQUENCE_MAX];
    size_t flags_index = 0;
    size_t count = ipmi_build_set_boot_device(boot, requests, &flags_index);
    requests[flags_index].ignore_completion_code = true;
    if (!ipmi_node_call(task, requests, count, responses, error))
        return false;
    *code = responses[flags_index].completion_code;
    return true;
}

/* Relaxes the request after a refusal; false: nothing is left to try. */
static bool
relax_boot_request(IpmiBootRequest *boot, uint8_t code)
{
    bool *way_out = NULL;
    switch (ipmi_completion_boot(code)) {
    case IPMI_BOOT_RELEASE:
        way_out = &boot->release;
        break;
    case IPMI_BOOT_UNLOCK:
        way_out = &boot->unlock;
        break;
    case IPMI_BOOT_LESS:
        if (!boot->persistent)
            return false;
        boot->persistent = false;
        return true;
    case IPMI_BOOT_AGAIN:
    case IPMI_BOOT_FINAL:
        return false;
    }
    if (way_out == NULL || *way_out)
        return false;
    *way_out = true;
    return true;
}

static bool
is_passing(uint8_t code)
{
    return ipmi_completion_boot(code) == IPMI_BOOT_AGAIN || ipmi_node_is_passing(code);
}

/* Sets the flags in a way that the BMC accepts. out: boot->persistent is false if it does not keep
 * them. */
static bool
set_flags(Task *task, IpmiBootRequest *boot, GError **error)
{
    Backoff backoff = {FIRST_PAUSE_MS, LONGEST_PAUSE_MS, ipmi_node_patience_ms(task), NULL};
    for (;;) {
        uint8_t code = IPMI_CC_OK;
        if (!send_flags(task, boot, &code, error))
            return false;
        if (code == IPMI_CC_OK)
            return true;
        if (relax_boot_request(boot, code) || (is_passing(code) && backoff_pause(&backoff)))
            continue;
        return steel_fail(error, is_passing(code) ? STEEL_ERROR_BMC_BUSY : STEEL_ERROR_BMC_REFUSED,
                          "the BMC refuses the boot flags: %s (%02xh)", ipmi_completion_text(code),
                          code);
    }
}

static bool
ipmitool_management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    if (!ipmi_node_read(task->node, &ipmi, error))
        return false;
    bool asked = persistent && !ipmi.force_boot_device;
    IpmiBootRequest boot = {.persistent = asked,
                            .efi = is_uefi(task->node),
                            .disable_timeout = ipmi.disable_boot_timeout};
    if (!ipmi_boot_device_from_name(device, &boot.device))
        return steel_fail(error, STEEL_ERROR_INVALID, "IPMI knows no boot device '%.20s'", device);
    if (boot.efi && boot.device == IPMI_BOOT_DISK && is_supermicro(task->node))
        boot.device_byte = SUPERMICRO_UEFI_DISK;
    if (!set_flags(task, &boot, error)) {
        g_prefix_error(error, "setting the boot device to %s: ", device);
        return false;
    }
    if (asked && boot.persistent)
        return forget(task, error);
    if (asked)
        log_warning("drivers.ipmi",
                    "the BMC refuses to keep boot device %s: it is set again before each power on",
                    device);
    bool keeps_itself =
        !ipmi.force_boot_device && !persistent && remembered_boot_device(task) == NULL;
    if (keeps_itself || is_repetition(task, device, persistent))
        return true;
    remember_boot_device(task, device, persistent);
    return task_save(task, error);
}

static bool
get_remembered(const Task *task, BootDevice *device)
{
    if (remembered_boot_device(task) == NULL || info_has(task->node, INFO_NEXT_BOOT_PERSISTENT))
        return false;
    *device = (BootDevice){.persistent = 1};
    g_strlcpy(device->device, remembered_boot_device(task), sizeof device->device);
    return true;
}

static const char *const boot_devices[] = {"pxe", "disk", "cdrom", "bios", "safe", NULL};

static bool
ipmitool_management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    IpmiBootFlags flags;
    if (get_remembered(task, device))
        return true;
    ipmi_build_get_boot_device(&request);
    if (!ipmi_node_call(task, &request, 1, &response, error) ||
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
ipmitool_management_inject_nmi(Task *task, GError **error)
{
    IpmiRequest request;
    ipmi_build_chassis_control(&request, IPMI_CHASSIS_DIAG);
    if (ipmi_node_call(task, &request, 1, NULL, error))
        return true;
    g_prefix_error(error, "injecting an NMI: ");
    return false;
}

static char *
ipmitool_management_detect_vendor(Task *task, GError **error)
{
    IpmiRequest request;
    IpmiResponse response;
    ipmi_build_device_id(&request);
    if (!ipmi_node_call(task, &request, 1, &response, error)) {
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
    .set_boot_device = ipmitool_management_set_boot_device,
    .get_boot_device = ipmitool_management_get_boot_device,
    .inject_nmi = ipmitool_management_inject_nmi,
    .detect_vendor = ipmitool_management_detect_vendor,
    .health_by_sensors = true,
    .get_sensors = ipmitool_sensors_get,
};
