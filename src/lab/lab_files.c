/* Removing a lab's files; the contract is in lab_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/lab_files.h"

#include "lab/control.h"
#include "lab/folder.h"
#include "lab/lab.h"
#include "lab/machine_serial.h"
#include "lab/nfs.h"
#include "lab/redfish_bmcs.h"
#include "lab/tftp.h"

#include <string.h>

/* The lab's files have known names or endings: its folder may hold other files. */
static bool
is_lab_file(const char *name)
{
    static const char *const names[] = {LAB_LOG_FILE,    CONTROL_SOCKET,   "tgtd.0",
                                        "tgtd.0.lock",   "tgtd.log",       "dnsmasq.conf",
                                        "dnsmasq.log",   "dnsmasq.leases", TFTP_FOLDER,
                                        NFS_FOLDER,      NFS_FILES,        REDFISH_CERTIFICATE_FILE,
                                        REDFISH_KEY_FILE};
    static const char *const endings[] = {
        ".console.log", ".disk.raw", ".volume.raw",       ".uefi-variables.fd", ".qemu.log",
        ".chap",        ".medium",   ".uefi-authorities", MACHINE_SERIAL_ENDING};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]))
            return true;
    return false;
}

void
lab_remove_files(const char *folder, bool keep_logs)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (is_lab_file(name) && !(keep_logs && g_str_has_suffix(name, ".log")))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    nfs_unmount(folder);
    for (guint i = 0; i < paths->len; i++)
        folder_remove(paths->pdata[i]);
}
