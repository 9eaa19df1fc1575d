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

/* Disks that an array may be made of; a new reference. */
static json_t *
find_disks(const StepCall *call, GError **error)
{
    const char *root = call->agent->root;
    json_t *all = choose_disks(call->agent, call->node, error), *disk;
    size_t i;
    if (all == NULL)
        return NULL;
    json_t *disks = json_array();
    json_array_foreach(all, i, disk)
    {
        const char *name = disk_kernel_name(disk);
        if (!g_str_has_prefix(name, "md") && !disk_is_virtual_media(root, name) &&
            !disk_has_holders(root, name) && !disk_read_only(root, name))
            json_array_append(disks, disk);
    }
    json_decref(all);
    return disks;
}

/* What is done with a machine's disks. */
typedef struct Layout {
    RaidPlan plan;
    GPtrArray *paths; /* owned; of all disks, below the root */
} Layout;

static void
layout_clear(Layout *layout)
{
    if (layout->paths != NULL)
        g_ptr_array_free(layout->paths, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Layout, layout_clear)

static bool
plan_layout(const StepCall *call, const json_t *config, Layout *layout, GError **error)
{
    json_t *disks = find_disks(call, error), *disk;
    size_t i;
    layout->paths = g_ptr_array_new_with_free_func(g_free);
    json_array_foreach(disks, i, disk)
        g_ptr_array_add(layout->paths, agent_path(call->agent, json_string_member(disk, "name")));
    bool good = disks != NULL && raid_plan_read(config, disks, &layout->plan, error);
    json_decref(disks);
    return good;
}

/* The number of an array's partition on a disk: the first one is what the machine starts from. */
static unsigned
partition_of(const RaidPlan *plan, size_t array, size_t disk)
{
    unsigned number = 2;
    for (size_t i = 0; i < array; i++)
        number += raid_array_has(&plan->arrays[i], disk);
    return number;
}

/* Disks that no array takes stay as they are. */
static bool
part_disk(const StepCall *call, const Layout *layout, size_t disk, GError **error)
{
    Table table;
    const char *path = layout->paths->pdata[disk];
    bool uefi = sysfs_exists(call->agent->root, "/sys/firmware/efi");
    PartitionPlan parts[1 + RAID_ARRAYS_LIMIT] = {
        {.kind = uefi ? PARTITION_ESP : PARTITION_BIOS_BOOT,
         .name = uefi ? "esp" : "bios",
         .size = uefi ? ESP_BYTES : BIOS_BOOT_BYTES}};
    size_t count = 1;
    for (size_t i = 0; i < layout->plan.count; i++) {
        const RaidArray *array = &layout->plan.arrays[i];
        if (raid_array_has(array, disk))
            parts[count++] = (PartitionPlan){
                .kind = PARTITION_LINUX, .name = array->name, .size = array->member_bytes};
    }
    return count == 1 || (filesystem_wipe(path, error) &&
                          table_create(path, TABLE_GPT, parts, count, &table, error));
}

static bool
create_array(const StepCall *call, const Layout *layout, size_t number, GError **error)
{
    const RaidArray *array = &layout->plan.arrays[number];
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    const char *const first[] = {"mdadm", "--create", "--force", "--run", "--metadata=1"};
    g_autofree char *device = g_strdup_printf("/dev/md%zu", number);
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        g_ptr_array_add(argv, g_strdup(first[i]));
    g_ptr_array_add(argv, g_strdup_printf("--level=%s", array->level));
    g_ptr_array_add(argv, g_strdup_printf("--name=%s", array->name));
    g_ptr_array_add(argv, g_strdup_printf("--raid-devices=%zu", array->member_count));
    g_ptr_array_add(argv, agent_path(call->agent, device));
    for (size_t i = 0; i < array->member_count; i++) {
        size_t disk = array->members[i];
        g_ptr_array_add(argv, table_partition_device(layout->paths->pdata[disk],
                                                     partition_of(&layout->plan, number, disk)));
    }
    g_ptr_array_add(argv, NULL);
    return run_program((const char *const *)argv->pdata, call->progress, NULL, error);
}

static bool
create_arrays(const StepCall *call, const json_t *config, GError **error)
{
    g_auto(Layout) layout = {0};
    if (!plan_layout(call, config, &layout, error))
        return false;
    progress_begin(call->progress, "RAID", 0);
    for (guint i = 0; i < layout.paths->len; i++)
        if (!part_disk(call, &layout, i, error))
            return false;
    for (size_t i = 0; i < layout.plan.count; i++)
        if (!create_array(call, &layout, i, error))
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
