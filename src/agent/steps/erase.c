/* Steps that erase disks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/disk/erase_disk.h"
#include "agent/disk/filesystem.h"
#include "agent/hardware/disks.h"
#include "agent/steps/step_functions.h"
#include "common/json_text.h"
#include "common/log.h"

#define AREA "agent.erase"

typedef bool (*EraseOne)(const StepCall *call, const char *kernel_name, const char *path,
                         GError **error);

/* Virtual media belong to the service, members of a RAID to the RAID. */
static bool
is_left_alone(const Agent *agent, const char *kernel_name)
{
    return disk_is_virtual_media(agent->root, kernel_name) ||
           disk_has_holders(agent->root, kernel_name);
}

/* Cluster filesystems are shared: erasing one here erases it for all machines. */
static bool
check_guard(const Agent *agent, const char *path, GError **error)
{
    static const char *const guarded[] = {"gfs2", "ocfs2", "VMFS", "VMFS_volume_member", NULL};
    Filesystem found;
    if (!parameters_boolean(agent->parameters, AGENT_PARAMETER_GUARD_FILESYSTEMS) ||
        !filesystem_read(path, 0, 0, &found, NULL) || !g_strv_contains(guarded, found.type))
        return true;
    return agent_fail(error, AGENT_ERROR_PROTECTED_DEVICE,
                      "%s has a filesystem of type %s, which other machines may use: detach it, or "
                      "set ipa-guard-special-filesystems=0",
                      path, found.type);
}

/* True if the service lets read-only disks be skipped. */
static bool
may_skip_read_only(const StepCall *call)
{
    return json_is_truthy(json_object_get(json_object_get(call->node, "driver_internal_info"),
                                          "agent_erase_skip_read_only"));
}

static bool
erase_disk_of(const StepCall *call, const json_t *disk, EraseOne erase, GError **error)
{
    const char *name = disk_kernel_name(disk);
    g_autofree char *path = agent_path(call->agent, json_string_member(disk, "name"));
    if (is_left_alone(call->agent, name)) {
        log_info(AREA, "%s is left alone: virtual media, or part of a RAID", name);
        return true;
    }
    if (disk_read_only(call->agent->root, name))
        return may_skip_read_only(call) ||
               agent_fail(error, AGENT_ERROR_ERASE,
                          "/dev/%s is read-only; skip it with [deploy]erase_skip_read_only", name);
    return check_guard(call->agent, path, error) && erase(call, name, path, error);
}

/* Erases all disks, also after a failure. The error names each failed disk. */
static json_t *
erase_all(const StepCall *call, EraseOne erase, GError **error)
{
    g_autoptr(GString) failures = g_string_new(NULL);
    json_t *disks = choose_disks(call->agent, call->node, error), *disk;
    size_t i;
    if (disks == NULL)
        return NULL;
    json_array_foreach(disks, i, disk)
    {
        g_autoptr(GError) cause = NULL;
        if (progress_stopped(call->progress))
            g_string_append(failures, "the agent was told to end; ");
        else if (!erase_disk_of(call, disk, erase, &cause))
            g_string_append_printf(failures, "\"%s\": %s; ", json_string_member(disk, "name"),
                                   cause->message);
    }
    json_decref(disks);
    if (failures->len == 0)
        return json_null();
    agent_fail(error, AGENT_ERROR_ERASE, "Failed to erase the device(s): %s", failures->str);
    return NULL;
}

static bool
erase_metadata(const StepCall *call, const char *kernel_name, const char *path, GError **error)
{
    (void)kernel_name;
    progress_begin(call->progress, "erase metadata", 0);
    return filesystem_wipe(path, error);
}

static bool
erase_whole(const StepCall *call, const char *kernel_name, const char *path, GError **error)
{
    const json_t *info = json_object_get(call->node, "driver_internal_info");
    return erase_disk(info, kernel_name, path, call->progress, error);
}

/* NVMe has a quick and sure way; of other disks only the metadata is erased. */
static bool
erase_express(const StepCall *call, const char *kernel_name, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (disk_is_nvme(kernel_name) && erase_nvme(path, &cause))
        return true;
    if (cause != NULL)
        log_warning(AREA, "%s: %s; its metadata are erased", kernel_name, cause->message);
    return erase_metadata(call, kernel_name, path, error);
}

json_t *
step_erase_devices(const StepCall *call, GError **error)
{
    return erase_all(call, erase_whole, error);
}

json_t *
step_erase_devices_metadata(const StepCall *call, GError **error)
{
    return erase_all(call, erase_metadata, error);
}

json_t *
step_erase_devices_express(const StepCall *call, GError **error)
{
    return erase_all(call, erase_express, error);
}
