/* Boot flags and names of devices and power verbs.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/chassis.h"

#include <string.h>

enum {
    FLAG_VALID = 0x80,
    FLAG_PERSISTENT = 0x40,
    FLAG_EFI = 0x20,
    DEVICE_SHIFT = 2,
    DEVICE_MASK = 0x0f,
    DEVICE_COUNT = 16,
};

static const char *const device_names[DEVICE_COUNT] = {
    [IPMI_BOOT_NONE] = "none",
    [IPMI_BOOT_PXE] = "pxe",
    [IPMI_BOOT_DISK] = "disk",
    [IPMI_BOOT_SAFE] = "safe",
    [IPMI_BOOT_DIAG] = "diag",
    [IPMI_BOOT_CDROM] = "cdrom",
    [IPMI_BOOT_BIOS] = "bios",
    [IPMI_BOOT_REMOTE_FLOPPY] = "remote_floppy",
    [IPMI_BOOT_REMOTE_CDROM] = "remote_cdrom",
    [IPMI_BOOT_REMOTE_MEDIA] = "remote_media",
    [IPMI_BOOT_REMOTE_DISK] = "remote_disk",
    [IPMI_BOOT_FLOPPY] = "floppy",
};

static const char *const control_names[] = {
    [IPMI_CHASSIS_OFF] = "off",     [IPMI_CHASSIS_ON] = "on",     [IPMI_CHASSIS_CYCLE] = "cycle",
    [IPMI_CHASSIS_RESET] = "reset", [IPMI_CHASSIS_DIAG] = "diag", [IPMI_CHASSIS_SOFT] = "soft",
};

void
ipmi_boot_flags_pack(const IpmiBootFlags *flags, uint8_t bytes[IPMI_BOOT_FLAGS_SIZE])
{
    memset(bytes, 0, IPMI_BOOT_FLAGS_SIZE);
    bytes[0] = (uint8_t)((flags->valid ? FLAG_VALID : 0) |
                         (flags->persistent ? FLAG_PERSISTENT : 0) | (flags->efi ? FLAG_EFI : 0));
    bytes[1] = (uint8_t)(((unsigned)flags->device & DEVICE_MASK) << DEVICE_SHIFT);
}

void
ipmi_boot_flags_unpack(const uint8_t bytes[IPMI_BOOT_FLAGS_SIZE], IpmiBootFlags *flags)
{
    *flags = (IpmiBootFlags){
        .valid = (bytes[0] & FLAG_VALID) != 0,
        .persistent = (bytes[0] & FLAG_PERSISTENT) != 0,
        .efi = (bytes[0] & FLAG_EFI) != 0,
        .device = (IpmiBootDevice)(bytes[1] >> DEVICE_SHIFT & DEVICE_MASK),
    };
}

const char *
ipmi_boot_device_name(IpmiBootDevice device)
{
    const char *name = (size_t)device < DEVICE_COUNT ? device_names[device] : NULL;
    return name != NULL ? name : "unknown";
}

bool
ipmi_boot_device_from_name(const char *name, IpmiBootDevice *device)
{
    for (int i = 0; i < DEVICE_COUNT; i++) {
        if (device_names[i] != NULL && strcmp(device_names[i], name) == 0) {
            *device = (IpmiBootDevice)i;
            return true;
        }
    }
    return false;
}

const char *
ipmi_chassis_control_name(IpmiChassisControl control)
{
    return (size_t)control < sizeof control_names / sizeof control_names[0] ? control_names[control]
                                                                            : "unknown";
}
