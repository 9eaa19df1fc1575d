/* What the steps of RAID drivers share: their rows, arguments and preconditions.
 *
 * Functions need the exclusive lock and may be called from any thread that has it; they change the
 * node without saving it, and ask nobody.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/raid/raid.h"

/* Members of StepDef.arguments, JSON text without braces. others: "true" or "false", the default of
 * create_nonroot_volumes. */
#define RAID_VOLUME_ARGUMENTS(others)                                                              \
    "\"create_root_volume\": {\"description\": \"Make the disk that has is_root_volume; true "     \
    "unless given\", \"required\": false}, \"create_nonroot_volumes\": {\"description\": \"Make "  \
    "the other disks; " others " unless given\", \"required\": false}"
#define RAID_DELETE_EXISTING_ARGUMENT                                                              \
    ", \"delete_existing\": {\"description\": \"Delete what is there first; false unless "         \
    "given\", "                                                                                    \
    "\"required\": false}"

/* Rows of a table of steps, for drivers that need the ramdisk. more: further arguments, "" for
 * none.
 */
#define RAID_CREATE_STEP(run_step, resume_step, more)                                              \
    {                                                                                              \
        .name = "create_configuration", .requires_ramdisk = true, .run = run_step,                 \
        .resume = resume_step, .arguments = "{" RAID_VOLUME_ARGUMENTS("true") more "}"             \
    }
#define RAID_APPLY_STEP(run_step, resume_step, more)                                               \
    {                                                                                              \
        .name = "apply_configuration", .requires_ramdisk = true, .run = run_step,                  \
        .resume = resume_step,                                                                     \
        .arguments = "{\"raid_config\": {\"description\": \"The RAID configuration to apply\", "   \
                     "\"required\": true}, " RAID_VOLUME_ARGUMENTS("false") more "}"               \
    }
#define RAID_DELETE_STEP(run_step, resume_step)                                                    \
    {                                                                                              \
        .name = "delete_configuration", .requires_ramdisk = true, .run = run_step,                 \
        .resume = resume_step                                                                      \
    }

/* Checks the node's target_raid_config, if it has one. Errors: those of raid_config_validate. */
bool raid_target_validate(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same where there must be one: MISSING, which says how to set it. */
bool raid_target_require(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error of a node without target_raid_config: MISSING. Always false. */
bool raid_target_missing(GError **error);

/* Makes the argument raid_config of apply_configuration the node's target_raid_config. Errors:
 * those of raid_config_validate; nothing is changed then. */
bool raid_target_take(Task *task, const json_t *args, GError **error) G_GNUC_WARN_UNUSED_RESULT;
