/* Builds the deploy ramdisk: a Debian kernel, and an initramfs with drivers, network set-up and
 * steel-agent. Without root. The same inputs give the same bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/kernel_package.h"

/* All borrowed; lists are NULL-ended and may be NULL. */
typedef struct RamdiskPlan {
    const char *profile; /* a word of profiles.def */
    const char *output;  /* folder: RAMDISK_KERNEL and RAMDISK_INITRAMFS in it; made if absent */
    const char *cache;   /* folder in which the kernel's package is kept; made if absent */
    const char *agent;   /* the program steel-agent */
    /* more authorities, PEM, in addition to those of this system; NULL: none */
    const char *ca_file;
    const char *const *modules; /* more kernel modules */
    const char *const *files;   /* more files: "<file of this machine>:</path in the ramdisk>" */
} RamdiskPlan;

#define RAMDISK_KERNEL "steel-ramdisk.kernel"
#define RAMDISK_INITRAMFS "steel-ramdisk.initramfs"

/* True for a word of profiles.def. */
bool ramdisk_profile_known(const char *word);

/* The profiles with their help, a line each; the caller frees. */
char *ramdisk_profiles_help(void);

/* Builds it; a folder that has an older one has the new one only when it is whole.
 * Errors: INVALID (profile, form of a file), NOT_FOUND (kernel, module, library, busybox), PROCESS,
 * TIMEOUT, IO */
bool ramdisk_build(const RamdiskPlan *plan, KernelPackageProgress progress,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
