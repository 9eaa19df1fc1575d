/* Writes images to disks; the contract is in write_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/write_image.h"

#include "agent/disk/choose.h"
#include "agent/disk/config_drive.h"
#include "agent/disk/filesystem.h"
#include "agent/disk/image_flow.h"
#include "agent/disk/partition_image.h"
#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

#define AREA "agent.image"

static bool
as_write_error(GError **error, const char *what)
{
    agent_error_classify(error, AGENT_ERROR_IMAGE_WRITE);
    g_prefix_error(error, "%s: ", what);
    return false;
}

/* ---- a whole disk ---- */

static bool
stream_to_disk(Agent *agent, const ImageInfo *info, const char *path, Progress *progress,
               GError **error)
{
    g_autoptr(Sink) sink = sink_open_file(path, error);
    if (sink == NULL)
        return as_write_error(error, "opening the disk");
    return image_flow_write(agent, info, sink, progress, error);
}

/* The disk's identifier, by which Ironic knows a whole-disk image. */
static json_t *
disk_uuids(const char *path, GError **error)
{
    Table table;
    if (!table_read(path, &table, error))
        return NULL;
    return json_pack("{s:s}", "root uuid", table.kind == TABLE_NONE ? "0x00000000" : table.id);
}

/* What follows the image. */
static json_t *
end_whole_disk(const char *path, const GByteArray *drive, Progress *progress, GError **error)
{
    progress_begin(progress, "partition table", 0);
    table_tell_kernel(path);
    bool good =
        table_repair(path, error) && (drive == NULL || config_drive_write(path, drive, error));
    json_t *uuids = good ? disk_uuids(path, error) : NULL;
    if (uuids == NULL)
        as_write_error(error, "after the image was written");
    return uuids;
}

static json_t *
write_whole_disk(Agent *agent, const ImageInfo *info, const char *path, const GByteArray *drive,
                 Progress *progress, GError **error)
{
    return stream_to_disk(agent, info, path, progress, error)
               ? end_whole_disk(path, drive, progress, error)
               : NULL;
}

/* ---- both kinds ---- */

static void
wipe_remains(const char *path)
{
    g_autoptr(GError) error = NULL;
    if (!filesystem_wipe(path, &error))
        log_error(AREA, "the incomplete image could not be wiped: %s", error->message);
}

/* Wipes the disk first, and again after a failure. A partition image with preserve_ephemeral wipes
 * nothing. */
static json_t *
write_to(Agent *agent, const ImageInfo *info, const char *path, const GByteArray *drive,
         Progress *progress, GError **error)
{
    bool keeps = info->partition && partition_image_keeps_table(info);
    progress_begin(progress, "wipe", 0);
    if (!keeps && !filesystem_wipe(path, error)) {
        as_write_error(error, "wiping the disk");
        return NULL;
    }
    json_t *uuids = info->partition
                        ? partition_image_write(agent, info, path, drive, progress, error)
                        : write_whole_disk(agent, info, path, drive, progress, error);
    if (uuids == NULL && !keeps)
        wipe_remains(path);
    return uuids;
}

static void
remember(Agent *agent, const char *id, json_t *uuids)
{
    lock_acquire(&agent->lock);
    json_t *before = agent->partition_uuids;
    agent->partition_uuids = uuids;
    g_free(agent->cached_image);
    agent->cached_image = g_strdup(id);
    lock_release(&agent->lock);
    json_decref(before);
}

static bool
is_cached(Agent *agent, const char *id)
{
    lock_acquire(&agent->lock);
    bool cached = g_strcmp0(agent->cached_image, id) == 0;
    lock_release(&agent->lock);
    return cached;
}

/* Forgets the image on the disk. */
static void
forget(Agent *agent)
{
    remember(agent, NULL, NULL);
}

/* The message has the machine's name of the disk, without the agent's root. */
static json_t *
sentence(Agent *agent, const char *id, const char *what, const char *device)
{
    lock_acquire(&agent->lock);
    const char *root = json_string_member(agent->partition_uuids, "root uuid");
    const char *esp = json_string_member(agent->partition_uuids, "efi system partition uuid");
    json_t *text = json_sprintf(
        "image (%s) %s device %s root_uuid=%s%s%s", id, what, device, root != NULL ? root : "None",
        esp != NULL ? " efi_system_partition_uuid=" : "", esp != NULL ? esp : "");
    lock_release(&agent->lock);
    return text;
}

static bool
write_on(Agent *agent, const ImageInfo *info, const char *device, const char *configdrive,
         Progress *progress, GError **error)
{
    g_autofree char *path = agent_path(agent, device);
    GByteArray *drive =
        configdrive != NULL ? config_drive_read(agent, info, configdrive, error) : NULL;
    if (configdrive != NULL && drive == NULL)
        return false;
    forget(agent);
    json_t *uuids = write_to(agent, info, path, drive, progress, error);
    if (drive != NULL)
        g_byte_array_free(drive, TRUE);
    if (uuids == NULL)
        return false;
    remember(agent, info->id, uuids);
    return true;
}

/* Some services put the config drive into image_info. */
static const char *
find_configdrive(const ImageInfo *info, const char *given)
{
    return given != NULL ? given : json_string_member(info->json, "configdrive");
}

static json_t *
run(Agent *agent, const json_t *image_info, const char *configdrive, bool force, const char *done,
    Progress *progress, GError **error)
{
    ImageInfo info;
    if (!image_info_read(&info, image_info, error))
        return NULL;
    json_t *node = agent_node(agent);
    g_autofree char *device = choose_root_disk(agent, node, error);
    json_decref(node);
    if (device == NULL)
        return NULL;
    if (!force && is_cached(agent, info.id))
        return sentence(agent, info.id, "already present on", device);
    log_info(AREA, "image %s is written to %s", info.id, device);
    if (!write_on(agent, &info, device, find_configdrive(&info, configdrive), progress, error)) {
        g_prefix_error(error, "disk %s: ", device);
        return NULL;
    }
    return sentence(agent, info.id, done, device);
}

json_t *
write_image(Agent *agent, const json_t *image_info, const char *configdrive, Progress *progress,
            GError **error)
{
    return run(agent, image_info, configdrive, true, "written to", progress, error);
}

/* ---- images that the service writes ---- */

typedef struct Service {
    ImageInfo info;
    char *path;        /* owned: of the disk */
    GByteArray *drive; /* owned; NULL: none */
} Service;

static void
service_clear(Service *service)
{
    g_free(service->path);
    if (service->drive != NULL)
        g_byte_array_free(service->drive, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Service, service_clear)

static bool
service_read(Service *service, Agent *agent, const json_t *image_info, const char *configdrive,
             const char *device, GError **error)
{
    if (!image_info_read(&service->info, image_info, error))
        return false;
    if (!service->info.by_iscsi)
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                          "image_info is not of an image that comes by iSCSI");
    const char *given = find_configdrive(&service->info, configdrive);
    service->path = agent_path(agent, device);
    if (given != NULL)
        service->drive = config_drive_read(agent, &service->info, given, error);
    return given == NULL || service->drive != NULL;
}

bool
write_image_begin(Agent *agent, const json_t *image_info, const char *configdrive,
                  const char *device, Partition *root, Progress *progress, GError **error)
{
    g_auto(Service) service = {0};
    *root = (Partition){0};
    if (!service_read(&service, agent, image_info, configdrive, device, error))
        return false;
    forget(agent);
    bool keeps = service.info.partition && partition_image_keeps_table(&service.info);
    if (!keeps && !filesystem_wipe(service.path, error))
        return as_write_error(error, "wiping the disk");
    return !service.info.partition || partition_image_begin(agent, &service.info, service.path,
                                                            service.drive, root, progress, error);
}

json_t *
write_image_end(Agent *agent, const json_t *image_info, const char *configdrive, const char *device,
                Progress *progress, GError **error)
{
    g_auto(Service) service = {0};
    if (!service_read(&service, agent, image_info, configdrive, device, error))
        return NULL;
    json_t *uuids =
        service.info.partition
            ? partition_image_describe(agent, &service.info, service.path, service.drive, error)
            : end_whole_disk(service.path, service.drive, progress, error);
    if (uuids == NULL)
        return NULL;
    remember(agent, service.info.id, uuids);
    return sentence(agent, service.info.id, "written to", device);
}

json_t *
cache_image(Agent *agent, const json_t *image_info, const char *configdrive, bool force,
            Progress *progress, GError **error)
{
    return run(agent, image_info, configdrive, force, "cached to", progress, error);
}
