/* Configurations of boot loaders that machines without iPXE fetch by TFTP: PXELINUX (BIOS) and GRUB
 * (UEFI). They are made from a machine's boot instructions, as its iPXE script is.
 *
 * TFTP knows no clients: everybody on the network reads these texts. So they hold no secret, and
 * the modes whose scripts have some (a volume's login) cannot be rendered. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include "netboot/boot_instructions.h"

/* Each text begins so, then comes the node's UUID. */
#define LOADER_CONFIG_FIRST_WORDS "# Written by Steel for node "

/* Renders BOOT_ANSWER_BOOT of a mode with kernel and initramfs, whose names are below the TFTP
 * server's root; and BOOT_ANSWER_NONE: the machine's disk is booted. Neither waits for a keyboard.
 *
 * instructions  borrowed
 * Returns       text that the caller frees; NULL on an error
 * Errors        INVALID: a word of the kernel's means something else to this loader, or stored data
 *               is unusable; UNSUPPORTED: the mode */
typedef char *(*LoaderConfig)(const BootInstructions *instructions, GError **error);

/* Found by PXELINUX next to it in pxelinux.cfg/01-<mac with hyphens>. */
char *pxelinux_config(const BootInstructions *instructions, GError **error);

/* Found by GRUB as grub.cfg-01-<mac with hyphens> in the folder that it was built for. */
char *grub_config(const BootInstructions *instructions, GError **error);
