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

/* The disks of the node's target_raid_config that the arguments create_root_volume and
 * create_nonroot_volumes leave, checked; an array and a new reference.
 *
 * others   whether disks other than the root volume are wanted unless an argument says so
 * Errors   MISSING (no configuration, or none is left), and those of raid_config_validate */
json_t *raid_wanted_disks(Task *task, const json_t *args, bool others, GError **error);

/* True if the arguments leave this disk. Pure. */
bool raid_disk_is_wanted(const json_t *disk, const json_t *args, bool others);

/* Saves the node with these logical disks as its raid_config; takes them. */
bool raid_config_store(Task *task, json_t *disks, GError **error);

/* {property: help} of a logical disk, a new reference. */
json_t *raid_logical_disk_properties(void);
