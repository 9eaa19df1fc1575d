/* Steps that erase disks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/disk/erase_disk.h"
#include "agent/disk/filesystem.h"
#include "agent/hardware/disks.h"
#include "agent/steps/step_functions.h"
#include "common/json_text.h"
#include "common/lock.h"
#include "common/log.h"

#define AREA "agent.erase"
/* Of disks that are erased at the same time. */
#define CONCURRENCY_LIMIT 64

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

/* The disks of a step: several threads take one after the other. */
typedef struct Erasing {
    const StepCall *call;
    EraseOne erase;
    const json_t *disks;
    Lock lock;
    size_t next GUARDED;
    GString *failures GUARDED; /* borrowed */
} Erasing;

static const json_t *
next_disk(Erasing *erasing)
{
    lock_acquire(&erasing->lock);
    const json_t *disk = json_array_get(erasing->disks, erasing->next++);
    lock_release(&erasing->lock);
    return disk;
}

static void
note_failure(Erasing *erasing, const json_t *disk, const char *cause)
{
    lock_acquire(&erasing->lock);
    g_string_append_printf(erasing->failures, "\"%s\": %s; ", json_string_member(disk, "name"),
                           cause);
    lock_release(&erasing->lock);
}

/* A thread. */
static void *
erase_disks(void *user)
{
    Erasing *erasing = user;
    const json_t *disk;
    while ((disk = next_disk(erasing)) != NULL) {
        Progress part = progress_part(erasing->call->progress);
        StepCall call = *erasing->call;
        g_autoptr(GError) cause = NULL;
        call.progress = &part;
        if (progress_stopped(&part))
            note_failure(erasing, disk, "the agent was told to end");
        else if (!erase_disk_of(&call, disk, erasing->erase, &cause))
            note_failure(erasing, disk, cause->message);
    }
    return NULL;
}

/* How many disks are erased at the same time, [deploy]disk_erasure_concurrency. */
static size_t
concurrency_of(const StepCall *call, size_t disks)
{
    int64_t count = 1;
    json_integer_member(json_object_get(call->node, "driver_internal_info"),
                        "disk_erasure_concurrency", &count);
    return MIN((size_t)CLAMP(count, 1, CONCURRENCY_LIMIT), disks);
}

/* This thread is one of them, so that a machine without memory for another goes on. */
static void
erase_together(Erasing *erasing)
{
    pthread_t others[CONCURRENCY_LIMIT];
    size_t wanted = concurrency_of(erasing->call, json_array_size(erasing->disks)), count = 0;
    while (count + 1 < wanted && pthread_create(&others[count], NULL, erase_disks, erasing) == 0)
        count++;
    erase_disks(erasing);
    for (size_t i = 0; i < count; i++)
        pthread_join(others[i], NULL);
}

/* Erases all disks, also after a failure. The error names each failed disk. */
static json_t *UNSHARED
erase_all(const StepCall *call, EraseOne erase, GError **error)
{
    g_autoptr(GString) failures = g_string_new(NULL);
    json_auto_t *disks = choose_disks(call->agent, call->node, error);
    Erasing erasing = {.call = call, .erase = erase, .disks = disks, .failures = failures};
    if (disks == NULL)
        return NULL;
    lock_init(&erasing.lock, LOCK_RANK_ERASING);
    progress_begin(call->progress, "erase disks", 0);
    erase_together(&erasing);
    lock_destroy(&erasing.lock);
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
