/* What a RAID driver must do: its clean and deploy steps make and delete logical disks from
 * node.target_raid_config.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct RaidOps {
    Interface interface;
    bool supported; /* false: no-raid */
    /* Refuses with INVALID a configuration of the right form that the driver cannot make. Pure.
     * NULL: it can make all. */
    bool (*check)(const json_t *config, GError **error);
} RaidOps;

/* Checks a target_raid_config: {"logical_disks": [{"size_gb": int or "MAX", "raid_level": str,
 * ...}]}. INVALID names the disk and key. UNSUPPORTED if the node's interface is no-raid. */
bool raid_config_validate(Task *task, const json_t *config, GError **error);

/* {property: help} of a logical disk, a new reference. */
json_t *raid_logical_disk_properties(void);
