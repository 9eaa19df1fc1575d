/* What a machine is to boot over the network: a record with its node (INFO_BOOT). A boot interface
 * writes it, the boot server follows it, and no other code uses it.
 *
 *     {"mode": "<a word of boot_modes.def>", "id": "<random>", "parameters"?: {"<name>":
 *     "<value>"}, "by_files"?: true}
 *
 * It exists as long as the machine is to boot this way. Each record has a new id, so that the notes
 * about an earlier one (db/boot_sessions.h) do not count for the next.
 *
 * Changes the Node only; nothing is saved.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resources.h"
#include "netboot/boot_phase.h"

typedef enum BootMode {
#define BOOT_MODE(code, word, states, kernel, reports, purpose) BOOT_MODE_##code,
#include "netboot/boot_modes.def"
#undef BOOT_MODE
    BOOT_MODE_COUNT
} BootMode;

typedef struct BootModeInfo {
    const char *word, *purpose;
    unsigned states; /* flag of the provision states in which it counts */
    bool kernel;     /* the machine loads a kernel and an initramfs */
    bool reports;    /* the machine itself reports that it has booted */
} BootModeInfo;

/* Static. */
const BootModeInfo *boot_mode_info(BootMode mode);

typedef struct BootRecord {
    BootMode mode;  /* BOOT_MODE_COUNT: one that this version does not know */
    const char *id; /* borrowed from the node; "" in records of early versions */
    /* RAMDISK: words for the kernel, {name: value}, borrowed; NULL: none */
    const json_t *parameters;
    bool by_files; /* as boot_record_set_by_files says */
} BootRecord;

/* Returns false if the machine must not boot over the network: without a record, or if a failure
 * left the record behind in a state without an instance. */
bool boot_record_read(const Node *node, BootRecord *record);

/* Reads the record in any state of the node. False: there is none. */
bool boot_record_look(const Node *node, BootRecord *record);

/* True if there is a record, in any state of the node. */
bool boot_record_exists(const Node *node);

/* Records what the machine is to boot. A record of the same mode stays as it is: the machine may be
 * booting with it. */
void boot_record_write(Node *node, BootMode mode);

/* Does the same for a ramdisk. parameters: words for its kernel, {name: value}, copied; NULL: none.
 * They replace those of an existing record. */
void boot_record_write_ramdisk(Node *node, const json_t *parameters);

/* The machine is told by files of a TFTP server, which everybody can read: the boot server has no
 * script for it, and the machine reports nothing. There is a record. */
void boot_record_set_by_files(Node *node);

/* True if the node's boot script has the token of its agent, in any state of the node. */
bool boot_record_has_token(const Node *node);

/* True if there is a record whose machine itself reports that it has booted, in any state of the
 * node. True also for an unknown mode. */
bool boot_record_reports(const Node *node);

/* True if there is a record of this mode, in any state of the node. */
bool boot_record_is(const Node *node, BootMode mode);

/* Removes the record. Returns true if there was one. */
bool boot_record_remove(Node *node);

/* The last report of the machine in this operation (INFO_BOOT_PROGRESS); BOOT_PHASE_COUNT: none. */
BootPhase boot_record_last_phase(const Node *node);
