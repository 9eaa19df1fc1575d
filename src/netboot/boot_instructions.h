/* What one machine is told when it asks how to boot: made from the database (instructions.h), turned into a script
 * (ipxe.h), served (boot_server.h). Plain data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/iscsi_volume.h"

typedef enum BootMode {
    BOOT_MODE_UNKNOWN_MAC, /* nobody has enrolled this address */
    BOOT_MODE_NONE, /* enrolled, but not to boot from the network now: go on to the next boot device */
    BOOT_MODE_ISCSI,    /* boot from the first of the volumes */
    BOOT_MODE_UNUSABLE, /* should boot from the network, but what is stored does not allow it */
} BootMode;

typedef struct BootInstructions {
    BootMode mode;
    char *mac;       /* owned; the address that asked: aa:bb:cc:dd:ee:ff */
    char *node_uuid; /* owned; NULL for BOOT_MODE_UNKNOWN_MAC */
    char *node_name; /* owned; NULL when it has none */
    GPtrArray *
        volumes; /* owned, of owned IscsiVolume, the boot volume first; empty unless BOOT_MODE_ISCSI */
    char *
        initiator_iqn; /* owned; an iSCSI name, or NULL: iPXE makes one from the host name or UUID */
    char *
        token; /* owned; proves that a report comes from whoever got this script; NULL: reports are refused */
    bool
        told; /* that the script was served has been written down in this boot: one more time is a repetition */
    char *problem; /* owned; BOOT_MODE_UNUSABLE: a sentence for the machine's console */
} BootInstructions;

/* Empty instructions: BOOT_MODE_UNKNOWN_MAC for this address (copied). */
void boot_instructions_init(BootInstructions *instructions, const char *mac);

/* Frees what it owns; the struct may then be initialised again. */
void boot_instructions_clear(BootInstructions *instructions);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootInstructions, boot_instructions_clear)

/* "unknown-mac", "none", "iscsi", "unusable". */
const char *boot_mode_name(BootMode mode);
