/* Bootable ISOs: a kernel, an initramfs and a command line that BIOS and UEFI start alike, from a
 * CD, from virtual media or from a stick. GRUB for both, put together by xorriso.
 *
 * Runs grub-mkimage, mkfs.vfat, mmd, mcopy and xorriso, without root, each with a deadline. The
 * same inputs give the same bytes. Blocks on the disk; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

#define BOOT_ISO_LABEL "STEEL"
/* Readers of config drives look for this one. */
#define BOOT_ISO_LABEL_CONFIG "config-2"
/* The kernel takes 2048 bytes. */
#define BOOT_ISO_ARGUMENTS_LIMIT 2000
#define BOOT_ISO_FILE_LIMIT 16u
#define BOOT_ISO_FILE_SIZE_LIMIT (1u << 20)
/* Kernel, initramfs and ESP together: a file of ISO 9660 is below 4 GiB. */
#define BOOT_ISO_SIZE_LIMIT (UINT64_C(4000) << 20)

/* One more file of the disc. */
typedef struct BootIsoFile {
    const char *name; /* "openstack/latest/network_data.json" */
    const void *data;
    size_t size;
} BootIsoFile;

/* All borrowed. */
typedef struct BootIso {
    const char *folder; /* an empty one for what is made on the way; the caller removes it */
    const char *output; /* file; made anew, readable by everybody */
    const char *kernel, *initramfs; /* files */
    const char *arguments;          /* words for the kernel with blanks between; NULL: none */
    const char *label;              /* of the volume; NULL: BOOT_ISO_LABEL */
    const BootIsoFile *files;
    size_t file_count;
    /* an image of an EFI system partition that takes the place of the one with GRUB; NULL: none */
    const char *esp;
    /* where the loader in it looks for its configuration on the disc: "EFI/BOOT/grub.cfg" */
    const char *esp_config;
    int timeout_ms; /* of each program; 0: five minutes */
} BootIso;

/* Builds it; what can be said without running anything is checked first.
 *
 * Errors  INVALID (a word that cannot stand in GRUB's configuration, a label, a name), TOO_LARGE
 *         (a bound above, or the room on the disk), NOT_FOUND (a part of GRUB, with the package's
 *         name), PROCESS, TIMEOUT, IO */
bool boot_iso_build(const BootIso *iso, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* GRUB's configuration of the disc; the caller frees, and wipes: the words may have a secret. Pure.
 * Errors: INVALID, TOO_LARGE */
char *boot_iso_configuration(const BootIso *iso, GError **error);
