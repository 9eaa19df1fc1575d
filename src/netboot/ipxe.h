/* Scripts for iPXE: the generic one that every machine gets first, and the one made from a
 * machine's boot instructions.
 *
 * These facts come from iPXE's source (release 1.20 of January 2019, which Debian ships, and August
 * 2026) and from tests in QEMU under BIOS and UEFI: a line is split at white space only, then
 * ${...} is replaced. Quotes have no meaning. "||", "&&", ";" and a word that starts with "#" are
 * special only as separate words. A backslash is special only at the end of a line. Pure; any
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/boot_instructions.h"

/* How often a machine tries to hook and boot its volumes before it restarts, and by how many
 * seconds each pause is longer than the one before: 5 + 10 + 15 + 20 + 25 seconds. */
#define IPXE_ATTEMPTS 6
#define IPXE_PAUSE_STEP_S 5

/* Most volumes of one machine: iPXE's drive numbers start at 0x80. */
#define IPXE_VOLUME_LIMIT 16

/* The script of boot.ipxe, the same for all: asks for boot/<mac>.ipxe of each network card until
 * one is known. Static. */
const char *ipxe_generic_script(void);

/* The script for one machine, served as boot/<mac with hyphens>.ipxe; contains CHAP secrets in
 * BOOT_ANSWER_BOOT. Never waits for a keyboard. Addresses in it are relative to the script's own,
 * so that reports go where it came from.
 *
 * instructions  borrowed; its values are checked already (iscsi_volume_read, iscsi_name_valid);
 *               names are made harmless here
 * Returns       text the caller frees (and wipes) */
char *ipxe_script(const BootInstructions *instructions);
