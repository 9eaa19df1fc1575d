/* The ISO; the contract is in iso.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/iso.h"

#include "common/error.h"
#include "images/boot_iso.h"
#include "ramdisk/program_limit.h"

#include <errno.h>

/* boot_method tells the agent that its parameters come with a medium beside this one. */
static char *
arguments_of(const RamdiskPlan *plan)
{
    GString *words = g_string_new("boot_method=vmedia loglevel=4 cryptomgr.notests");
    for (const char *const *at = plan->consoles; at != NULL && *at != NULL; at++)
        g_string_append_printf(words, " console=%s", *at);
    return g_string_free(words, FALSE);
}

bool
iso_build(const RamdiskPlan *plan, const char *folder, GError **error)
{
    g_autofree char *work = g_build_filename(folder, "iso", NULL),
                    *output = g_build_filename(folder, RAMDISK_ISO, NULL),
                    *kernel = g_build_filename(folder, RAMDISK_KERNEL, NULL),
                    *initramfs = g_build_filename(folder, RAMDISK_INITRAMFS, NULL),
                    *arguments = arguments_of(plan);
    const BootIso iso = {.folder = work,
                         .output = output,
                         .kernel = kernel,
                         .initramfs = initramfs,
                         .arguments = arguments,
                         .timeout_ms = RAMDISK_PROGRAM_LIMIT_MS};
    if (g_mkdir_with_parents(work, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", work, g_strerror(errno));
    return boot_iso_build(&iso, error);
}
