/* Steps that make and delete software RAID, by mdadm. Its names are those of Ironic's agent.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/disk/filesystem.h"
#include "agent/disk/raid_plan.h"
#include "agent/hardware/disks.h"
#include "agent/hardware/sysfs.h"
#include "agent/run_program.h"
#include "agent/steps/step_functions.h"
#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

#define AREA "agent.raid"
#define MIB (UINT64_C(1) << 20)
/* Before the members there is room for what the machine starts from. */
#define BIOS_BOOT_BYTES (8 * MIB)
#define ESP_BYTES (550 * MIB)

/* ---- deleting ---- */

static bool
stop_array(const StepCall *call, const char *name, GError **error)
{
    g_autofree char *device = g_strdup_printf("/dev/%s", name);
    g_autofree char *path = agent_path(call->agent, device);
    const char *argv[] = {"mdadm", "--stop", path, NULL};
    return run_program(argv, call->progress, NULL, error);
}

static bool
clear_member(const StepCall *call, const char *name, GError **error)
{
    g_autofree char *device = g_strdup_printf("/dev/%s", name);
    g_autofree char *path = agent_path(call->agent, device);
    const char *argv[] = {"mdadm", "--zero-superblock", path, NULL};
    return run_program(argv, call->progress, NULL, error);
}

static bool
delete_array(const StepCall *call, const char *name, GError **error)
{
    g_auto(GStrv) members = sysfs_list(call->agent->root, "/sys/block/%s/slaves", name);
    if (!stop_array(call, name, error))
        return false;
    for (char **member = members; *member != NULL; member++)
        if (!clear_member(call, *member, error))
            return false;
    log_info(AREA, "%s is deleted", name);
    return true;
}

static bool
is_array(const Agent *agent, const char *name)
{
    return g_str_has_prefix(name, "md") && sysfs_exists(agent->root, "/sys/block/%s/md", name);
}

static bool
delete_arrays(const StepCall *call, GError **error)
{
    g_auto(GStrv) names = sysfs_list(call->agent->root, "/sys/block");
    for (char **name = names; *name != NULL; name++)
        if (is_array(call->agent, *name) && !delete_array(call, *name, error))
            return false;
    return true;
}

/* ---- making ---- */

/* Disks that an array may be made of: paths below the root, owned. */
static GPtrArray *
find_members(const StepCall *call, GError **error)
{
    const char *root = call->agent->root;
    json_t *disks = choose_disks(call->agent, call->node, error), *disk;
    size_t i;
    if (disks == NULL)
        return NULL;
    GPtrArray *members = g_ptr_array_new_with_free_func(g_free);
    json_array_foreach(disks, i, disk)
    {
        const char *name = disk_kernel_name(disk);
        if (!g_str_has_prefix(name, "md") && !disk_is_virtual_media(root, name) &&
            !disk_has_holders(root, name) && !disk_read_only(root, name))
            g_ptr_array_add(members, agent_path(call->agent, json_string_member(disk, "name")));
    }
    json_decref(disks);
    return members;
}

/* The first partition is what the machine starts from, then one for each array. */
static bool
part_disk(const StepCall *call, const char *path, const RaidPlan *plan, GError **error)
{
    Table table;
    bool uefi = sysfs_exists(call->agent->root, "/sys/firmware/efi");
    PartitionPlan parts[1 + RAID_ARRAYS_LIMIT] = {
        {.kind = uefi ? PARTITION_ESP : PARTITION_BIOS_BOOT,
         .name = uefi ? "esp" : "bios",
         .size = uefi ? ESP_BYTES : BIOS_BOOT_BYTES}};
    for (size_t i = 0; i < plan->count; i++)
        parts[1 + i] = (PartitionPlan){.kind = PARTITION_LINUX,
                                       .name = plan->arrays[i].name,
                                       .size = plan->arrays[i].member_bytes};
    return filesystem_wipe(path, error) &&
           table_create(path, TABLE_GPT, parts, 1 + plan->count, &table, error);
}

static bool
create_array(const StepCall *call, const RaidArray *array, size_t number, const GPtrArray *members,
             GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    const char *const first[] = {"mdadm", "--create", "--force", "--run", "--metadata=1"};
    g_autofree char *device = g_strdup_printf("/dev/md%zu", number);
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        g_ptr_array_add(argv, g_strdup(first[i]));
    g_ptr_array_add(argv, g_strdup_printf("--level=%s", array->level));
    g_ptr_array_add(argv, g_strdup_printf("--name=%s", array->name));
    g_ptr_array_add(argv, g_strdup_printf("--raid-devices=%u", members->len));
    g_ptr_array_add(argv, agent_path(call->agent, device));
    for (guint i = 0; i < members->len; i++)
        g_ptr_array_add(argv, table_partition_device(members->pdata[i], (unsigned)(2 + number)));
    g_ptr_array_add(argv, NULL);
    return run_program((const char *const *)argv->pdata, call->progress, NULL, error);
}

static bool
create_arrays(const StepCall *call, const json_t *config, GError **error)
{
    RaidPlan plan;
    g_autoptr(GPtrArray) members = find_members(call, error);
    if (members == NULL || !raid_plan_read(config, members->len, &plan, error))
        return false;
    progress_begin(call->progress, "RAID", 0);
    for (guint i = 0; i < members->len; i++)
        if (!part_disk(call, members->pdata[i], &plan, error))
            return false;
    for (size_t i = 0; i < plan.count; i++)
        if (!create_array(call, &plan.arrays[i], i, members, error))
            return false;
    return true;
}

/* What the service keeps as the node's raid_config. */
static json_t *
create(const StepCall *call, const json_t *config, GError **error)
{
    GError *cause = NULL;
    if (create_arrays(call, config, &cause))
        return json_incref((json_t *)(uintptr_t)config);
    agent_error_classify(&cause, AGENT_ERROR_SOFTWARE_RAID);
    g_propagate_error(error, cause);
    return NULL;
}

static bool
delete_all(const StepCall *call, GError **error)
{
    GError *cause = NULL;
    if (delete_arrays(call, &cause))
        return true;
    agent_error_classify(&cause, AGENT_ERROR_SOFTWARE_RAID);
    g_propagate_error(error, cause);
    return false;
}

json_t *
step_delete_configuration(const StepCall *call, GError **error)
{
    return delete_all(call, error) ? json_null() : NULL;
}

json_t *
step_create_configuration(const StepCall *call, GError **error)
{
    return create(call, json_object_get(call->node, "target_raid_config"), error);
}

json_t *
step_apply_configuration(const StepCall *call, GError **error)
{
    const json_t *delete_existing = json_object_get(call->args, "delete_existing");
    if ((delete_existing == NULL || json_is_true(delete_existing)) && !delete_all(call, error))
        return NULL;
    return create(call, json_object_get(call->args, "raid_config"), error);
}
