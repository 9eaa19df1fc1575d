/* What can happen to a machine that boots over the network (boot_phases.def), and a report of it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

typedef enum BootPhase {
#define BOOT_PHASE(code, word, source, effect, purpose) BOOT_PHASE_##code,
#include "netboot/boot_phases.def"
#undef BOOT_PHASE
    BOOT_PHASE_COUNT
} BootPhase;

typedef enum BootReporter { BOOT_REPORTER_SERVER, BOOT_REPORTER_MACHINE } BootReporter;

typedef enum BootEffect {
    BOOT_EFFECT_BEGIN,
    BOOT_EFFECT_NOTE,
    BOOT_EFFECT_RESUME,
    BOOT_EFFECT_FAIL
} BootEffect;

typedef struct BootPhaseInfo {
    const char *word; /* in requests, the database and the log */
    BootReporter source;
    BootEffect effect;
} BootPhaseInfo;

/* Static. */
const BootPhaseInfo *boot_phase_info(BootPhase phase);

/* BOOT_PHASE_COUNT for an unknown word and for NULL. */
BootPhase boot_phase_from_word(const char *word);

/* True if the phase reports a failure of the machine's boot. */
bool boot_phase_is_failure(BootPhase phase);

/* True if the phase reports that the machine has all that its system is started with. */
bool boot_phase_is_up(BootPhase phase);

/* One report; all borrowed. */
typedef struct BootReport {
    const char *node_uuid;
    BootPhase phase;
    const char *detail; /* words for a person; NULL: none */
    bool repeated;      /* reported before in this boot: it is counted, and resumes nothing */
} BootReport;
