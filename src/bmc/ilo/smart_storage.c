/* Array controllers of a machine with an iLO 5: their drives, their logical drives, and requests
 * for the next POST; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

enum { CONTROLLERS_MAX = 16, LOGICAL_MAX = 256 };

static const char what[] = "array controllers to change";

/* Collects for one controller, or all. */
typedef struct Look {
    const Ilo *ilo;
    json_t *list; /* borrowed */
    GError *error;
} Look;

/* ---- drives ---- */

/* DiskDriveStatusReasons, in a word. */
static const char *
erasure_of(const json_t *drive)
{
    static const struct {
        const char *reason, *word;
    } words[] = {{"EraseCompleted", "done"},
                 {"EraseInProgress", "running"},
                 {"EraseQueued", "running"},
                 {"EraseFailed", "failed"}};
    const json_t *reasons = json_object_get(drive, "DiskDriveStatusReasons"), *reason;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)reasons, i, reason)
    {
        for (size_t row = 0; row < G_N_ELEMENTS(words); row++)
            if (g_strcmp0(json_string_value(reason), words[row].reason) == 0)
                return words[row].word;
    }
    return "none";
}

static bool
ilo_look_at_disk(void *user, const char *uri, const json_t *member)
{
    Look *look = user;
    const char *location = json_string_member(member, "Location");
    (void)uri;
    if (location != NULL)
        json_array_append_new(
            look->list,
            json_pack(
                "{s:s, s:s*, s:s*, s:s*, s:I, s:s}", "location", location, "health",
                ilo_text_at(member, "Status/Health"), "media",
                json_string_member(member, "MediaType"), "interface",
                json_string_member(member, "InterfaceType"), "size_gb",
                (json_int_t)(json_integer_value(json_object_get(member, "CapacityMiB")) / 1024),
                "erasure", erasure_of(member)));
    return true;
}

/* ---- controllers ---- */

static bool
ilo_look_at_array_controller(void *user, const char *uri, const json_t *member)
{
    Look *look = user;
    const char *drives = ilo_text_at(member, "Links/PhysicalDrives/@odata.id");
    Look inner = {look->ilo, json_array(), NULL};
    (void)uri;
    if (drives != NULL &&
        !ilo_each_member(look->ilo, drives, ilo_look_at_disk, &inner, &look->error)) {
        json_decref(inner.list);
        return false;
    }
    json_array_append_new(look->list,
                          json_pack("{s:s*, s:s*, s:o}", "model",
                                    json_string_member(member, "Model"), "location",
                                    json_string_member(member, "Location"), "drives", inner.list));
    return json_array_size(look->list) < CONTROLLERS_MAX;
}

static json_t *
find_controllers(const Ilo *ilo, const json_t *system, GError **error)
{
    Look look = {ilo, json_array(), NULL};
    json_auto_t *storage =
        ilo_follow(ilo, system, "Oem/Hpe/Links/SmartStorage/@odata.id", what, NULL, error);
    const char *uri =
        storage == NULL
            ? NULL
            : ilo_require_text(storage, "Links/ArrayControllers/@odata.id", what, error);
    bool good =
        uri != NULL && ilo_each_member(ilo, uri, ilo_look_at_array_controller, &look, error);
    if (look.error != NULL)
        g_propagate_error(error, look.error);
    if (good && look.error == NULL)
        return look.list;
    json_decref(look.list);
    return NULL;
}

/* ---- what can be asked of them ---- */

/* "Raid1" is "1", "Raid10" is "1+0". */
static const struct {
    const char *word, *level;
} levels[] = {
    {"Raid0",  "0"},
    {"Raid1",  "1"},
    {"Raid10", "1+0"},
    {"Raid5",  "5"},
    {"Raid50", "5+0"},
    {"Raid6",  "6"},
    {"Raid60", "6+0"},
};

const char *
ilo_raid_word(const char *level)
{
    for (size_t i = 0; level != NULL && i < G_N_ELEMENTS(levels); i++)
        if (strcmp(levels[i].level, level) == 0)
            return levels[i].word;
    return NULL;
}

static const char *
level_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(levels); i++)
        if (strcmp(levels[i].word, word) == 0)
            return levels[i].level;
    return word;
}

static json_t *
describe_logical(const json_t *drive)
{
    return json_pack(
        "{s:s*, s:s*, s:s*, s:O*, s:O*}", "id", json_string_member(drive, "VolumeUniqueIdentifier"),
        "name", json_string_member(drive, "LogicalDriveName"), "raid_level",
        level_of(json_string_member(drive, "Raid")), "size_gb",
        json_object_get(drive, "CapacityGiB"), "drives", json_object_get(drive, "DataDrives"));
}

static json_t *
result_of(const json_t *config)
{
    json_t *result = json_array();
    const json_t *messages = ilo_at(config, "@Redfish.Settings/Messages"), *message;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)messages, i, message)
    {
        const char *id = json_string_member(message, "MessageId");
        if (id != NULL && strstr(id, "Success") == NULL)
            json_array_append_new(result, json_string(id));
    }
    return result;
}

/* Adds what a SmartStorageConfig says to the controller in the same slot. */
static void
take_config(json_t *controllers, const json_t *config)
{
    const char *location = json_string_member(config, "Location");
    const json_t *drives = json_object_get(config, "LogicalDrives"), *drive;
    json_t *controller, *logical = json_array();
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        if (i < LOGICAL_MAX)
            json_array_append_new(logical, describe_logical(drive));
    }
    json_array_foreach(controllers, i, controller)
    {
        if (location == NULL ||
            g_strcmp0(json_string_member(controller, "location"), location) != 0)
            continue;
        json_object_set(
            controller, "settings",
            (json_t *)(uintptr_t)ilo_at(config, "@Redfish.Settings/SettingsObject/@odata.id"));
        json_object_set(controller, "logical", logical);
        json_object_set_new(controller, "wrong", result_of(config));
    }
    json_decref(logical);
}

json_t *
ilo_get_controllers(const Ilo *ilo, GError **error)
{
    if (ilo->dialect == NULL || !ilo->dialect->actions) {
        ilo_lacks(error, what);
        return NULL;
    }
    json_auto_t *system = ilo_system(ilo, error);
    json_t *controllers = system == NULL ? NULL : find_controllers(ilo, system, error);
    const json_t *configs = ilo_at(system, "Oem/Hpe/SmartStorageConfig"), *link;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)configs, i, link)
    {
        const char *uri = json_string_member(link, "@odata.id");
        if (controllers == NULL || uri == NULL || i == CONTROLLERS_MAX)
            break;
        json_auto_t *config = ilo_fetch(ilo, uri, error);
        if (config == NULL) {
            json_decref(controllers);
            return NULL;
        }
        take_config(controllers, config);
    }
    return controllers;
}

/* ---- requests for the next POST ---- */

bool
ilo_put_logical_drives(const Ilo *ilo, const char *settings, const json_t *body, GError **error)
{
    return ilo_request(ilo, "PUT", settings, body, NULL, NULL, error);
}

const char *
ilo_erase_pattern(const char *word)
{
    static const struct {
        const char *word, *pattern;
    } patterns[] = {{"block", "SanitizeRestrictedBlockErase"},
                    {"overwrite", "SanitizeRestrictedOverwrite"},
                    {"crypto", "SanitizeRestrictedCryptoScramble"},
                    {"zero", "OnePass"}};
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(patterns); i++)
        if (strcmp(patterns[i].word, word) == 0)
            return patterns[i].pattern;
    return NULL;
}

bool
ilo_erase_drives(const Ilo *ilo, const char *settings, const json_t *locations, const char *pattern,
                 GError **error)
{
    return ilo_patch(ilo, settings,
                     json_pack("{s:[{s:s, s:s, s:O}], s:s}", "Actions", "Action",
                               "PhysicalDriveErase", "ErasePattern", ilo_erase_pattern(pattern),
                               "PhysicalDriveList", locations, "DataGuard", "Disabled"),
                     error);
}

bool
ilo_erase_machine(const Ilo *ilo, GError **error)
{
    static const char target[] = "Oem/Hpe/Actions/#HpeComputerSystemExt.SecureSystemErase/target",
                      erasure[] = "an action that erases the whole machine";
    if (ilo->dialect == NULL || !ilo->dialect->actions)
        return ilo_lacks(error, erasure);
    json_auto_t *system = ilo_system(ilo, error);
    const char *uri = system == NULL ? NULL : ilo_require_text(system, target, erasure, error);
    return uri != NULL &&
           ilo_post(ilo, uri,
                    json_pack("{s:b, s:b}", "SystemROMAndiLOErase", 1, "UserDataErase", 1), error);
}
