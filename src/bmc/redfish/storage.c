/* Reads and changes RAID volumes; the contract is in storage.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/storage.h"

#include <string.h>

enum { CONTROLLERS_MAX = 32, DRIVES_MAX = 256, VOLUMES_MAX = 256 };

static void
storage_free(gpointer pointer)
{
    RedfishStorage *storage = pointer;
    g_free(storage->id);
    g_free(storage->name);
    g_free(storage->volumes_path);
    g_free(storage);
}

static void
drive_free(gpointer pointer)
{
    RedfishDrive *drive = pointer;
    g_free(drive->id);
    g_free(drive->path);
    g_free(drive->media_type);
    g_free(drive->protocol);
    g_free(drive);
}

static void
volume_free(gpointer pointer)
{
    RedfishVolume *volume = pointer;
    g_free(volume->id);
    g_free(volume->path);
    g_free(volume->name);
    g_free(volume->raid_type);
    g_free(volume);
}

void
redfish_storages_clear(RedfishStorages *storages)
{
    g_clear_pointer(&storages->controllers, g_ptr_array_unref);
    g_clear_pointer(&storages->drives, g_ptr_array_unref);
    g_clear_pointer(&storages->volumes, g_ptr_array_unref);
}

/* ---- documents ---- */

static char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_member(object, name);
    return text != NULL && *text != '\0' ? g_strdup(text) : NULL;
}

static int64_t
bytes_of(const json_t *object)
{
    double bytes = json_number_value(json_object_get(object, "CapacityBytes"));
    return bytes > 0 && bytes < 9e15 ? (int64_t)bytes : 0;
}

/* False for hardware that says of itself that it makes no RAID: an empty list. */
static bool
makes_raid(const json_t *storage)
{
    const json_t *controllers = json_object_get(storage, "StorageControllers");
    const json_t *types = json_object_get(json_array_get(controllers, 0), "SupportedRAIDTypes");
    return !json_is_array(types) || json_array_size(types) > 0;
}

/* At once where the controller can, as a machine then need not start again. */
static const char *
apply_time_of(const json_t *volumes)
{
    static const char *const times[] = {"Immediate", "OnReset"};
    const json_t *support = json_object_get(volumes, "@Redfish.OperationApplyTimeSupport");
    const json_t *values = json_object_get(support, "SupportedValues"), *value;
    size_t j;
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++)
        json_array_foreach(values, j, value) if (g_strcmp0(json_string_value(value), times[i]) ==
                                                 0) return times[i];
    return NULL;
}

static RedfishDrive *
drive_of(const json_t *document, const char *path, unsigned storage)
{
    RedfishDrive *drive = g_new0(RedfishDrive, 1);
    *drive = (RedfishDrive){.id = text_of(document, "Id"),
                            .path = g_strdup(path),
                            .media_type = text_of(document, "MediaType"),
                            .protocol = text_of(document, "Protocol"),
                            .bytes = bytes_of(document),
                            .storage = storage};
    if (drive->id == NULL)
        drive->id = g_path_get_basename(path);
    return drive;
}

static RedfishVolume *
volume_of(const json_t *document, const char *path, unsigned storage)
{
    RedfishVolume *volume = g_new0(RedfishVolume, 1);
    *volume = (RedfishVolume){.id = text_of(document, "Id"),
                              .path = g_strdup(path),
                              .name = text_of(document, "Name"),
                              .raid_type = text_of(document, "RAIDType"),
                              .bytes = bytes_of(document),
                              .storage = storage};
    if (volume->id == NULL)
        volume->id = g_path_get_basename(path);
    return volume;
}

/* ---- reading ---- */

static bool
read_drives(const RedfishBmc *bmc, const json_t *storage, RedfishStorages *out, GError **error)
{
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(storage, "Drives"));
    for (guint i = 0; i < paths->len && out->drives->len < DRIVES_MAX; i++) {
        json_auto_t *document = redfish_get(bmc, paths->pdata[i], error);
        if (document == NULL)
            return false;
        g_ptr_array_add(out->drives,
                        drive_of(document, paths->pdata[i], out->controllers->len - 1));
    }
    return true;
}

static void
mark_used(RedfishStorages *out, const json_t *volume)
{
    const json_t *links = json_object_get(volume, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "Drives"));
    for (guint i = 0; i < paths->len; i++)
        for (guint j = 0; j < out->drives->len; j++) {
            RedfishDrive *drive = out->drives->pdata[j];
            if (g_ascii_strcasecmp(drive->path, paths->pdata[i]) == 0)
                drive->used = true;
        }
}

/* Plain disks that a controller hands through are volumes too, without a RAIDType. */
static bool
read_volumes(const RedfishBmc *bmc, RedfishStorage *storage, RedfishStorages *out, GError **error)
{
    json_auto_t *collection = redfish_get(bmc, storage->volumes_path, error);
    if (collection == NULL)
        return false;
    storage->apply_time = apply_time_of(collection);
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(collection, "Members"));
    for (guint i = 0; i < paths->len && out->volumes->len < VOLUMES_MAX; i++) {
        json_auto_t *document = redfish_get(bmc, paths->pdata[i], error);
        if (document == NULL)
            return false;
        RedfishVolume *volume = volume_of(document, paths->pdata[i], out->controllers->len - 1);
        g_ptr_array_add(out->volumes, volume);
        if (volume->raid_type != NULL)
            mark_used(out, document);
    }
    return true;
}

static bool
read_controller(const RedfishBmc *bmc, const json_t *document, RedfishStorages *out, GError **error)
{
    RedfishStorage *storage = g_new0(RedfishStorage, 1);
    storage->id = text_of(document, "Id");
    storage->name = text_of(document, "Name");
    storage->volumes_path = redfish_link(document, "Volumes");
    if (storage->id == NULL)
        storage->id = g_strdup("");
    g_ptr_array_add(out->controllers, storage);
    return read_drives(bmc, document, out, error) &&
           (storage->volumes_path == NULL || read_volumes(bmc, storage, out, error));
}

static bool
read_all(const RedfishBmc *bmc, const char *path, RedfishStorages *out, GError **error)
{
    json_auto_t *members = redfish_get_members(bmc, path, CONTROLLERS_MAX, error);
    const json_t *member;
    size_t i;
    json_array_foreach(members, i,
                       member) if (makes_raid(member) &&
                                   !read_controller(bmc, member, out, error)) return false;
    return members != NULL;
}

bool
redfish_storages_read(const RedfishBmc *bmc, const RedfishSystem *system, RedfishStorages *out,
                      GError **error)
{
    *out = (RedfishStorages){0};
    g_autofree char *path = redfish_link(system->document, "Storage");
    if (path == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED, "system %s tells no Storage",
                          system->path);
    out->controllers = g_ptr_array_new_with_free_func(storage_free);
    out->drives = g_ptr_array_new_with_free_func(drive_free);
    out->volumes = g_ptr_array_new_with_free_func(volume_free);
    if (read_all(bmc, path, out, error))
        return true;
    redfish_storages_clear(out);
    return false;
}

/* ---- changing ---- */

static json_t *
body_with_time(const json_t *volume, const char *apply_time)
{
    json_t *body = volume != NULL ? json_deep_copy(volume) : json_object();
    if (apply_time != NULL)
        json_object_set_new(body, "@Redfish.OperationApplyTime", json_string(apply_time));
    return body;
}

bool
redfish_volume_create(const RedfishBmc *bmc, const char *path, const json_t *volume,
                      const char *apply_time, char **monitor, GError **error)
{
    json_auto_t *body = body_with_time(volume, apply_time);
    return redfish_request_begin(bmc, "POST", path, body, monitor, error);
}

/* A request to delete has a body only where it says when. */
bool
redfish_volume_delete(const RedfishBmc *bmc, const char *path, const char *apply_time,
                      char **monitor, GError **error)
{
    json_auto_t *body = apply_time != NULL ? body_with_time(NULL, apply_time) : NULL;
    return redfish_request_begin(bmc, "DELETE", path, body, monitor, error);
}
