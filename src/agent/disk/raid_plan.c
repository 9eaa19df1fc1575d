/* Which RAID a node wants; the contract is in raid_plan.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/raid_plan.h"

#include "common/json_text.h"

#include <string.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static size_t
all(size_t disks)
{
    return 2 * disks;
}

static size_t
one(size_t disks)
{
    (void)disks;
    return 2;
}

static size_t
but_one(size_t disks)
{
    return 2 * (disks - 1);
}

static size_t
but_two(size_t disks)
{
    return 2 * (disks - 2);
}

static size_t
half(size_t disks)
{
    return disks;
}

/* Level, as mdadm says it, least disks, and how many of n disks hold data, times two. */
static const struct {
    const char *level, *mdadm;
    size_t least;
    size_t (*data_halves)(size_t disks);
} levels[] = {
    {"0",   "0",  2, all},
    {"1",   "1",  2, one},
    {"1+0", "10", 2, half},
    {"5",   "5",  3, but_one},
    {"6",   "6",  4, but_two},
};

static bool
wrong(GError **error, size_t number, const char *what)
{
    return steel_fail(error, STEEL_ERROR_INVALID, "target_raid_config: logical disk %zu: %s",
                      number + 1, what);
}

/* The share of each disk, made full MiB. */
static bool
read_size(const json_t *disk, size_t level, size_t disk_count, bool last, RaidArray *array)
{
    const json_t *size = json_object_get(disk, "size_gb");
    const char *word = json_string_value(size);
    array->member_bytes = 0;
    if (word != NULL)
        return last && strcmp(word, "MAX") == 0;
    json_int_t gib = json_integer_value(size);
    if (gib < 1 || gib > (1 << 24))
        return false;
    uint64_t halves = levels[level].data_halves(disk_count);
    uint64_t bytes = ((uint64_t)gib * GIB * 2 + halves - 1) / halves;
    array->member_bytes = (bytes + MIB - 1) / MIB * MIB;
    return true;
}

static bool
find_level(const char *word, size_t *level)
{
    for (*level = 0; *level < G_N_ELEMENTS(levels); (*level)++)
        if (word != NULL && strcmp(levels[*level].level, word) == 0)
            return true;
    return false;
}

static bool
read_array(const json_t *disks, size_t number, size_t disk_count, RaidPlan *plan, GError **error)
{
    static const char *const names[RAID_ARRAYS_LIMIT] = {"md0", "md1"};
    const json_t *disk = json_array_get(disks, number);
    const char *controller = json_string_member(disk, "controller");
    const char *name = json_string_member(disk, "volume_name");
    RaidArray *array = &plan->arrays[number];
    size_t level;
    if (controller == NULL || strcmp(controller, "software") != 0)
        return wrong(error, number, "controller must be \"software\": the agent makes no other");
    if (!find_level(json_string_member(disk, "raid_level"), &level))
        return wrong(error, number, "raid_level must be 0, 1, 1+0, 5 or 6");
    if (number == 0 && strcmp(levels[level].level, "1") != 0)
        return wrong(error, number,
                     "the first one must have raid_level 1: the machine boots from it");
    if (disk_count < levels[level].least)
        return wrong(error, number, "the machine has too few disks for its raid_level");
    if (json_object_get(disk, "physical_disks") != NULL)
        return wrong(error, number, "physical_disks is not supported: all disks are taken");
    if (!read_size(disk, level, disk_count, number + 1 == json_array_size(disks), array))
        return wrong(error, number, "size_gb must be a number of GiB, or \"MAX\" for the last one");
    array->level = levels[level].mdadm;
    array->name = name != NULL ? name : names[number];
    if (*array->name == '\0' || *array->name == '-' || strlen(array->name) > 32 ||
        strspn(array->name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") != strlen(array->name))
        return wrong(error, number, "volume_name must be a word of at most 32 letters and digits");
    return true;
}

bool
raid_plan_read(const json_t *config, size_t disk_count, RaidPlan *plan, GError **error)
{
    const json_t *disks = json_object_get(config, "logical_disks");
    plan->count = json_array_size(disks);
    if (plan->count < 1 || plan->count > RAID_ARRAYS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "target_raid_config must have one or two logical_disks");
    if (disk_count > RAID_MEMBERS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "more than %u disks are too many for a RAID",
                          RAID_MEMBERS_LIMIT);
    for (size_t i = 0; i < plan->count; i++)
        if (!read_array(disks, i, disk_count, plan, error))
            return false;
    return true;
}
