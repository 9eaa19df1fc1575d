/* Who may have a boot script; the contract is in boot_admission.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_admission.h"

enum { SERVE, REFUSE };

static const struct {
    int answer;
    const char *words;
} verdicts[BOOT_VERDICT_COUNT] = {
#define BOOT_VERDICT(code, answer, words) [BOOT_VERDICT_##code] = {answer, words},
#include "netboot/boot_verdicts.def"
#undef BOOT_VERDICT
};

/* If the network does not know the owner of the address. */
static BootVerdict
decide_by_window(const BootFacts *facts)
{
    if (facts->attacher)
        return BOOT_VERDICT_ATTACHED;
    if (!facts->window_open)
        return BOOT_VERDICT_CLOSED;
    return facts->served ? BOOT_VERDICT_TAKEN : BOOT_VERDICT_FIRST;
}

BootVerdict
boot_admission_decide(const BootFacts *facts)
{
    if (facts->neighbour == BOOT_EVIDENCE_OTHERS)
        return BOOT_VERDICT_OTHER_MACHINE;
    if (facts->neighbour == BOOT_EVIDENCE_NONE && facts->lease == BOOT_EVIDENCE_OTHERS)
        return BOOT_VERDICT_OTHER_LEASE;
    if (!facts->window_open && !facts->own_reboots)
        return BOOT_VERDICT_OWN_REBOOT;
    if (facts->neighbour == BOOT_EVIDENCE_NODES || facts->lease == BOOT_EVIDENCE_NODES)
        return BOOT_VERDICT_KNOWN;
    if (facts->holder && facts->window_open)
        return BOOT_VERDICT_AGAIN;
    return decide_by_window(facts);
}

bool
boot_verdict_serves(BootVerdict verdict)
{
    return verdicts[verdict].answer == SERVE;
}

const char *
boot_verdict_words(BootVerdict verdict)
{
    return verdicts[verdict].words;
}
