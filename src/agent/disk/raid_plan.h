/* Which RAID a node wants of its disks, as partitions on them. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

#include <jansson.h>

#define RAID_ARRAYS_LIMIT 2u
#define RAID_MEMBERS_LIMIT 64u

typedef struct RaidArray {
    const char *level;                  /* as mdadm takes it: "0", "1", "5", "6", "10" */
    const char *name;                   /* borrowed from the configuration, or "md0", ... */
    uint64_t member_bytes;              /* of each disk; 0: all that is left */
    size_t members[RAID_MEMBERS_LIMIT]; /* indices of its disks */
    size_t member_count;
} RaidArray;

typedef struct RaidPlan {
    size_t count;
    RaidArray arrays[RAID_ARRAYS_LIMIT];
} RaidPlan;

/* Reads a node's target_raid_config: software RAID, one or two arrays, the first one of level 1,
 * since it is what the machine boots from. An array takes all disks, or those of its
 * physical_disks: hints for one disk each (model/hints.h), the first that fits and is not taken by
 * the same array yet. "MAX" is for an array that is the last one on each of its disks.
 *
 * disks   array of disks, as disks_list has them, that an array may be made of
 * Errors  INVALID naming what is wrong */
bool raid_plan_read(const json_t *config, const json_t *disks, RaidPlan *plan,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* True if the array has a part on the disk. */
bool raid_array_has(const RaidArray *array, size_t disk);
