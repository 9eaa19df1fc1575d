/* Power verbs and boot flags of the chassis as bytes and as words: what the client's commands
 * build, the server parses, and the other way round. Pure functions; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Data byte of Chassis Control, IPMI 2.0 28.3. */
typedef enum IpmiChassisControl {
    IPMI_CHASSIS_OFF = 0,
    IPMI_CHASSIS_ON = 1,
    IPMI_CHASSIS_CYCLE = 2,
    IPMI_CHASSIS_RESET = 3,
    IPMI_CHASSIS_DIAG = 4, /* NMI */
    IPMI_CHASSIS_SOFT = 5, /* ACPI button */
} IpmiChassisControl;

/* Boot device selector, IPMI 2.0 table 28-14, parameter 5, data 2 bits 5:2. */
typedef enum IpmiBootDevice {
    IPMI_BOOT_NONE = 0,
    IPMI_BOOT_PXE = 1,
    IPMI_BOOT_DISK = 2,
    IPMI_BOOT_SAFE = 3,
    IPMI_BOOT_DIAG = 4,
    IPMI_BOOT_CDROM = 5,
    IPMI_BOOT_BIOS = 6,
    IPMI_BOOT_REMOTE_FLOPPY = 7,
    IPMI_BOOT_REMOTE_CDROM = 8,
    IPMI_BOOT_REMOTE_MEDIA = 9,
    IPMI_BOOT_REMOTE_DISK = 11,
    IPMI_BOOT_FLOPPY = 15,
} IpmiBootDevice;

enum {
    /* Boot option parameters, table 28-14. */
    IPMI_BOOT_OPTION_SET_IN_PROGRESS = 0,
    IPMI_BOOT_OPTION_VALID_CLEARING = 3,
    IPMI_BOOT_OPTION_INFO_ACKNOWLEDGE = 4,
    IPMI_BOOT_OPTION_FLAGS = 5,
    IPMI_BOOT_FLAGS_SIZE = 5,
};

/* The boot flags of parameter 5 that matter to provisioning. */
typedef struct IpmiBootFlags {
    bool valid; /* false: the BMC holds no override; device is then only what was set last */
    bool persistent;
    bool efi;
    IpmiBootDevice device;
} IpmiBootFlags;

/* To and from the five data bytes of parameter 5 (IPMI 2.0, table 28-14). Bits that IpmiBootFlags
 * does not know are 0, or passed over. */
void ipmi_boot_flags_pack(const IpmiBootFlags *flags, uint8_t bytes[IPMI_BOOT_FLAGS_SIZE]);
void ipmi_boot_flags_unpack(const uint8_t bytes[IPMI_BOOT_FLAGS_SIZE], IpmiBootFlags *flags);

/* "pxe", "disk", "cdrom", "bios", "safe", "diag", "floppy", "none", ...; "unknown" for a reserved
 * value. Static. */
const char *ipmi_boot_device_name(IpmiBootDevice device);

/* The device of such a name; false for any other word. */
bool ipmi_boot_device_from_name(const char *name, IpmiBootDevice *device);

/* "on", "off", "cycle", "reset", "diag", "soft". Static; never NULL. */
const char *ipmi_chassis_control_name(IpmiChassisControl control);
