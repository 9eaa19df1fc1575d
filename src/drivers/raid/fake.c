/* A RAID driver without disks: the requested logical disks are recorded as made. For demos, tests
 * and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_steps.h"

#include "drivers/fake.h"

static bool
fake_raid_validate(Task *task, GError **error)
{
    return fake_act(task, "raid.validate", error);
}

static void
set_raid_config(Task *task, const json_t *config)
{
    json_decref(task->node->raid_config);
    task->node->raid_config = config != NULL ? json_deep_copy(config) : json_object();
}

/* False for a disk that the arguments leave out: create_root_volume and create_nonroot_volumes are
 * true unless given. */
static bool
wanted(const json_t *disk, const json_t *args)
{
    const char *argument = json_is_true(json_object_get(disk, "is_root_volume"))
                               ? "create_root_volume"
                               : "create_nonroot_volumes";
    return !json_is_false(json_object_get(args, argument));
}

static StepOutcome
fake_raid_step_create_configuration(Task *task, const json_t *args, GError **error)
{
    StepOutcome outcome = fake_step(task, "raid.create_configuration", error);
    if (outcome.result == STEP_ERROR || outcome.result == STEP_AGAIN)
        return outcome;
    const json_t *target = json_object_get(task->node->target_raid_config, "logical_disks");
    if (target == NULL) {
        raid_target_missing(error);
        return step_failed();
    }
    json_auto_t *config = json_pack("{s:[]}", "logical_disks");
    for (size_t i = 0; i < json_array_size(target); i++)
        if (wanted(json_array_get(target, i), args))
            json_array_append(json_object_get(config, "logical_disks"), json_array_get(target, i));
    set_raid_config(task, config);
    return outcome;
}

static StepOutcome
fake_raid_step_delete_configuration(Task *task, const json_t *args, GError **error)
{
    (void)args;
    StepOutcome outcome = fake_step(task, "raid.delete_configuration", error);
    if (outcome.result == STEP_DONE || outcome.result == STEP_WAIT)
        set_raid_config(task, NULL);
    return outcome;
}

static const StepDef clean_steps[] = {
    {.name = "create_configuration",
     .run = fake_raid_step_create_configuration,
     .arguments = "{" RAID_VOLUME_ARGUMENTS("true") "}"},
    {.name = "delete_configuration", .run = fake_raid_step_delete_configuration},
    {0},
};

const RaidOps raid_fake = {
    .interface = {.name = "fake",
                  .properties = fake_properties,
                  .steps = {[STEP_KIND_CLEAN] = clean_steps},
                  .agent = &fake_agent,
                  .validate = fake_raid_validate},
    .supported = true,
};
