/* Disks, from sysfs: without udev, with the words that udev would have for them.
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

/* "/dev/sda" -> "sda" */
const char *disk_kernel_name(const json_t *disk);

bool disk_read_only(const char *root, const char *kernel_name);
/* Of NVMe: a namespace. */
bool disk_is_nvme(const char *kernel_name);
/* A floppy, CD or stick that a BMC shows to the machine. */
bool disk_is_virtual_media(const char *root, const char *kernel_name);
/* Part of a RAID or multipath device, by its holders. */
bool disk_has_holders(const char *root, const char *kernel_name);
