/* The boot instructions of a machine that runs a ramdisk: its kernel, its initramfs, and the
 * kernel's command line.
 *
 * The command line is RAMDISK_BOOT_WORDS, the operator's words (kernel_words.h), then the
 * parameters of the boot record (ipa-api-url and more), the address of the card that it booted from
 * (BOOTIF), and the agent's token. The first request for the script creates the token. Only the
 * machine gets it: boot_access.h decides by the network who gets the script, and the lookup of such
 * a node returns no token.
 *
 * In a recorded parameter RAMDISK_BOOT_TOKEN_WORD stands for the token. Where everybody can read
 * what the machine is told (BootRecord.by_files) there is no token in it: the agent gets one by its
 * lookup, which hands it out once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "netboot/boot_instructions.h"

#define RAMDISK_BOOT_TOKEN_WORD "%agent_token%"

/* The kernel does not test its own ciphers at each start, which takes a second and more on an
 * emulated machine; with fips=1 it does all the same. Words of the operator come later and win. */
#define RAMDISK_BOOT_WORDS "cryptomgr.notests"

/* Names below the boot server's root. The caller frees. */
char *ramdisk_boot_kernel(const char *node_uuid);
char *ramdisk_boot_initramfs(const char *node_uuid);

/* Fills in the instructions of a node in BOOT_MODE_RAMDISK. They are UNUSABLE if a word would have
 * a meaning in the script.
 * Errors: of the database; LOCKED while the node is locked: the machine asks again */
bool ramdisk_boot_load(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
                       GError **error);
