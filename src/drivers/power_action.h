/* Changes the power of a machine, with everything that belongs to it. Deploy steps and power verbs
 * use this; no other code calls power_set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "model/power_states.h"

typedef struct PowerAction {
    PowerTarget target;
    int timeout_s; /* 0: [conductor]power_state_change_timeout, or soft_power_off_timeout */
    /* the machine's state if the caller knows it; POWER_UNKNOWN: it is read if needed */
    PowerState before;
} PowerAction;

/* Brings the machine to the target. From a worker, with the exclusive lock; blocks until it is
 * there, at most timeout_s (twice that for a reboot) and some seconds. Idempotent.
 *
 * - Volumes of an active node are attached before the machine comes on, and detached after it went
 *   off.
 * - The agent that ran on the machine is forgotten (LIFETIME_AGENT), unless the machine was on and
 *   stays on.
 * - node.power_state is saved, and services->notify gets "power_set" with "start", then "end"
 *   or "error".
 *
 * Errors: those of power_set and storage_attach, TIMEOUT, DATABASE; POWER: the node has
 * disable_power_off, and the target is one that leaves the machine off; their text begins with
 * "Failed to change power state to '...': ". A volume that cannot be detached is logged. */
bool power_action(Task *task, PowerAction action, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Around a change of a machine's network and of what it boots: off before it, on after it. The
 * machine of a node with disable_power_off is left alone by the first and restarted by the second.
 * Contract: power_action. */
bool power_action_stop(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool power_action_start(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Settles what an interrupted change has left: reads the power state, and detaches the volumes of
 * an active node whose machine is off. Saves the node. Lock and threads as above. Errors: those of
 * power_get and storage_detach, DATABASE */
bool power_action_settle(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Records the power state that was read from a machine (not saved). Forgets the agent of a machine
 * that is off. */
void power_found(Task *task, PowerState state);
