/* Which drives each logical disk of a target_raid_config gets, and how large it becomes. Pure.
 *
 * As Ironic's redfish driver: drives of one logical disk are alike in kind, protocol and size;
 * first those that name their drives and size, then those that leave the drives open, then those
 * that name their drives and want all of them. Drives are not shared unless the disk says so.
 * Beyond Ironic, a disk that leaves its drives open gets none that a volume lives on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/storage.h"

typedef struct RaidPlanDisk {
    const json_t *wish;    /* the logical disk; borrowed */
    const char *raid_type; /* "RAID10"; static */
    int64_t bytes;
    GPtrArray *drives; /* owned; RedfishDrive of the storages, borrowed; all of one controller */
} RaidPlanDisk;

/* The plan: RaidPlanDisk in the order of the wishes; the caller unrefs.
 *
 * wishes   a checked array logical_disks; borrowed, and must outlive the plan
 * empty    true: the volumes that are there are deleted first, so their drives are free
 * Errors   INVALID names the disk and why there is no place for it */
GPtrArray *raid_plan_new(const json_t *wishes, const RedfishStorages *storages, bool empty,
                         GError **error);

/* Ironic's name of a RAIDType: "1+0"; NULL: not known. Static. */
const char *raid_level_of_type(const char *raid_type);

/* False for levels that Redfish does not make: "JBOD", "2". */
bool raid_level_is_made(const char *level);
