/* The boot loaders of a lab; the contract is in tftp.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/tftp.h"

#include "common/process.h"
#include "lab/folder.h"

#include <string.h>

#define LOADERS "/usr/lib/ipxe/"
#define AUTOEXEC "autoexec.ipxe"

bool
tftp_serves_uefi(void)
{
    g_autofree char *loader = NULL;
    gsize size = 0;
    return g_file_get_contents(LOADERS TFTP_UEFI_LOADER, &loader, &size, NULL) &&
           memmem(loader, size, AUTOEXEC, strlen(AUTOEXEC)) != NULL;
}

static bool
write_autoexec(const char *folder, const char *boot_url, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = g_build_filename(folder, AUTOEXEC, NULL);
    g_autofree char *script =
        g_strdup_printf("#!ipxe\ndhcp || reboot\nchain %s || reboot\n", boot_url);
    return g_file_set_contents(path, script, -1, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

bool
tftp_folder_make(const char *lab_folder, const char *boot_url, GError **error)
{
    g_autofree char *folder = g_build_filename(lab_folder, TFTP_FOLDER, NULL);
    if (!folder_make(folder, error))
        return false;
    /* a dnsmasq that runs as root hands out only what everybody may read */
    const char *argv[] = {"install",
                          "--mode=644",
                          "--target-directory",
                          folder,
                          "--",
                          LOADERS "undionly.kpxe",
                          LOADERS TFTP_UEFI_LOADER,
                          LOADERS "ipxe.efi",
                          NULL};
    ProcessSpec spec = {.argv = argv};
    return process_run(&spec, NULL, error) &&
           (boot_url == NULL || write_autoexec(folder, boot_url, error));
}
