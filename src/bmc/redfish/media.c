/* Virtual media by action or by PATCH, as the BMC has it; the contract is in media.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/media.h"

#include "common/backoff.h"

#include <string.h>

enum { DRIVES_MAX = 16, INSERT_TRIES = 3, INSERT_PAUSE_MS = 3000 };

static const char insert_action[] = "#VirtualMedia.InsertMedia";
static const char eject_action[] = "#VirtualMedia.EjectMedia";

/* MediaTypes of a drive that take an image of this kind. */
static const char *const media_types[][3] = {
    [REDFISH_MEDIA_CD] = {"CD", "DVD"},
    [REDFISH_MEDIA_FLOPPY] = {"USBStick", "Floppy"},
    [REDFISH_MEDIA_USB] = {"USBStick"},
};
static const char *const media_words[] = {[REDFISH_MEDIA_CD] = "CD",
                                          [REDFISH_MEDIA_FLOPPY] = "floppy",
                                          [REDFISH_MEDIA_USB] = "USB stick"};

static bool
takes(const json_t *drive, RedfishMedia kind)
{
    const json_t *type;
    size_t i;
    json_array_foreach(json_object_get(drive, "MediaTypes"), i,
                       type) for (const char *const *wanted = media_types[kind]; *wanted != NULL;
                                  wanted++) if (g_strcmp0(json_string_value(type), *wanted) ==
                                                0) return true;
    return false;
}

/* The collection hangs on the system (newer services) or on the manager of the system. NULL without
 * an error: there is none. */
static char *
collection_path(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    const json_t *links = json_object_get(system->document, "Links");
    char *own = redfish_link(system->document, "VirtualMedia");
    if (own != NULL)
        return own;
    g_autoptr(GPtrArray) managers = redfish_links(json_object_get(links, "ManagedBy"));
    for (guint i = 0; i < managers->len; i++) {
        json_auto_t *manager = redfish_get(bmc, managers->pdata[i], error);
        if (manager == NULL)
            return NULL;
        char *path = redfish_link(manager, "VirtualMedia");
        if (path != NULL)
            return path;
    }
    return NULL;
}

/* The system's drives; a new array, empty if it has none. */
static json_t *
drives_of(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = collection_path(bmc, system, &cause);
    if (path != NULL)
        return redfish_get_members(bmc, path, DRIVES_MAX, error);
    if (cause == NULL)
        return json_array();
    g_propagate_error(error, g_steal_pointer(&cause));
    return NULL;
}

/* What is in the drive, or NULL. Some BMCs say only that something is. */
static const char *
image_in(const json_t *drive)
{
    const char *image = json_string_member(drive, "Image");
    if (image != NULL && image[0] != '\0')
        return image;
    return json_is_true(json_object_get(drive, "Inserted")) ? "" : NULL;
}

static char *
drive_path(const json_t *drive)
{
    return redfish_path(json_string_member(drive, "@odata.id"));
}

/* ---- inserting ---- */

static bool
insert_by_action(const RedfishBmc *bmc, const char *target, const char *url, GError **error)
{
    g_auto(RedfishAnswer) answer = {0};
    g_autoptr(GError) cause = NULL;
    json_auto_t *body = json_pack("{s:s}", "Image", url);
    if (redfish_post(bmc, target, body, &answer, &cause))
        return true;
    if (!redfish_answer_names(&answer, "ActionParameterMissing", "/TransferProtocolType")) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    bool secure = g_str_has_prefix(url, "https:");
    json_object_set_new(body, "TransferProtocolType", json_string(secure ? "HTTPS" : "HTTP"));
    return redfish_post(bmc, target, body, NULL, error);
}

static bool
insert_into(const RedfishBmc *bmc, const json_t *drive, const char *url, GError **error)
{
    g_autofree char *target = redfish_action_target(drive, insert_action);
    if (target != NULL)
        return insert_by_action(bmc, target, url, error);
    g_autofree char *path = drive_path(drive);
    json_auto_t *body =
        json_pack("{s:s, s:b, s:b}", "Image", url, "Inserted", 1, "WriteProtected", 1);
    return path != NULL && redfish_patch(bmc, path, body, error);
}

static bool
insert_patiently(const RedfishBmc *bmc, const json_t *drive, const char *url, GError **error)
{
    Backoff backoff = {INSERT_PAUSE_MS, INSERT_PAUSE_MS, bmc->limit_ms, NULL};
    for (int tries = 1;; tries++) {
        g_autoptr(GError) cause = NULL;
        if (insert_into(bmc, drive, url, &cause))
            return true;
        if (tries < INSERT_TRIES && steel_error_is(cause, STEEL_ERROR_BMC_BUSY) &&
            backoff_pause(&backoff))
            continue;
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
}

/* ---- ejecting ---- */

static bool
eject_from(const RedfishBmc *bmc, const json_t *drive, GError **error)
{
    g_autofree char *target = redfish_action_target(drive, eject_action);
    if (target != NULL)
        return redfish_post(bmc, target, NULL, NULL, error);
    g_autofree char *path = drive_path(drive);
    json_auto_t *body = json_pack("{s:n, s:b}", "Image", "Inserted", 0);
    return path == NULL || redfish_patch(bmc, path, body, error);
}

/* How well a drive suits, -1: not at all. A free one is better than one in use; what takes CDs too
 * is left to them. */
static int
suits(const json_t *drive, RedfishMedia kind)
{
    if (!takes(drive, kind))
        return -1;
    bool is_free = image_in(drive) == NULL;
    bool apart = kind == REDFISH_MEDIA_CD || !takes(drive, REDFISH_MEDIA_CD);
    return (is_free ? 2 : 0) + (apart ? 1 : 0);
}

/* NULL: there is none. */
static const json_t *
choose_drive(const json_t *drives, RedfishMedia kind)
{
    const json_t *drive, *best = NULL;
    size_t i;
    json_array_foreach(drives, i, drive)
    {
        if (suits(drive, kind) > (best != NULL ? suits(best, kind) : -1))
            best = drive;
    }
    return best;
}

static bool
holds(const json_t *drives, RedfishMedia kind, const char *url)
{
    const json_t *drive;
    size_t i;
    json_array_foreach(drives, i, drive) if (takes(drive, kind) &&
                                             g_strcmp0(image_in(drive), url) == 0) return true;
    return false;
}

bool
redfish_media_insert(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                     const char *url, GError **error)
{
    json_auto_t *drives = drives_of(bmc, system, error);
    if (drives == NULL)
        return false;
    if (holds(drives, kind, url))
        return true;
    const json_t *drive = choose_drive(drives, kind);
    if (drive == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "No suitable virtual media device found: the BMC of system %s has no "
                          "virtual %s drive",
                          system->path, media_words[kind]);
    if (image_in(drive) != NULL && !eject_from(bmc, drive, error))
        return false;
    return insert_patiently(bmc, drive, url, error);
}

bool
redfish_media_eject(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                    GError **error)
{
    json_auto_t *drives = drives_of(bmc, system, error);
    const json_t *drive;
    size_t i;
    json_array_foreach(drives, i, drive) if (takes(drive, kind) && image_in(drive) != NULL &&
                                             !eject_from(bmc, drive, error)) return false;
    return drives != NULL;
}

bool
redfish_media_is_in(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind, bool *in,
                    GError **error)
{
    json_auto_t *drives = drives_of(bmc, system, error);
    const json_t *drive;
    size_t i;
    if (drives == NULL)
        return false;
    *in = false;
    json_array_foreach(drives, i, drive)
    {
        *in = *in || (takes(drive, kind) && image_in(drive) != NULL);
    }
    return true;
}

bool
redfish_media_exists(const RedfishBmc *bmc, const RedfishSystem *system, RedfishMedia kind,
                     GError **error)
{
    json_auto_t *drives = drives_of(bmc, system, error);
    return choose_drive(drives, kind) != NULL;
}

static json_t *
text_array(const json_t *from)
{
    json_t *texts = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(from, i, item)
    {
        if (json_is_string(item))
            json_array_append(texts, item);
    }
    return texts;
}

json_t *
redfish_media_list(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    json_auto_t *drives = drives_of(bmc, system, error);
    const json_t *drive;
    size_t i;
    if (drives == NULL)
        return NULL;
    json_t *list = json_array();
    json_array_foreach(drives, i, drive)
    {
        json_array_append_new(list, json_pack("{s:o, s:b, s:s?}", "media_types",
                                              text_array(json_object_get(drive, "MediaTypes")),
                                              "inserted", image_in(drive) != NULL, "image",
                                              json_string_member(drive, "Image")));
    }
    return list;
}
