/* The names of a disk: serial number, WWN, and the path to its slot. They equal udev's, because
 * operators write root device hints with udev's names.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

/* All owned; NULL if the disk has none. */
typedef struct DiskNames {
    char *serial;
    char *wwn, *wwn_with_extension, *wwn_vendor_extension; /* "0x5000c500a1b2c3d4"; NVMe: "eui.…" */
    char *hctl;                                            /* "0:0:1:0" */
    char *by_path; /* "/dev/disk/by-path/pci-0000:00:05.0" */
} DiskNames;

/* Reads the names of a disk from sysfs. root: the folder that holds /sys. kernel_name: "sda". */
void disk_names_read(DiskNames *names, const char *root, const char *kernel_name);
void disk_names_clear(DiskNames *names);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DiskNames, disk_names_clear)

/* Fills the three WWN members from "naa.5000c500a1b2c3d4" or "eui.…". Pure. */
void disk_names_take_wwid(DiskNames *names, const char *wwid);

/* The by-path name of a device, from its place in /sys:
 * "../devices/pci0000:00/0000:00:05.0/virtio2/block/vda" -> "pci-0000:00:05.0". NULL if the kind of
 * bus is unknown. Pure; the caller frees. */
char *disk_path_name(const char *device);
