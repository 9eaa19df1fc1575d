/* What steps share that wait for a BMC: how long, and a machine that starts again meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Until when a step of the node's operation may wait, on the clock of steady_now_ms(): as long as
 * one that waits for the agent. Pure but for the clock. */
int64_t bmc_step_deadline(const Task *task);

/* Starts the machine again with the ramdisk; the answer is WAIT for its agent. For steps that need
 * the ramdisk; from a worker with the node locked; blocks on the BMC. */
StepOutcome bmc_step_reboot(Task *task, GError **error);
