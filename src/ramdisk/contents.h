/* What is in the initramfs of a deploy ramdisk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/build.h"

/* Kernel modules, plain, each after those that it depends on; all borrowed. */
typedef struct ContentsModules {
    const char *release;    /* of the kernel */
    const GPtrArray *first; /* paths of those that are loaded at the start */
    /* paths of all that are there; those that are loaded later stay compressed until then, since
     * unpacked they take memory that a small machine has not got */
    const GPtrArray *all;
} ContentsModules;

/* The archive; the caller frees. Errors: NOT_FOUND (a program, a library), IO, INVALID (form of a
 * file), those of process_run. */
GByteArray *contents_archive(const RamdiskPlan *plan, const ContentsModules *modules,
                             GError **error);
