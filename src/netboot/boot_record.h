/* What a machine is to boot over the network: a record with its node (INFO_BOOT). A boot interface
 * writes it, the boot server follows it, and no other code uses it.
 *
 *     {"mode": "<a word of boot_modes.def>", "id": "<random>", "parameters"?: {"<name>":
 *     "<value>"}}
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
#define BOOT_MODE(code, word, states, reports, purpose) BOOT_MODE_##code,
#include "netboot/boot_modes.def"
#undef BOOT_MODE
    BOOT_MODE_COUNT
} BootMode;

typedef struct BootModeInfo {
    const char *word, *purpose;
    unsigned states; /* flag of the provision states in which it counts */
    bool reports;    /* the machine says itself when it has come up */
} BootModeInfo;

/* Static. */
const BootModeInfo *boot_mode_info(BootMode mode);

typedef struct BootRecord {
    BootMode mode;  /* BOOT_MODE_COUNT: one that this version does not know */
    const char *id; /* borrowed from the node; "" in records of early versions */
    /* RAMDISK: words for the kernel, {name: value}, borrowed; NULL: none */
    const json_t *parameters;
} BootRecord;

/* False if the machine is not to boot over the network: there is no record, or a failure has left
 * it behind in a state without an instance. */
bool boot_record_read(const Node *node, BootRecord *record);

/* True when there is a record, whatever the node's state is. */
bool boot_record_exists(const Node *node);

/* Records what the machine is to boot. A record of the same mode stays as it is: the machine may be
 * booting with it. */
void boot_record_write(Node *node, BootMode mode);

/* The same for a ramdisk. parameters: words for its kernel, {name: value}, copied; NULL: none. They
 * replace those of a record that is there. */
void boot_record_write_ramdisk(Node *node, const json_t *parameters);

/* True when there is a record whose machine says itself when it has come up, whatever the node's
 * state is. Of a mode that this version does not know it is taken to. */
bool boot_record_reports(const Node *node);

/* True when there is a record of this mode, whatever the node's state is. */
bool boot_record_is(const Node *node, BootMode mode);

/* True when there was one. */
bool boot_record_remove(Node *node);

/* The last report of the machine in this operation (INFO_BOOT_PROGRESS); BOOT_PHASE_COUNT: none. */
BootPhase boot_record_last_phase(const Node *node);
