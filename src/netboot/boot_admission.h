/* Who may have the boot script of a node: one decision from the known facts, without I/O.
 *
 * A MAC address in a request proves nothing. What does, in this order: the kernel's neighbour table
 * (on the same link), and the DHCP server's leases. If neither knows the address (routed networks,
 * relays): it was the first to ask after Steel started the machine (the boot window), or it was the
 * last to attach the volume.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

/* Whose an address is. */
typedef enum BootEvidence {
    BOOT_EVIDENCE_NONE,   /* cannot be known */
    BOOT_EVIDENCE_NODES,  /* of a port of the node */
    BOOT_EVIDENCE_OTHERS, /* known, but of no port of the node */
    BOOT_EVIDENCE_COUNT
} BootEvidence;

typedef struct BootFacts {
    BootEvidence neighbour, lease;
    bool window_open; /* Steel has just started the machine */
    bool served;      /* some address has had the script since Steel last started the machine */
    bool holder;      /* ... and it is the address that asks */
    bool attacher;    /* the address that asks was the last to attach the volume */
    bool own_reboots; /* machines may restart by themselves */
} BootFacts;

typedef enum BootVerdict {
#define BOOT_VERDICT(code, answer, words) BOOT_VERDICT_##code,
#include "netboot/boot_verdicts.def"
#undef BOOT_VERDICT
    BOOT_VERDICT_COUNT
} BootVerdict;

BootVerdict boot_admission_decide(const BootFacts *facts);

/* True when the script is served. */
bool boot_verdict_serves(BootVerdict verdict);

/* The reason; static. */
const char *boot_verdict_words(BootVerdict verdict);
