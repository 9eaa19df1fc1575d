/* The array controller of a simulated iLO 5 machine: its drives, its logical drives, and what is
 * asked of them until the next POST. The machine's disks stay as they are: what is made here is
 * what a controller would tell. The contract is in inside.h.
 *
 * Source: HPE iLO 5 Redfish API reference, HpeSmartStorage and SmartStorageConfig.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include "common/json_text.h"
#include "common/time_text.h"

#include <string.h>

#define CONTROLLER "/redfish/v1/Systems/1/SmartStorage/ArrayControllers/0"
#define MIB_PER_GIB 1024

/* raid_type: of n drives, how many hold data: n, n / parts, or n less parity. */
static const struct {
    const char *raid_type, *number;
    size_t least, parts, parity;
} levels[] = {
    {"Raid0",  "0",  1, 1, 0},
    {"Raid1",  "1",  2, 2, 0},
    {"Raid10", "10", 4, 2, 0},
    {"Raid5",  "5",  3, 1, 1},
    {"Raid50", "50", 6, 1, 2},
    {"Raid6",  "6",  4, 1, 2},
    {"Raid60", "60", 8, 1, 4},
};

static const char *const erase_patterns[] = {"SanitizeRestrictedBlockErase",
                                             "SanitizeRestrictedOverwrite",
                                             "SanitizeRestrictedCryptoScramble", "OnePass", NULL};

static json_int_t capacity_of(const RedfishBmc *bmc, const json_t *thing) REQUIRES(bmc->lock);

/* The first drive, and the logical drive that a machine comes with, are its disk. */
static json_int_t
capacity_of(const RedfishBmc *bmc, const json_t *thing)
{
    const json_t *own = json_object_get(thing, "CapacityMiB");
    return json_integer_value(own != NULL ? own : redfish_state(bmc, "identity.disk_mib"));
}

static size_t
level_row(const char *raid_type)
{
    size_t row = 0;
    while (row < G_N_ELEMENTS(levels) && g_strcmp0(levels[row].raid_type, raid_type) != 0)
        row++;
    return row;
}

/* ---- what resources tell ---- */

static json_t *
members_of(const char *collection, size_t count)
{
    json_t *members = json_array();
    for (size_t i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf(CONTROLLER "/%s/%zu/", collection, i + 1);
        json_array_append_new(members, json_pack("{s:s}", "@odata.id", path));
    }
    return members;
}

json_t *
redfish_drive_members(const RedfishCall *call)
{
    return members_of("DiskDrives",
                      json_array_size(redfish_state(call->bmc, "smart_storage.drives")));
}

json_t *
redfish_logical_members(const RedfishCall *call)
{
    return members_of("LogicalDrives",
                      json_array_size(redfish_state(call->bmc, "smart_storage.logical")));
}

/* The member of a list that a call's path ends with; borrowed, or NULL. */
static json_t *
member_of_call(const RedfishCall *call, json_t *list)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(call->id, &end, 10);
    return end == call->id || *end != '\0' || number < 1 ? NULL : json_array_get(list, number - 1);
}

static const char *
erase_status(const json_t *drive)
{
    const json_t *due = json_object_get(drive, "erase_due_ms");
    if (due == NULL)
        return "None";
    return time_monotonic_ms() < json_integer_value(due) ? "EraseInProgress" : "EraseCompleted";
}

json_t *
redfish_drive(const RedfishCall *call)
{
    const json_t *drive = member_of_call(call, redfish_state(call->bmc, "smart_storage.drives"));
    if (drive == NULL)
        return NULL;
    json_int_t mib = capacity_of(call->bmc, drive);
    json_t *told =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:[s], s:s, s:{s:s}}", "@odata.type",
                  "#HpeSmartStorageDiskDrive.v2_1_0.HpeSmartStorageDiskDrive", "Id", call->id,
                  "Name", "HpeSmartStorageDiskDrive", "CapacityMiB", mib, "CapacityGB",
                  mib * 1048576 / 1000000000, "DiskDriveStatusReasons", erase_status(drive),
                  "LocationFormat", "ControllerPort:Box:Bay", "Status", "Health", "OK");
    json_object_update_missing(told, (json_t *)(uintptr_t)drive);
    json_object_del(told, "erase_due_ms");
    return told;
}

json_t *
redfish_logical_drive(const RedfishCall *call)
{
    const json_t *logical = member_of_call(call, redfish_state(call->bmc, "smart_storage.logical"));
    size_t row = level_row(json_string_member(logical, "Raid"));
    if (logical == NULL || row == G_N_ELEMENTS(levels))
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:O, s:{s:s}}", "@odata.type",
                     "#HpeSmartStorageLogicalDrive.v2_3_0.HpeSmartStorageLogicalDrive", "Id",
                     call->id, "Name", "HpeSmartStorageLogicalDrive", "CapacityMiB",
                     capacity_of(call->bmc, logical), "Raid", levels[row].number,
                     "VolumeUniqueIdentifier", json_object_get(logical, "VolumeUniqueIdentifier"),
                     "Status", "Health", "OK");
}

json_t *
redfish_config_logical(const RedfishCall *call)
{
    json_t *told = json_deep_copy(redfish_state(call->bmc, "smart_storage.logical")), *logical;
    size_t i;
    json_array_foreach(told, i, logical)
    {
        json_int_t mib = capacity_of(call->bmc, logical);
        json_object_set_new(logical, "CapacityGiB", json_integer(mib / MIB_PER_GIB));
        json_object_set_new(logical, "LogicalDriveNumber", json_integer((json_int_t)i + 1));
        json_object_del(logical, "CapacityMiB");
    }
    return told;
}

/* What is asked for, until it is done. */
json_t *
redfish_config_pending(const RedfishCall *call)
{
    json_t *wanted = redfish_state(call->bmc, "smart_storage.pending.LogicalDrives");
    return wanted != NULL ? json_deep_copy(wanted) : redfish_config_logical(call);
}

json_t *
redfish_config_physical(const RedfishCall *call)
{
    json_t *told = json_array();
    const json_t *drives = redfish_state(call->bmc, "smart_storage.drives"), *drive;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        json_array_append_new(told, json_pack("{s:O, s:s}", "Location",
                                              json_object_get(drive, "Location"), "LocationFormat",
                                              "ControllerPort:Box:Bay"));
    }
    return told;
}

/* ---- requests ---- */

static bool
in_texts(const json_t *list, const char *text)
{
    const json_t *value;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)list, i, value)
    {
        if (g_strcmp0(json_string_value(value), text) == 0)
            return true;
    }
    return false;
}

void
redfish_config_put(RedfishCall *call)
{
    static const char *const guards[] = {"Strict", "Permissive", "Disabled", NULL};
    const json_t *wanted = json_object_get(call->body, "LogicalDrives");
    const char *guard = json_string_member(call->body, "DataGuard");
    if (!json_is_array(wanted)) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_MISSING, NULL, "LogicalDrives", NULL);
    } else if (guard != NULL && !g_strv_contains(guards, guard)) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, "#/DataGuard", guard,
                       "DataGuard");
    } else {
        redfish_state_set(call->bmc->state, "smart_storage.pending", json_deep_copy(call->body));
        redfish_refuse(call, REDFISH_MESSAGE_RESET_REQUIRED, NULL, NULL, NULL);
    }
}

static bool
is_erasure(const json_t *action)
{
    const char *pattern = json_string_member(action, "ErasePattern");
    return g_strcmp0(json_string_member(action, "Action"), "PhysicalDriveErase") == 0 &&
           pattern != NULL && g_strv_contains(erase_patterns, pattern) &&
           json_array_size(json_object_get(action, "PhysicalDriveList")) > 0;
}

/* One that comes before the next POST takes the place of the last one. */
void
redfish_config_patch(RedfishCall *call)
{
    const json_t *actions = json_object_get(call->body, "Actions");
    if (json_array_size(actions) != 1 || !is_erasure(json_array_get(actions, 0))) {
        redfish_refuse(call, REDFISH_MESSAGE_PROPERTY_NOT_IN_LIST, "#/Actions", "given", "Actions");
        return;
    }
    redfish_state_set(call->bmc->state, "smart_storage.pending", json_deep_copy(call->body));
    redfish_refuse(call, REDFISH_MESSAGE_RESET_REQUIRED, NULL, NULL, NULL);
}

/* ---- the next POST ---- */

static bool
is_used(const json_t *logical, const char *location)
{
    const json_t *row;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)logical, i, row)
    {
        if (in_texts(json_object_get(row, "DataDrives"), location))
            return true;
    }
    return false;
}

static bool
fits(const json_t *drive, const json_t *wish)
{
    static const struct {
        const char *wanted, *is;
    } words[] = {{"DataDriveMediaType", "MediaType"}, {"DataDriveInterfaceType", "InterfaceType"}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *wanted = json_string_member(wish, words[i].wanted);
        if (wanted != NULL &&
            g_ascii_strcasecmp(wanted, json_string_member(drive, words[i].is)) != 0)
            return false;
    }
    return true;
}

/* The drives of a logical drive: those that it names, or as many as it wants. They are free, and
 * alike in kind; NULL: there are none. A new reference. */
static json_t *
pick_drives(const json_t *drives, const json_t *logical, const json_t *wish)
{
    const json_t *drive, *first = NULL;
    size_t i, count = json_is_array(wish)
                          ? json_array_size(wish)
                          : (size_t)json_integer_value(json_object_get(wish, "DataDriveCount"));
    json_t *picked = json_array();
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        const char *location = json_string_member(drive, "Location");
        bool wanted = json_is_array(wish) ? in_texts(wish, location) : fits(drive, wish);
        if (!wanted || is_used(logical, location) || json_array_size(picked) == count)
            continue;
        first = first != NULL ? first : drive;
        if (json_equal(json_object_get(first, "MediaType"), json_object_get(drive, "MediaType")))
            json_array_append_new(picked, json_string(location));
    }
    if (count > 0 && json_array_size(picked) == count)
        return picked;
    json_decref(picked);
    return NULL;
}

static json_int_t room_on(const RedfishBmc *bmc, const json_t *picked, size_t level)
    REQUIRES(bmc->lock);

/* MiB. */
static json_int_t
room_on(const RedfishBmc *bmc, const json_t *picked, size_t level)
{
    const json_t *drives = redfish_state(bmc, "smart_storage.drives"), *drive;
    json_int_t least = 0;
    size_t i, count = json_array_size(picked);
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        json_int_t mib = capacity_of(bmc, drive);
        if (in_texts(picked, json_string_member(drive, "Location")))
            least = least == 0 ? mib : MIN(least, mib);
    }
    return least * (json_int_t)(count / levels[level].parts - levels[level].parity);
}

/* Adds it to `logical`. NULL, or what is wrong with it. */
static const char *make_logical(RedfishBmc *bmc, const json_t *wanted, json_t *logical)
    REQUIRES(bmc->lock);

static const char *
make_logical(RedfishBmc *bmc, const json_t *wanted, json_t *logical)
{
    size_t level = level_row(json_string_member(wanted, "Raid"));
    json_auto_t *picked = pick_drives(redfish_state(bmc, "smart_storage.drives"), logical,
                                      json_object_get(wanted, "DataDrives"));
    if (level == G_N_ELEMENTS(levels) || json_array_size(picked) < levels[level].least)
        return "SmartStorageMessage.2.0.NotEnoughDrives";
    json_int_t room = room_on(bmc, picked, level);
    json_int_t gib = json_integer_value(json_object_get(wanted, "CapacityGiB"));
    if (gib == 0 || gib > room / MIB_PER_GIB)
        return "SmartStorageMessage.2.0.InvalidCapacity";
    const char *name = json_string_member(wanted, "LogicalDriveName");
    g_autofree char *id = g_strdup_printf("600508B1001C%020X", ++bmc->last_record);
    json_array_append_new(logical,
                          json_pack("{s:s, s:s, s:I, s:O, s:s}", "LogicalDriveName",
                                    name != NULL ? name : "", "Raid", levels[level].raid_type,
                                    "CapacityMiB", gib < 0 ? room : gib * MIB_PER_GIB, "DataDrives",
                                    picked, "VolumeUniqueIdentifier", id));
    return NULL;
}

static bool
is_deletion(const json_t *row)
{
    const json_t *action = json_array_get(json_object_get(row, "Actions"), 0);
    return g_strcmp0(json_string_member(action, "Action"), "LogicalDriveDelete") == 0;
}

static bool
is_deleted(const json_t *wanted, const json_t *logical)
{
    const json_t *row;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)wanted, i, row)
    {
        if (is_deletion(row) && json_equal(json_object_get(row, "VolumeUniqueIdentifier"),
                                           json_object_get(logical, "VolumeUniqueIdentifier")))
            return true;
    }
    return false;
}

/* What is left of the logical drives; a new reference. */
static json_t *
what_stays(const json_t *all, const json_t *wanted, bool guarded)
{
    json_t *left = json_array(), *row;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)all, i, row)
    {
        if (guarded && !is_deleted(wanted, row))
            json_array_append(left, row);
    }
    return left;
}

/* All of it, or none. NULL, or what is wrong. */
static const char *change_logical(RedfishBmc *bmc, const json_t *pending) REQUIRES(bmc->lock);

static const char *
change_logical(RedfishBmc *bmc, const json_t *pending)
{
    const json_t *wanted = json_object_get(pending, "LogicalDrives"), *row;
    const json_t *all = redfish_state(bmc, "smart_storage.logical");
    const char *guard = json_string_member(pending, "DataGuard");
    size_t i;
    json_auto_t *logical = what_stays(all, wanted, g_strcmp0(guard, "Disabled") != 0);
    if (json_array_size(logical) < json_array_size(all) &&
        (guard == NULL || strcmp(guard, "Strict") == 0))
        return "SmartStorageMessage.2.0.DataLossNotAllowed";
    json_array_foreach((json_t *)(uintptr_t)wanted, i, row)
    {
        const char *wrong = is_deletion(row) ? NULL : make_logical(bmc, row, logical);
        if (wrong != NULL)
            return wrong;
    }
    redfish_state_set(bmc->state, "smart_storage.logical", json_incref(logical));
    return NULL;
}

static const char *erase_drives(RedfishBmc *bmc, const json_t *pending) REQUIRES(bmc->lock);

static const char *
erase_drives(RedfishBmc *bmc, const json_t *pending)
{
    const json_t *action = json_array_get(json_object_get(pending, "Actions"), 0);
    const json_t *wanted = json_object_get(action, "PhysicalDriveList");
    const json_t *logical = redfish_state(bmc, "smart_storage.logical");
    json_int_t due_ms = time_monotonic_ms() + bmc->knobs[REDFISH_KNOB_TASK_MS];
    json_t *drives = redfish_state(bmc, "smart_storage.drives"), *drive;
    size_t i;
    json_array_foreach(drives, i, drive)
    {
        const char *location = json_string_member(drive, "Location");
        if (!in_texts(wanted, location))
            continue;
        if (is_used(logical, location))
            return "SmartStorageMessage.2.0.DriveInUse";
        json_object_set_new(drive, "erase_due_ms", json_integer(due_ms));
        json_object_set(drive, "ErasePattern", json_object_get(action, "ErasePattern"));
    }
    return NULL;
}

void
redfish_smart_storage_apply(RedfishBmc *bmc)
{
    json_auto_t *pending = json_incref(redfish_state(bmc, "smart_storage.pending"));
    const char *wrong = NULL;
    if (json_object_size(pending) == 0)
        return;
    if (bmc->knobs[REDFISH_KNOB_TASK_FAILS] != 0)
        wrong = "SmartStorageMessage.2.0.ControllerFailure";
    else if (json_object_get(pending, "LogicalDrives") != NULL)
        wrong = change_logical(bmc, pending);
    else
        wrong = erase_drives(bmc, pending);
    redfish_state_set(bmc->state, "smart_storage.pending", json_object());
    redfish_state_set(bmc->state, "smart_storage.messages",
                      json_pack("[{s:s}]", "MessageId",
                                wrong != NULL ? wrong : "SmartStorageMessage.2.0.Success"));
}
