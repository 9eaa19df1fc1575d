/* For nodes whose driver has no RAID interface: every request is answered UNSUPPORTED.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid.h"

#include "drivers/unsupported.h"

static bool
no_raid_validate(Task *task, GError **error)
{
    return interface_validate_none(task, INTERFACE_RAID, error);
}

const RaidOps raid_no_raid = {
    .interface = {.name = "no-raid", .validate = no_raid_validate},
};
