/* The names that a disk has in the world: serial number, WWN, where it is plugged in. They are made
 * as udev's rules make them, which operators write hints by. SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* All owned; NULL: it has none. */
typedef struct DiskNames {
    char *serial;
    char *wwn, *wwn_with_extension,
        *wwn_vendor_extension; /* "0x5000c500a1b2c3d4"; of NVMe "eui.…" */
    char *hctl;                /* "0:0:1:0" */
    char *by_path;             /* "/dev/disk/by-path/pci-0000:00:05.0" */
} DiskNames;

/* kernel_name  "sda" */
void disk_names_read(DiskNames *names, const char *root, const char *kernel_name);
void disk_names_clear(DiskNames *names);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DiskNames, disk_names_clear)

/* Takes "naa.5000c500a1b2c3d4" or "eui.…" apart. Pure. */
void disk_names_take_wwid(DiskNames *names, const char *wwid);

/* The path of a device, from where it stands in /sys:
 * "../devices/pci0000:00/0000:00:05.0/virtio2/block/vda" -> "pci-0000:00:05.0". NULL: not known.
 * Pure; the caller frees. */
char *disk_path_name(const char *device);
