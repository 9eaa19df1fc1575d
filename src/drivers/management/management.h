/* What a management driver must do: boot device, boot mode, NMI, indicators. For a NULL member the
 * functions below answer UNSUPPORTED, so that callers never test pointers.
 *
 * All are called from a worker with the node locked; they may block on the BMC until
 * task->deadline_ms.
 * Errors: BMC_*, INVALID (a device or mode the driver does not know), TIMEOUT.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct BootDevice {
    char device[16];   /* "pxe", "disk", ...; "" if the BMC has none set */
    int8_t persistent; /* -1 unknown, 0, 1 */
} BootDevice;

typedef struct ManagementOps {
    Interface interface;
    const char *const *boot_devices; /* NULL-terminated */
    bool (*set_boot_device)(Task *task, const char *device, bool persistent, GError **error);
    bool (*get_boot_device)(Task *task, BootDevice *device, GError **error);
    const char *const *boot_modes; /* NULL-terminated, or NULL */
    bool (*set_boot_mode)(Task *task, const char *mode, GError **error);
    bool (*set_secure_boot)(Task *task, bool on, GError **error);
    /* The mode in force: a word of boot_modes, or NULL without an error if the machine does not
     * tell; and whether secure boot is wanted from the next start on. Both together read what the
     * node shows. NULL: they cannot be read. */
    bool (*get_boot_mode)(Task *task, const char **mode, GError **error);
    bool (*get_secure_boot)(Task *task, bool *on, GError **error);
    bool (*inject_nmi)(Task *task, GError **error);
    /* set: makes the firmware of a machine in UEFI mode boot the iSCSI volume of boot_index 0, from
     * the next self-test on; clear: ends that, also if nothing was set. More errors: MISSING,
     * INVALID (the volume, or a port that the machine does not have), UNSUPPORTED (BIOS mode). */
    bool (*set_iscsi_boot_target)(Task *task, GError **error);
    bool (*clear_iscsi_boot_target)(Task *task, GError **error);
    /* {component: {name: {"readonly": bool, "states": [str]}}}, a new reference; component NULL:
     * all */
    json_t *(*supported_indicators)(Task *task, const char *component, GError **error);
    /* A word of the row's states; the caller frees. */
    char *(*get_indicator)(Task *task, const char *component, const char *indicator,
                           GError **error);
    bool (*set_indicator)(Task *task, const char *component, const char *indicator,
                          const char *state, GError **error);
    /* The maker's name for properties.vendor; the caller frees; NULL without an error if the BMC
     * does not report it. */
    char *(*detect_vendor)(Task *task, GError **error);
    /* What the machine's sensors say: [{"type": "Temperature", "name": str, "unit": str, "value"?:
     * number, "health"?: "OK", "Warning" or "Critical"}], a new reference. The node may be locked
     * by others. */
    json_t *(*get_sensors)(Task *task, GError **error);
    /* How the BMC says that the machine is: "OK", "Warning" or "Critical", static; NULL without an
     * error if it does not tell. For drivers whose power interface has no get_async that tells it.
     * The node may be locked by others. */
    bool (*get_health)(Task *task, const char **health, GError **error);
    bool health_by_sensors; /* the worst of the sensors is the health */
    /* What is in the virtual drives: [{"media_types": [str], "inserted": bool, "image": str or
     * null}], a new reference, with Redfish's words. */
    json_t *(*get_virtual_media)(Task *task, GError **error);
    /* Puts the image at a URL into a drive ("disk", "cdrom", "floppy"), in place of what is there.
     * The URL may be a secret: it is in no message. */
    bool (*attach_virtual_media)(Task *task, const char *device, const char *url, GError **error);
    /* Takes out what is in a drive; NULL: in all. An empty one is no failure. */
    bool (*detach_virtual_media)(Task *task, const char *device, GError **error);
} ManagementOps;

/* Call the member of the same name of the node's driver, after checking the arguments: INVALID
 * lists the words that the driver knows. UNSUPPORTED if the member is NULL. From a worker; they may
 * block until task->deadline_ms. The caller frees what they return. */
bool management_set_boot_device(Task *task, const char *device, bool persistent, GError **error);
bool management_get_boot_device(Task *task, BootDevice *device, GError **error);
bool management_set_boot_mode(Task *task, const char *mode, GError **error);
bool management_set_secure_boot(Task *task, bool on, GError **error);
bool management_inject_nmi(Task *task, GError **error);
bool management_set_iscsi_boot_target(Task *task, GError **error);
bool management_clear_iscsi_boot_target(Task *task, GError **error);
json_t *management_supported_indicators(Task *task, const char *component, GError **error);
char *management_get_indicator(Task *task, const char *component, const char *indicator,
                               GError **error);
json_t *management_get_sensors(Task *task, GError **error);
json_t *management_get_virtual_media(Task *task, GError **error);
bool management_attach_virtual_media(Task *task, const char *device, const char *url,
                                     GError **error);
bool management_detach_virtual_media(Task *task, const char *device, GError **error);
bool management_set_indicator(Task *task, const char *component, const char *indicator,
                              const char *state, GError **error);
