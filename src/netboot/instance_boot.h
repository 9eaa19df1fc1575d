/* What a machine is told whose instance is a kernel and an initramfs, or an ISO, from this server:
 * its names below the server's root, and the kernel's command line.
 *
 * root file system on NFS  "root=/dev/nfs nfsroot=<instance_info nfs_root> rw ip=dhcp"; an ip= of
 *                          the operator's replaces ip=dhcp
 * ramdisk                  "root=/dev/ram0 text"; a root= of the operator's replaces it
 *
 * ISO                      its own loader says how its kernel starts: there is no command line
 *
 * In the first two the address of the card that it booted from (BOOTIF) and the operator's words
 * (kernel_words.h) follow; for a ramdisk instance_info ramdisk_kernel_arguments at the end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_instructions.h"

/* Names below the boot server's root. The caller frees. */
char *instance_boot_kernel(const char *node_uuid);
char *instance_boot_initramfs(const char *node_uuid);
char *instance_boot_iso(const char *node_uuid);

/* Fill in the instructions of a node in BOOT_MODE_NFS, BOOT_MODE_INSTANCE or BOOT_MODE_ISO. What
 * cannot stand in a script makes them unusable. Never fail. */
bool instance_boot_load_nfs(Db *db, const Node *node, const BootRecord *record,
                            BootInstructions *out, GError **error);
bool instance_boot_load_ramdisk(Db *db, const Node *node, const BootRecord *record,
                                BootInstructions *out, GError **error);
bool instance_boot_load_iso(Db *db, const Node *node, const BootRecord *record,
                            BootInstructions *out, GError **error);

/* Checks instance_info ramdisk_kernel_arguments, which may be absent. Pure. Errors: INVALID. */
bool instance_boot_check_words(const Node *node, GError **error);
