/* Finds drives for logical disks; the contract is in raid_plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_plan.h"

#include "common/error.h"

#include <string.h>

#define STRIPE (INT64_C(64) << 20)
#define GIB (INT64_C(1) << 30)
enum { GIB_MAX = 1 << 30, TRIES_MAX = 100000 };

typedef enum RaidSpans { SPANS_ONE, SPANS_TWO, SPANS_OF_TWO } RaidSpans;

typedef struct RaidLevel {
    const char *name, *raid_type;
    RaidSpans spans; /* of two: as many as there are pairs of drives */
    unsigned least, most, overhead;
} RaidLevel;

static const RaidLevel levels[] = {
#define RAID_LEVEL(name, raid_type, spans, least, most, overhead)                                  \
    {name, raid_type, spans, least, most, overhead},
#include "drivers/raid/raid_levels.def"
#undef RAID_LEVEL
};

typedef struct Planner {
    const RedfishStorages *storages;
    const json_t *wishes;
    GPtrArray *disks; /* RaidPlanDisk */
    int64_t *room;    /* of each drive */
    bool *reserved;   /* named by a disk; not for those that leave the drives open */
    bool *shared;     /* of the reserved: only if there are no others */
    bool empty, take_shared;
    unsigned tries;
} Planner;

/* ---- levels ---- */

static const RaidLevel *
level_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
        if (g_strcmp0(levels[i].name, name) == 0)
            return &levels[i];
    return NULL;
}

const char *
raid_level_of_type(const char *raid_type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
        if (g_strcmp0(levels[i].raid_type, raid_type) == 0)
            return levels[i].name;
    return NULL;
}

bool
raid_level_is_made(const char *level)
{
    return level_find(level) != NULL;
}

static unsigned
level_spans(const RaidLevel *level, unsigned drives)
{
    if (level->spans == SPANS_ONE)
        return 1;
    return level->spans == SPANS_TWO ? 2 : drives / 2;
}

static bool
level_takes(const RaidLevel *level, unsigned drives)
{
    unsigned spans = level_spans(level, drives);
    if (spans < (level->spans == SPANS_ONE ? 1U : 2U) || drives % spans != 0)
        return false;
    return drives / spans >= level->least && drives / spans <= level->most;
}

static unsigned
level_data_drives(const RaidLevel *level, unsigned drives)
{
    return drives - level->overhead * level_spans(level, drives);
}

/* ---- one disk on some drives ---- */

static guint
index_of(const Planner *planner, const RedfishDrive *drive)
{
    guint index = 0;
    g_ptr_array_find(planner->storages->drives, drive, &index);
    return index;
}

static int64_t
least_room(const Planner *planner, const GPtrArray *drives)
{
    int64_t least = INT64_MAX;
    for (guint i = 0; i < drives->len; i++)
        least = MIN(least, planner->room[index_of(planner, drives->pdata[i])]);
    return least;
}

/* A negative size gives the room back. */
static void
take_room(Planner *planner, const GPtrArray *drives, int64_t of_each)
{
    for (guint i = 0; i < drives->len; i++)
        planner->room[index_of(planner, drives->pdata[i])] -= of_each;
}

/* 0: MAX. */
static int64_t
wished_bytes(const json_t *wish)
{
    return json_integer_value(json_object_get(wish, "size_gb")) * GIB;
}

static int64_t
used_of_each(int64_t bytes, unsigned data_drives)
{
    int64_t stripes = (bytes + STRIPE - 1) / STRIPE;
    return (stripes + data_drives - 1) / data_drives * STRIPE;
}

/* Gives the disk these drives; takes its reference of them. False: they are no place for it. */
static bool
place(Planner *planner, RaidPlanDisk *disk, GPtrArray *drives)
{
    const RaidLevel *level = level_find(json_string_member(disk->wish, "raid_level"));
    g_autoptr(GPtrArray) own = drives;
    planner->tries++;
    if (!level_takes(level, drives->len))
        return false;
    unsigned data = level_data_drives(level, drives->len);
    int64_t most = least_room(planner, drives) / STRIPE * STRIPE * data;
    int64_t bytes = wished_bytes(disk->wish);
    if (most == 0 || bytes > most)
        return false;
    disk->bytes = bytes > 0 ? bytes : most;
    disk->raid_type = level->raid_type;
    disk->drives = g_steal_pointer(&own);
    take_room(planner, disk->drives, used_of_each(disk->bytes, data));
    return true;
}

static void
displace(Planner *planner, RaidPlanDisk *disk)
{
    const RaidLevel *level = level_find(json_string_member(disk->wish, "raid_level"));
    unsigned data = level_data_drives(level, disk->drives->len);
    take_room(planner, disk->drives, -used_of_each(disk->bytes, data));
    g_clear_pointer(&disk->drives, g_ptr_array_unref);
}

/* ---- disks that name their drives ---- */

/* By the controller's Id or Name. */
static bool
is_controller(const Planner *planner, unsigned storage, const json_t *wish)
{
    const char *name = json_string_member(wish, "controller");
    const RedfishStorage *controller = planner->storages->controllers->pdata[storage];
    return name == NULL || g_strcmp0(controller->id, name) == 0 ||
           g_strcmp0(controller->name, name) == 0;
}

static RedfishDrive *
find_drive(const Planner *planner, const char *id, const json_t *wish)
{
    for (guint i = 0; i < planner->storages->drives->len; i++) {
        RedfishDrive *drive = planner->storages->drives->pdata[i];
        if (g_strcmp0(drive->id, id) == 0 && is_controller(planner, drive->storage, wish))
            return drive;
    }
    return NULL;
}

static const json_t *
named_drives(const json_t *wish)
{
    return json_object_get(wish, "physical_disks");
}

static GPtrArray *
drives_by_name(const Planner *planner, const json_t *wish, size_t number, GError **error)
{
    g_autoptr(GPtrArray) drives = g_ptr_array_new();
    const json_t *name;
    size_t i;
    json_array_foreach(named_drives(wish), i, name)
    {
        RedfishDrive *drive = find_drive(planner, json_string_value(name), wish);
        if (drive == NULL) {
            steel_fail(error, STEEL_ERROR_INVALID,
                       "logical_disks[%zu]: controller %.60s has no drive %.60s", number,
                       json_string_member(wish, "controller"), json_string_value(name));
            return NULL;
        }
        g_ptr_array_add(drives, drive);
    }
    return g_steal_pointer(&drives);
}

static bool
no_place(const json_t *wish, size_t number, GError **error)
{
    g_autofree char *text = json_text_dump(wish);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "logical_disks[%zu]: the drives have no place for it: they are too few, too "
                      "small, in use, or not alike: %.300s",
                      number, text);
}

/* Disks that name their drives, of a size or of all the room. */
static bool
place_named(Planner *planner, bool all_room, GError **error)
{
    for (guint i = 0; i < planner->disks->len; i++) {
        RaidPlanDisk *disk = planner->disks->pdata[i];
        if (named_drives(disk->wish) == NULL || (wished_bytes(disk->wish) == 0) != all_room)
            continue;
        GPtrArray *drives = drives_by_name(planner, disk->wish, i, error);
        if (drives == NULL)
            return false;
        if (!place(planner, disk, drives))
            return no_place(disk->wish, i, error);
    }
    return true;
}

/* ---- disks that leave their drives open ---- */

static bool
fits_word(const json_t *wish, const char *key, const char *value)
{
    const char *word = json_string_member(wish, key);
    return word == NULL || (value != NULL && g_ascii_strcasecmp(word, value) == 0);
}

static bool
is_open_to(const Planner *planner, guint index, const json_t *wish)
{
    const RedfishDrive *drive = planner->storages->drives->pdata[index];
    bool shares = json_is_true(json_object_get(wish, "share_physical_disks"));
    bool kept = planner->reserved[index] && !(planner->shared[index] && planner->take_shared);
    if (kept || planner->room[index] <= 0 || (drive->used && !planner->empty))
        return false;
    return (shares || planner->room[index] == drive->bytes) &&
           is_controller(planner, drive->storage, wish) &&
           fits_word(wish, "disk_type", drive->media_type) &&
           fits_word(wish, "interface_type", drive->protocol);
}

static bool
are_alike(const RedfishDrive *one, const RedfishDrive *other)
{
    return one->storage == other->storage && one->bytes == other->bytes &&
           g_strcmp0(one->media_type, other->media_type) == 0 &&
           g_strcmp0(one->protocol, other->protocol) == 0;
}

static gint
by_room(gconstpointer left, gconstpointer right, gpointer user_data)
{
    const Planner *planner = user_data;
    int64_t one = planner->room[index_of(planner, *(RedfishDrive *const *)left)];
    int64_t other = planner->room[index_of(planner, *(RedfishDrive *const *)right)];
    return (one > other) - (one < other);
}

/* The drives like this one that the disk may have, those with the least room first. */
static GPtrArray *
group_of(Planner *planner, const RedfishDrive *first, const json_t *wish)
{
    GPtrArray *group = g_ptr_array_new();
    for (guint i = 0; i < planner->storages->drives->len; i++)
        if (are_alike(first, planner->storages->drives->pdata[i]) && is_open_to(planner, i, wish))
            g_ptr_array_add(group, planner->storages->drives->pdata[i]);
    g_ptr_array_sort_with_data(group, by_room, planner);
    return group;
}

/* True for the first drive of its kind: each group is tried once. */
static bool
leads_its_kind(const Planner *planner, guint index)
{
    for (guint i = 0; i < index; i++)
        if (are_alike(planner->storages->drives->pdata[i], planner->storages->drives->pdata[index]))
            return false;
    return true;
}

static GPtrArray *
first_of(const GPtrArray *group, guint count)
{
    GPtrArray *drives = g_ptr_array_new();
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(drives, group->pdata[i]);
    return drives;
}

static bool place_open(Planner *planner, guint from);

/* As few drives of the group as do, so that those after it find theirs. */
static bool
place_in_group(Planner *planner, guint number, const GPtrArray *group)
{
    RaidPlanDisk *disk = planner->disks->pdata[number];
    json_int_t wanted = json_integer_value(json_object_get(disk->wish, "number_of_physical_disks"));
    for (guint count = 1; count <= group->len && planner->tries < TRIES_MAX; count++) {
        if (wanted > 0 && wanted != count)
            continue;
        if (!place(planner, disk, first_of(group, count)))
            continue;
        if (place_open(planner, number + 1))
            return true;
        displace(planner, disk);
    }
    return false;
}

/* Places the disks from this one on. */
static bool
place_open(Planner *planner, guint from)
{
    while (from < planner->disks->len &&
           named_drives(((RaidPlanDisk *)planner->disks->pdata[from])->wish) != NULL)
        from++;
    if (from == planner->disks->len)
        return true;
    const RaidPlanDisk *disk = planner->disks->pdata[from];
    for (guint i = 0; i < planner->storages->drives->len; i++) {
        if (!leads_its_kind(planner, i))
            continue;
        g_autoptr(GPtrArray) group =
            group_of(planner, planner->storages->drives->pdata[i], disk->wish);
        if (place_in_group(planner, from, group))
            return true;
    }
    return false;
}

static bool
place_all_open(Planner *planner, GError **error)
{
    if (place_open(planner, 0))
        return true;
    planner->take_shared = true;
    if (place_open(planner, 0))
        return true;
    for (guint i = 0; i < planner->disks->len; i++) {
        const RaidPlanDisk *disk = planner->disks->pdata[i];
        if (named_drives(disk->wish) == NULL)
            return no_place(disk->wish, i, error);
    }
    return true;
}

/* ---- all disks ---- */

static void
disk_free(gpointer pointer)
{
    RaidPlanDisk *disk = pointer;
    if (disk->drives != NULL)
        g_ptr_array_unref(disk->drives);
    g_free(disk);
}

/* The drives that a disk names are its own, but those it shares and wants whole are lent out if
 * nothing else is left. */
static void
reserve(Planner *planner, const json_t *wish)
{
    bool shares = json_is_true(json_object_get(wish, "share_physical_disks"));
    const json_t *name;
    size_t i;
    json_array_foreach(named_drives(wish), i, name)
    {
        const RedfishDrive *drive = find_drive(planner, json_string_value(name), wish);
        if (drive == NULL || (shares && wished_bytes(wish) > 0))
            continue;
        guint index = index_of(planner, drive);
        planner->shared[index] = shares && (!planner->reserved[index] || planner->shared[index]);
        planner->reserved[index] = true;
    }
}

static bool
check_wish(const json_t *wish, size_t number, GError **error)
{
    const json_t *size = json_object_get(wish, "size_gb");
    const char *level = json_string_member(wish, "raid_level");
    if (!raid_level_is_made(level))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: Redfish makes no RAID level %s", number, level);
    if (json_is_integer(size) &&
        (json_integer_value(size) == 0 || json_integer_value(size) > GIB_MAX))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu].size_gb must be from 1 to %d, or MAX", number,
                          GIB_MAX);
    return true;
}

static bool
add_wishes(Planner *planner, GError **error)
{
    for (size_t i = 0; i < json_array_size(planner->wishes); i++) {
        const json_t *wish = json_array_get(planner->wishes, i);
        if (!check_wish(wish, i, error))
            return false;
        RaidPlanDisk *disk = g_new0(RaidPlanDisk, 1);
        disk->wish = wish;
        g_ptr_array_add(planner->disks, disk);
        reserve(planner, wish);
    }
    return true;
}

GPtrArray *
raid_plan_new(const json_t *wishes, const RedfishStorages *storages, bool empty, GError **error)
{
    guint count = storages->drives->len;
    g_autofree int64_t *room = g_new0(int64_t, count + 1);
    g_autofree bool *flags = g_new0(bool, 2 * count + 1);
    g_autoptr(GPtrArray) disks = g_ptr_array_new_with_free_func(disk_free);
    Planner planner = {.storages = storages,
                       .wishes = wishes,
                       .disks = disks,
                       .room = room,
                       .reserved = flags,
                       .shared = flags + count,
                       .empty = empty};
    for (guint i = 0; i < count; i++)
        room[i] = ((const RedfishDrive *)storages->drives->pdata[i])->bytes;
    if (!add_wishes(&planner, error) || !place_named(&planner, false, error) ||
        !place_all_open(&planner, error) || !place_named(&planner, true, error))
        return NULL;
    return g_steal_pointer(&disks);
}
