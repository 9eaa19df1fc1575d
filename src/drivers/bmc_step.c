/* Steps that wait for a BMC; the contract is in bmc_step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/bmc_step.h"

#include "common/steady.h"
#include "drivers/boot/boot.h"
#include "drivers/power_action.h"
#include "model/step_kinds.h"

int64_t
bmc_step_deadline(const Task *task)
{
    StepKind kind = STEP_KIND_CLEAN;
    step_kind_of_state(state_from_wire(task->node->provision_state), &kind);
    int64_t limit_s = config_integer(config_current(), step_kind_info(kind)->wait_limit);
    return limit_s > 0 ? steady_now_ms() + limit_s * 1000 : INT64_MAX;
}

StepOutcome
bmc_step_reboot(Task *task, GError **error)
{
    bool good = task_save(task, error) && boot_prepare_ramdisk(task, NULL, error) &&
                power_action(task, (PowerAction){.target = POWER_TARGET_REBOOT}, error);
    return good ? step_wait(0) : step_failed();
}
