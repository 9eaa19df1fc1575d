/* What the boot interfaces with virtual media share: a machine boots an ISO that its BMC fetches by
 * a URL, and finds the agent's parameters on it or on a floppy image beside it. No DHCP, no TFTP.
 *
 * The media are made by images/boot_iso.h and images/floppy.h, published and remembered by
 * drivers/boot/media.h. A boot interface says with a VirtualMedia how a BMC takes media, and calls
 * the functions below, which are those of BootOps (boot.h) and have their contracts. Its BootOps
 * has carries_token: what is on the media reaches the machine alone.
 *
 * The order of set-up: check, then what is to be made and published, then FLOPPY, CD, boot once.
 * The order of clean-up: what is published, then both media are ejected.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/boot.h"

typedef enum VirtualMediaKind {
    VIRTUAL_MEDIA_CD,
    VIRTUAL_MEDIA_FLOPPY,
    VIRTUAL_MEDIA_KINDS
} VirtualMediaKind;

/* Takes out of an error's message what gives access to the image at a URL; BMCs repeat URLs. Who
 * knows the id of a published image, or the signature of a URL, reads the agent's token. */
void virtual_media_hide_secrets(GError *error, const char *url);

/* "cd", "floppy"; static. */
const char *virtual_media_word(VirtualMediaKind kind);

/* Where media are put in Swift. */
typedef struct VirtualMediaSwift {
    const char *container; /* borrowed from the configuration */
    int64_t life_s;        /* of images, and of the URLs by which BMCs fetch them */
} VirtualMediaSwift;

/* How a BMC takes media. Constant. The functions ask the BMC, from a worker with the node locked;
 * each ends with task->deadline_ms or with its own limit.
 * Errors of all: BMC_*, UNSUPPORTED, INVALID, TIMEOUT; the text says what the BMC said.
 * Again: each may be called again, and after the process died in it. */
typedef struct VirtualMedia {
    /* The BMC can do virtual media (its licence has it). Asked first: nothing is made before.
     * NULL: it can */
    bool (*check)(Task *task, GError **error);
    /* Inserts what a URL names, write-protected, in place of what is there. `url` ends with a file
     * name that has an ending (.iso, .img); borrowed; it holds a secret and must not be logged: use
     * http_url_for_display */
    bool (*insert)(Task *task, VirtualMediaKind kind, const char *url, GError **error);
    /* Whether something is in the drive. */
    bool (*is_in)(Task *task, VirtualMediaKind kind, bool *in, GError **error);
    /* Succeeds when nothing is in, and when the BMC has no such drive. */
    bool (*eject)(Task *task, VirtualMediaKind kind, GError **error);
    /* The next start is from the CD, one time, in the boot mode that the node has. NULL:
     * management_set_boot_device(task, cd_device, false) */
    bool (*set_boot_once_cd)(Task *task, GError **error);
    /* Where machines boot the CD from; NULL: "cdrom" */
    const char *cd_device;
    /* Starts of an instance on its ISO: a boot device for one start would replace the one for all,
     * so that one is set again */
    bool cd_for_all_starts;
    /* The parameters are to be on a floppy image (redfish: driver_info config_via_removable; ilo:
     * always). Never blocks. NULL: never, they are in the ISO. A ready ISO (driver_info deploy_iso)
     * without a floppy gets no parameters: its agent finds the API by its own means */
    bool (*has_floppy)(const Task *task);
    /* [PROTOCOL]kernel_append_params, which the node's own words replace. NULL: none */
    const char *(*kernel_words)(void);
    /* True: the configuration wants the media in Swift ([redfish]use_swift,
     * [ilo]use_web_server_for_images false), and `place` says where there. NULL: never */
    bool (*in_swift)(VirtualMediaSwift *place);
    /* The machine boots its boot volume by its own firmware (iSCSI). NULL: validation refuses boot
     * volumes */
    bool (*prepare_volume)(Task *task, GError **error);
    bool (*clean_up_volume)(Task *task, GError **error);
} VirtualMedia;

/* Rows of PropertyDef for Interface.properties. To be put into a table of one's own:
 *     {VIRTUAL_MEDIA_PROPERTIES, {"config_via_removable", false, "..."}, {0}} */
/* clang-format off */
#define VIRTUAL_MEDIA_PROPERTIES                                                                   \
    {"deploy_iso", false, "URL of a bootable ISO with the deploy ramdisk; takes the place of "     \
                          "deploy_kernel and deploy_ramdisk"},                                     \
    {"rescue_iso", false, "URL of a bootable ISO with the rescue ramdisk"},                        \
    {"deploy_kernel", false, "URL of the deploy ramdisk's kernel"},                                \
    {"deploy_ramdisk", false, "URL of the deploy ramdisk's initramfs"},                            \
    {"rescue_kernel", false, "URL of the rescue ramdisk's kernel"},                                \
    {"rescue_ramdisk", false, "URL of the rescue ramdisk's initramfs"},                            \
    {"kernel_append_params", false, "words for the command line of the ramdisk's kernel"},         \
    {"external_http_url", false, "where the BMC reaches this conductor's boot file server; "       \
                                 "[deploy]external_http_url or http_url without it"},              \
    {"bootloader", false, "URL of an EFI system partition image that boots the ISO where the "     \
                          "one that is made does not; [conductor]bootloader without it"}
/* clang-format on */

/* Interface.validate: ramdisk or ISO, capabilities, boot volume, a place to publish. */
bool virtual_media_validate(Task *task, const VirtualMedia *how, GError **error);
/* BootOps.validate_ramdisk, as it is. */
bool virtual_media_validate_ramdisk(Task *task, RamdiskUse use, GError **error);

bool virtual_media_prepare_ramdisk(Task *task, const VirtualMedia *how, const json_t *parameters,
                                   GError **error);
bool virtual_media_clean_up_ramdisk(Task *task, const VirtualMedia *how, GError **error);
bool virtual_media_prepare_instance(Task *task, const VirtualMedia *how, GError **error);
bool virtual_media_clean_up_instance(Task *task, const VirtualMedia *how, GError **error);

/* BootOps.why_silent: a drive that should have the ramdisk is empty. */
char *virtual_media_why_silent(Task *task, const VirtualMedia *how);

/* BootOps.before_power_on: the instance of an active node, or of one that is serviced while it
 * runs, lives on its ISO: inserts that again, and sets the boot from it. Does nothing for any other
 * node, and in any other state. */
bool virtual_media_before_power_on(Task *task, const VirtualMedia *how, GError **error);
