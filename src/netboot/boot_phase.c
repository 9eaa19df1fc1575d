/* Phases of a boot; the contract is in boot_phase.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_phase.h"

#include <glib.h>

static const BootPhaseInfo phases[BOOT_PHASE_COUNT] = {
#define BOOT_PHASE(code, word, source, effect, purpose)                                            \
    [BOOT_PHASE_##code] = {word, BOOT_REPORTER_##source, BOOT_EFFECT_##effect},
#include "netboot/boot_phases.def"
#undef BOOT_PHASE
};

const BootPhaseInfo *
boot_phase_info(BootPhase phase)
{
    return &phases[phase];
}

BootPhase
boot_phase_from_word(const char *word)
{
    BootPhase phase = 0;
    while (phase < BOOT_PHASE_COUNT && g_strcmp0(phases[phase].word, word) != 0)
        phase++;
    return phase;
}

bool
boot_phase_is_failure(BootPhase phase)
{
    return phases[phase].source == BOOT_REPORTER_MACHINE && !boot_phase_is_up(phase);
}

bool
boot_phase_is_up(BootPhase phase)
{
    return phase < BOOT_PHASE_COUNT && phases[phase].effect == BOOT_EFFECT_RESUME;
}
