/* What a machine with its root file system on NFS is told: its kernel and initramfs, from this
 * server, and the kernel's command line.
 *
 * The command line is "root=/dev/nfs nfsroot=<instance_info nfs_root> rw ip=dhcp", the address of
 * the card that it booted from (BOOTIF), and the operator's words (ramdisk_boot.h), which replace
 * ip=dhcp when they have an ip= of their own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_instructions.h"

/* Names below the boot server's root. The caller frees. */
char *nfs_boot_kernel(const char *node_uuid);
char *nfs_boot_initramfs(const char *node_uuid);

/* Fills in the instructions of a node in BOOT_MODE_NFS. What cannot stand in a script makes them
 * unusable. Never fails. */
bool nfs_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                   GError **error);
