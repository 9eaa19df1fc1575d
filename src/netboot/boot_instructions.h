/* The boot instructions of one machine: made from the database (instructions.h), turned into a
 * script (ipxe.h), served (boot_server.h). Plain data.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "netboot/boot_record.h"
#include "netboot/iscsi_volume.h"

typedef enum BootAnswer {
    BOOT_ANSWER_UNKNOWN_MAC, /* nobody has enrolled this address */
    /* enrolled, but must not boot from the network now: use the next boot device */
    BOOT_ANSWER_NONE,
    BOOT_ANSWER_BOOT,     /* boot as `mode` and its member of the union say */
    BOOT_ANSWER_UNUSABLE, /* should boot from the network, but what is stored does not allow it */
    BOOT_ANSWER_REFUSED,  /* this address may not have the node's script */
} BootAnswer;

/* BOOT_MODE_ISCSI */
typedef struct BootIscsi {
    GPtrArray *volumes; /* owned, of owned IscsiVolume, the boot volume first, at least one */
    /* owned; an iSCSI name, or NULL: iPXE makes one from the host name or UUID */
    char *initiator_iqn;
} BootIscsi;

/* BOOT_MODE_RAMDISK, BOOT_MODE_NFS, BOOT_MODE_INSTANCE. Names of files are below the root of the
 * server that has them. */
typedef struct BootRamdisk {
    char *kernel, *initramfs; /* owned */
    /* owned; the kernel's command line, with the token of an agent; safe for a script */
    char *arguments;
} BootRamdisk;

/* BOOT_MODE_ISO */
typedef struct BootDisc {
    char *name; /* owned; below the root of the server that has it */
} BootDisc;

/* BOOT_MODE_FCOE */
typedef struct BootFcoe {
    /* owned, of owned lists of URIs (fc_volume_uris), the boot volume first, at least one */
    GPtrArray *volumes;
} BootFcoe;

typedef struct BootInstructions {
    BootAnswer answer;
    char *mac;       /* owned; the address that was asked for: aa:bb:cc:dd:ee:ff */
    char *node_uuid; /* owned; NULL for BOOT_ANSWER_UNKNOWN_MAC */
    char *node_name; /* owned; NULL if it has none */
    char *problem;   /* owned; UNUSABLE, REFUSED: a sentence for the machine's console */
    bool told;       /* this address has had the same script before in this boot */
    char *token; /* owned; BOOT: proves that a report comes from the machine that got this script */
    BootMode mode; /* BOOT: which member is set */
    union {
        BootIscsi iscsi;
        BootRamdisk ramdisk;
        BootFcoe fcoe;
        BootDisc iso;
    } boot;
} BootInstructions;

/* Empty instructions: BOOT_ANSWER_UNKNOWN_MAC for this address (copied). */
void boot_instructions_init(BootInstructions *instructions, const char *mac);

/* Makes them BOOT_ANSWER_BOOT in a mode, with nothing in it yet. */
void boot_instructions_set_mode(BootInstructions *instructions, BootMode mode);

/* Makes them an answer with a problem (copied) and frees the mode's values. */
void boot_instructions_set_problem(BootInstructions *instructions, BootAnswer answer,
                                   const char *problem);

/* Frees what it owns; the struct may then be initialised again. */
void boot_instructions_clear(BootInstructions *instructions);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BootInstructions, boot_instructions_clear)

/* "unknown-mac", "none", "unusable", "refused", or the mode's word: "iscsi", "fcoe", "nfs",
 * "instance_ramdisk", "instance_iso", "ramdisk". Static. */
const char *boot_answer_word(const BootInstructions *instructions);
