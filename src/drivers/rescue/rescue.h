/* What a rescue driver must do: boot the machine into a rescue system and back.
 *
 * The work is in its steps of the kinds RESCUE and UNRESCUE (step.h has their contract). If the
 * driver has no step of a kind, the verb's work fails with UNSUPPORTED. During a rescue the
 * password's hash is instance_info.hashed_rescue_password; the password itself is there, as
 * rescue_password, only if [conductor]require_rescue_password_hashed is off. A step that boots the
 * rescue system answers WAIT; a step of UNRESCUE must not wait.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct RescueOps {
    Interface interface;

    /* Removes what the steps have made outside the node: boot configuration, the rescue network.
     *
     * When     a rescue or unrescue has failed, was aborted or came too late; in the undeploy of a
     *          node that is rescued
     * Lock     exclusive, from a worker
     * Blocks   as the members of DeployOps
     * Errors   BMC_*, NETWORK, TIMEOUT, DATABASE. After an abort the node goes into maintenance:
     *          its machine may still run the rescue system. In an undeploy the node ends in error.
     *          Otherwise the error is logged
     * Again    safe, also if nothing was begun
     * NULL     nothing to do */
    bool (*clean_up)(Task *task, GError **error);
} RescueOps;

/* Calls the node's driver; true, without doing anything, if the member is NULL. */
bool rescue_clean_up(Task *task, GError **error);
