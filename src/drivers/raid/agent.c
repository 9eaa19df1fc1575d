/* RAID that is made from inside the machine, by the agent in a deploy ramdisk. A node may be
 * configured for it, and its target configuration is checked and kept. Its steps fail with a
 * sentence until there is an agent.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_steps.h"

#include "drivers/task.h"

#define NO_AGENT                                                                                   \
    "raid_interface agent needs a ramdisk with an agent, which this version of Steel does not "    \
    "have yet"

static bool
agent_raid_validate(Task *task, GError **error)
{
    const json_t *target = task->node->target_raid_config;
    if (json_object_size(target) == 0)
        return true;
    return raid_config_validate(task, target, error) &&
           steel_fail(error, STEEL_ERROR_UNSUPPORTED, NO_AGENT);
}

static StepOutcome
agent_raid_step_refused(Task *task, const json_t *args, GError **error)
{
    (void)task;
    (void)args;
    steel_fail(error, STEEL_ERROR_UNSUPPORTED, NO_AGENT);
    return step_failed();
}

static const StepDef clean_steps[] = {
    RAID_CREATE_STEP(agent_raid_step_refused, NULL, RAID_DELETE_EXISTING_ARGUMENT),
    RAID_DELETE_STEP(agent_raid_step_refused, NULL),
    {0},
};

const RaidOps raid_agent = {
    .interface = {.name = "agent",
                  .steps = {[STEP_KIND_CLEAN] = clean_steps},
                  .validate = agent_raid_validate},
    .supported = true,
};
