/* The form of a target_raid_config; the contracts are in raid.h and raid_steps.h. One row per
 * property of a logical disk.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/raid/raid_steps.h"
#include "drivers/unsupported.h"

#include <string.h>
#include <time.h>

typedef bool (*ValueCheck)(const json_t *value);

static bool
is_text(const json_t *value)
{
    return json_is_string(value) && *json_string_value(value) != '\0';
}

static bool
is_flag(const json_t *value)
{
    return json_is_boolean(value);
}

static bool
is_size(const json_t *value)
{
    return (json_is_integer(value) && json_integer_value(value) >= 0) ||
           g_strcmp0(json_string_value(value), "MAX") == 0;
}

static bool
is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) > 0;
}

static bool
is_disks(const json_t *value)
{
    size_t size = json_array_size(value), texts = 0, objects = 0;
    for (size_t i = 0; i < size; i++) {
        texts += json_is_string(json_array_get(value, i));
        objects += json_is_object(json_array_get(value, i));
    }
    return json_is_array(value) && (texts == size || (objects == size && size >= 2));
}

static const struct {
    const char *name;
    bool required;
    ValueCheck check;  /* NULL: one of the words */
    const char *words; /* "a, b", or what the check wants, for the message */
    const char *help;
} properties[] = {
    {"raid_level", true, NULL, "JBOD, 0, 1, 2, 5, 6, 1+0, 5+0, 6+0",
     "RAID level of the logical disk: JBOD, 0, 1, 2, 5, 6, 1+0, 5+0 or 6+0. Required."},
    {"size_gb", true, is_size, "a whole number of GiB, or MAX",
     "Size of the logical disk in GiB, or MAX for all the room that is left. Required."},
    {"volume_name", false, is_text, "a string",
     "Name of the volume; made up by the driver unless set. Optional."},
    {"is_root_volume", false, is_flag, "true or false",
     "True for the disk that the instance is written to; at most one. False unless set. Optional."},
    {"share_physical_disks", false, is_flag, "true or false",
     "True when other logical disks may use the same physical disks. False unless set. Optional."},
    {"disk_type", false, NULL, "hdd, ssd",
     "Kind of physical disks, hdd or ssd; any unless set. Optional."},
    {"interface_type", false, NULL, "sata, scsi, sas, nvme",
     "Interface of the physical disks, sata, scsi, sas or nvme; any unless set. Optional."},
    {"number_of_physical_disks", false, is_count, "a whole number above 0",
     "How many physical disks to use; as few as the RAID level needs unless set. Optional."},
    {"controller", false, is_text, "a string",
     "Controller that makes the disk; chosen by the driver unless set. Optional."},
    {"physical_disks", false, is_disks, "an array of strings, or of at least two objects",
     "Physical disks to use, by the names the driver knows, or by hints; needs controller. "
     "Optional."},
};

static bool
one_of_words(const char *words, const json_t *value)
{
    const char *text = json_string_value(value);
    g_auto(GStrv) list = g_strsplit(words, ", ", 0);
    return text != NULL && g_strv_contains((const char *const *)list, text);
}

static bool
check_property(size_t disk, const char *key, const json_t *value, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (strcmp(properties[i].name, key) != 0)
            continue;
        if (properties[i].check != NULL ? properties[i].check(value)
                                        : one_of_words(properties[i].words, value))
            return true;
        return steel_fail(error, STEEL_ERROR_INVALID, "logical_disks[%zu].%s must be %s%s", disk,
                          key, properties[i].check == NULL ? "one of " : "", properties[i].words);
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "logical_disks[%zu]: there is no property %.60s of a logical disk", disk,
                      key);
}

static bool
check_disk(size_t disk, const json_t *value, GError **error)
{
    if (!json_is_object(value))
        return steel_fail(error, STEEL_ERROR_INVALID, "logical_disks[%zu] must be an object", disk);
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (!check_property(disk, key, member, error))
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
        if (properties[i].required && json_object_get(value, properties[i].name) == NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "logical_disks[%zu] has no %s", disk,
                              properties[i].name);
    if (json_object_get(value, "physical_disks") != NULL &&
        json_object_get(value, "controller") == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "logical_disks[%zu]: physical_disks needs controller", disk);
    return true;
}

static bool
check_config(const json_t *config, GError **error)
{
    const json_t *disks = json_object_get(config, "logical_disks");
    if (!json_is_object(config) || !json_is_array(disks) || json_array_size(disks) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "target_raid_config must be an object with a non-empty array "
                          "logical_disks");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)config, key, value)
    {
        if (strcmp(key, "logical_disks") != 0)
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "target_raid_config: unknown key %.60s beside logical_disks", key);
    }
    size_t roots = 0;
    for (size_t i = 0; i < json_array_size(disks); i++) {
        const json_t *disk = json_array_get(disks, i);
        if (!check_disk(i, disk, error))
            return false;
        roots += json_is_true(json_object_get(disk, "is_root_volume"));
    }
    return roots <= 1 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%zu logical disks have is_root_volume; at most one may", roots);
}

bool
raid_config_validate(Task *task, const json_t *config, GError **error)
{
    if (!task->driver.raid->supported)
        return interface_validate_none(task, INTERFACE_RAID, error);
    const RaidOps *raid = task->driver.raid;
    return check_config(config, error) && (raid->check == NULL || raid->check(config, error));
}

bool
raid_target_validate(Task *task, GError **error)
{
    const json_t *target = task->node->target_raid_config;
    return json_object_size(target) == 0 || raid_config_validate(task, target, error);
}

bool
raid_target_missing(GError **error)
{
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "the node has no target_raid_config; set it with: node set <node> "
                      "--target-raid-config <file>");
}

bool
raid_target_require(Task *task, GError **error)
{
    if (json_object_size(task->node->target_raid_config) == 0)
        return raid_target_missing(error);
    return raid_target_validate(task, error);
}

bool
raid_target_take(Task *task, const json_t *args, GError **error)
{
    const json_t *config = json_object_get(args, "raid_config");
    if (!raid_config_validate(task, config, error))
        return false;
    json_decref(task->node->target_raid_config);
    task->node->target_raid_config = json_deep_copy(config);
    return true;
}

json_t *
raid_logical_disk_properties(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
        json_object_set_new(all, properties[i].name, json_string(properties[i].help));
    return all;
}

bool
raid_disk_is_wanted(const json_t *disk, const json_t *args, bool others)
{
    bool root = json_is_true(json_object_get(disk, "is_root_volume"));
    const json_t *choice =
        json_object_get(args, root ? "create_root_volume" : "create_nonroot_volumes");
    return choice != NULL ? json_is_truthy(choice) : root || others;
}

json_t *
raid_wanted_disks(Task *task, const json_t *args, bool others, GError **error)
{
    const json_t *all = json_object_get(task->node->target_raid_config, "logical_disks");
    json_t *disks, *disk;
    size_t i;
    if (!raid_target_require(task, error))
        return NULL;
    disks = json_array();
    json_array_foreach((json_t *)(uintptr_t)all, i, disk)
    {
        if (raid_disk_is_wanted(disk, args, others))
            json_array_append(disks, disk);
    }
    if (json_array_size(disks) > 0)
        return disks;
    json_decref(disks);
    steel_fail(error, STEEL_ERROR_MISSING,
               "the arguments leave no disk of the node's target_raid_config");
    return NULL;
}

static json_t *
now_text(void)
{
    char text[40];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    return json_string(text);
}

bool
raid_config_store(Task *task, json_t *disks, GError **error)
{
    json_decref(task->node->raid_config);
    task->node->raid_config =
        json_pack("{s:o, s:o}", "logical_disks", disks, "last_updated", now_text());
    return task_save(task, error);
}
