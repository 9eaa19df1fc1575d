/* Who may have the boot script of a node: one decision from what is known, without any I/O.
 *
 * A MAC address in a request proves nothing. What does, in this order: what the kernel's neighbour table knows of the address
 * (the same link), what the DHCP server has leased it to; and where neither can be known (routed networks, relays), that the
 * address was the first to ask after Steel has started the machine (the boot window), or has attached the volume last.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

/* Whose an address is. */
typedef enum BootEvidence {
    BOOT_EVIDENCE_NONE,   /* cannot be known */
    BOOT_EVIDENCE_NODES,  /* some port's of the node */
    BOOT_EVIDENCE_OTHERS, /* known, and no port's of the node */
    BOOT_EVIDENCE_COUNT
} BootEvidence;

typedef struct BootFacts {
    BootEvidence neighbour, lease;
    bool window_open; /* Steel has just started the machine */
    bool served;      /* the script of the last start by Steel was served to somebody */
    bool holder;      /* ... to the address that asks */
    bool attacher;    /* the address that asks has attached the volume last */
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

/* Why; static. */
const char *boot_verdict_words(BootVerdict verdict);
