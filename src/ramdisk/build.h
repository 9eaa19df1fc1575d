/* Builds the deploy ramdisk: a Debian kernel, and an initramfs with drivers, network set-up and
 * steel-agent. Without root. The same inputs give the same bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/kernel_package.h"

/* All borrowed; lists are NULL-ended and may be NULL. */
typedef struct RamdiskPlan {
    const char *profile;      /* a word of profiles.def */
    const char *output;       /* folder: RAMDISK_KERNEL, RAMDISK_INITRAMFS in it; made if absent */
    bool iso;                 /* RAMDISK_ISO as well */
    const char *cache;        /* folder in which the kernel's package is kept; made if absent */
    const char *agent;        /* the program steel-agent */
    const char *ca_file;      /* more authorities, PEM, beside those of this system; NULL: none */
    const char *ssh_key_file; /* who has one of these keys may log in as root; NULL: nobody */
    const char *const *consoles; /* "ttyS0,115200": of the ISO's kernel, the last is /dev/console */
    const char *const *modules;  /* more kernel modules */
    /* more programs of this machine, found in PATH, with their libraries */
    const char *const *programs;
    /* more files and folders: "<of this machine>:</path in the ramdisk>" */
    const char *const *files;
} RamdiskPlan;

#define RAMDISK_KERNEL "steel-ramdisk.kernel"
#define RAMDISK_INITRAMFS "steel-ramdisk.initramfs"
#define RAMDISK_ISO "steel-ramdisk.iso"

/* True for a word of profiles.def. */
bool ramdisk_profile_known(const char *word);

/* The profiles with their help, a line each; the caller frees. */
char *ramdisk_profiles_help(void);

/* Builds it; a folder that has an older one has the new one only when it is whole.
 * Errors: INVALID (profile, form of a file), NOT_FOUND (kernel, module, library, program), PROCESS,
 * TIMEOUT, IO */
bool ramdisk_build(const RamdiskPlan *plan, KernelPackageProgress progress,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
