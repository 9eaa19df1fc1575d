/* What a machine that runs a ramdisk is told: its kernel, its initramfs, and the kernel's command
 * line.
 *
 * The command line is [pxe]kernel_append_params, or driver_info kernel_append_params with
 * "%default%" in it standing for them, then what the boot interface has recorded (ipa-api-url and
 * more), the address of the card that it booted from (BOOTIF), and the agent's token. The token is
 * made when the script is first asked for, and is told nobody else: the script goes to whom the
 * network knows as the machine (boot_access.h), and the lookup of such a node gives none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_instructions.h"

/* Names below the boot server's root. The caller frees. */
char *ramdisk_boot_kernel(const char *node_uuid);
char *ramdisk_boot_initramfs(const char *node_uuid);

/* Fills in the instructions of a node in BOOT_MODE_RAMDISK. What cannot stand in a script makes
 * them unusable.
 * Errors: of the database; LOCKED while somebody works on the node: the machine asks again */
bool ramdisk_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                       GError **error);
