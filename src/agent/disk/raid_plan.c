/* Which RAID a node wants; the contract is in raid_plan.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/raid_plan.h"

#include "common/json_text.h"
#include "model/hints.h"

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

bool
raid_array_has(const RaidArray *array, size_t disk)
{
    for (size_t i = 0; i < array->member_count; i++)
        if (array->members[i] == disk)
            return true;
    return false;
}

/* ---- which disks ---- */

/* The first disk that fits a hint and is not in the array yet. */
static bool
add_member(const json_t *hints, const json_t *disks, size_t number, RaidArray *array,
           GError **error)
{
    const json_t *disk;
    size_t i;
    bool match = false;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        if (raid_array_has(array, i))
            continue;
        if (!hints_match(hints, disk, &match, error))
            return false;
        if (match) {
            array->members[array->member_count++] = i;
            return true;
        }
    }
    g_autofree char *wanted = json_text_dump(hints);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "target_raid_config: logical disk %zu: physical_disks: no disk that is left "
                      "fits %.300s",
                      number + 1, wanted);
}

static void
add_all(const json_t *disks, RaidArray *array)
{
    for (size_t i = 0; i < json_array_size(disks); i++)
        array->members[array->member_count++] = i;
}

static bool
read_members(const json_t *config, size_t number, const json_t *disks, RaidArray *array,
             GError **error)
{
    const json_t *wanted = json_object_get(config, "physical_disks"), *hints;
    size_t i;
    array->member_count = 0;
    if (wanted == NULL || json_is_null(wanted)) {
        add_all(disks, array);
        return true;
    }
    if (json_array_size(wanted) < 2 || json_array_size(wanted) > RAID_MEMBERS_LIMIT)
        return wrong(error, number, "physical_disks must be a list of 2 to 64 objects with hints");
    json_array_foreach((json_t *)(uintptr_t)wanted, i, hints)
    {
        if (!json_is_object(hints))
            return wrong(error, number,
                         "physical_disks must have an object with hints for each disk");
        if (!add_member(hints, disks, number, array, error))
            return false;
    }
    return true;
}

/* No array behind this one has a part on one of its disks. */
static bool
is_last(const RaidPlan *plan, size_t number)
{
    const RaidArray *array = &plan->arrays[number];
    for (size_t later = number + 1; later < plan->count; later++)
        for (size_t i = 0; i < array->member_count; i++)
            if (raid_array_has(&plan->arrays[later], array->members[i]))
                return false;
    return true;
}

/* ---- the arrays ---- */

static bool
read_name(const json_t *disk, size_t number, RaidArray *array, GError **error)
{
    static const char *const names[RAID_ARRAYS_LIMIT] = {"md0", "md1"};
    const char *name = json_string_member(disk, "volume_name");
    array->name = name != NULL ? name : names[number];
    return (*array->name != '\0' && *array->name != '-' && strlen(array->name) <= 32 &&
            strspn(array->name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") ==
                strlen(array->name)) ||
           wrong(error, number, "volume_name must be a word of at most 32 letters and digits");
}

static bool
read_array(const json_t *disk, size_t number, RaidPlan *plan, GError **error)
{
    const char *controller = json_string_member(disk, "controller");
    RaidArray *array = &plan->arrays[number];
    size_t level;
    if (controller == NULL || strcmp(controller, "software") != 0)
        return wrong(error, number, "controller must be \"software\": the agent makes no other");
    if (!find_level(json_string_member(disk, "raid_level"), &level))
        return wrong(error, number, "raid_level must be 0, 1, 1+0, 5 or 6");
    if (number == 0 && strcmp(levels[level].level, "1") != 0)
        return wrong(error, number,
                     "the first one must have raid_level 1: the machine boots from it");
    if (array->member_count < levels[level].least)
        return wrong(error, number, "it has too few disks for its raid_level");
    if (!read_size(disk, level, array->member_count, is_last(plan, number), array))
        return wrong(error, number,
                     "size_gb must be a number of GiB, or \"MAX\" for the last one on its disks");
    array->level = levels[level].mdadm;
    return read_name(disk, number, array, error);
}

bool
raid_plan_read(const json_t *config, const json_t *disks, RaidPlan *plan, GError **error)
{
    const json_t *wanted = json_object_get(config, "logical_disks");
    plan->count = json_array_size(wanted);
    if (plan->count < 1 || plan->count > RAID_ARRAYS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "target_raid_config must have one or two logical_disks");
    if (json_array_size(disks) > RAID_MEMBERS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "more than %u disks are too many for a RAID",
                          RAID_MEMBERS_LIMIT);
    for (size_t i = 0; i < plan->count; i++)
        if (!read_members(json_array_get(wanted, i), i, disks, &plan->arrays[i], error))
            return false;
    for (size_t i = 0; i < plan->count; i++)
        if (!read_array(json_array_get(wanted, i), i, plan, error))
            return false;
    return true;
}
