/* Which RAID a node wants of its disks, as partitions on them. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/disk/table.h"

#include <jansson.h>

#define RAID_ARRAYS_LIMIT 2u
#define RAID_MEMBERS_LIMIT 64u

typedef struct RaidArray {
    const char *level;     /* as mdadm takes it: "0", "1", "5", "6", "10" */
    const char *name;      /* borrowed from the configuration, or "md0", ... */
    uint64_t member_bytes; /* of each disk; 0: all that is left */
} RaidArray;

typedef struct RaidPlan {
    size_t count;
    RaidArray arrays[RAID_ARRAYS_LIMIT];
} RaidPlan;

/* Reads a node's target_raid_config for a number of disks: software RAID over all of them, one or
 * two arrays, the first one of level 1, since it is what the machine boots from; "MAX" at the end
 * only.
 *
 * Errors  INVALID naming what is wrong */
bool raid_plan_read(const json_t *config, size_t disk_count, RaidPlan *plan,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
