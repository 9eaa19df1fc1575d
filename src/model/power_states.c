/* Power states and targets; the contract is in power_states.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/power_states.h"

#include <stddef.h>
#include <string.h>

static const char *const state_words[] = {NULL, "power on", "power off", "error"};

static const struct {
    const char *word;
    PowerState state;
    bool soft;
} targets[POWER_TARGET_COUNT] = {
    [POWER_TARGET_ON] = {"power on", POWER_ON, false},
    [POWER_TARGET_OFF] = {"power off", POWER_OFF, false},
    [POWER_TARGET_REBOOT] = {"rebooting", POWER_ON, false},
    [POWER_TARGET_SOFT_REBOOT] = {"soft rebooting", POWER_ON, true},
    [POWER_TARGET_SOFT_OFF] = {"soft power off", POWER_OFF, true},
};

const char *
power_state_wire(PowerState state)
{
    return state_words[state];
}

PowerState
power_state_from_wire(const char *wire)
{
    for (int i = 1; wire != NULL && i < 4; i++)
        if (strcmp(state_words[i], wire) == 0)
            return (PowerState)i;
    return POWER_UNKNOWN;
}

const char *
power_target_wire(PowerTarget target)
{
    return targets[target].word;
}

bool
power_target_from_wire(const char *wire, PowerTarget *target)
{
    for (int i = 0; wire != NULL && i < POWER_TARGET_COUNT; i++)
        if (strcmp(targets[i].word, wire) == 0) {
            *target = (PowerTarget)i;
            return true;
        }
    return false;
}

PowerState
power_target_state(PowerTarget target)
{
    return targets[target].state;
}

bool
power_target_is_soft(PowerTarget target)
{
    return targets[target].soft;
}
