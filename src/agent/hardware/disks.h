/* Lists disks from sysfs, without udev but with udev's words. root: the folder that holds /sys.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>

/* Whole disks and software RAID devices of more than 0 bytes, as Ironic's inventory has them, in
 * the order of their names; a new reference:
 *     [{"name": "/dev/sda", "model", "size": bytes, "rotational": bool, "wwn", "serial", "vendor",
 *     "wwn_with_extension",
 *       "wwn_vendor_extension", "hctl", "by_path", "tran", "logical_sectors": bytes}] */
json_t *disks_list(const char *root);

/* The kernel's name of a disk of the list: "sda" for "/dev/sda". Borrowed. */
const char *disk_kernel_name(const json_t *disk);

bool disk_read_only(const char *root, const char *kernel_name);
/* True for an NVMe namespace. */
bool disk_is_nvme(const char *kernel_name);
/* True for a floppy, CD or stick that the BMC emulates. */
bool disk_is_virtual_media(const char *root, const char *kernel_name);
/* True if the disk is a member of a RAID or multipath device. */
bool disk_has_holders(const char *root, const char *kernel_name);
