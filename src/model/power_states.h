/* Power states and the targets a client may ask for. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

typedef enum PowerState { POWER_UNKNOWN, POWER_ON, POWER_OFF, POWER_ERROR } PowerState;

typedef enum PowerTarget {
    POWER_TARGET_ON,
    POWER_TARGET_OFF,
    POWER_TARGET_REBOOT,
    POWER_TARGET_SOFT_REBOOT,
    POWER_TARGET_SOFT_OFF,
    POWER_TARGET_COUNT
} PowerTarget;

/* "power on", "power off", "error"; NULL for POWER_UNKNOWN. */
const char *power_state_wire(PowerState state);
PowerState power_state_from_wire(const char *wire);

/* The words of PUT states/power: "power on", "power off", "rebooting", "soft rebooting", "soft
 * power off". */
const char *power_target_wire(PowerTarget target);

/* False for any other word. */
bool power_target_from_wire(const char *wire, PowerTarget *target);

/* The state of the machine when it has reached the target. */
PowerState power_target_state(PowerTarget target);
bool power_target_is_soft(PowerTarget target);
