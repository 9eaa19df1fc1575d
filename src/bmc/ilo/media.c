/* Virtual media; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

/* RIBCL's name of a drive, and a kind of medium that only this drive takes. */
static const struct {
    const char *name, *kind;
} media[ILO_MEDIUM_COUNT] = {
    [ILO_MEDIUM_FLOPPY] = {"FLOPPY", "Floppy"},
    [ILO_MEDIUM_CDROM] = {"CDROM", "CD"},
};

const char *
ilo_medium_name(IloMedium medium)
{
    return media[medium].name;
}

void
ilo_medium_status_clear(IloMediumStatus *status)
{
    if (status == NULL)
        return;
    g_free(status->url);
    *status = (IloMediumStatus){0};
}

/* ---- RIBCL ---- */

static bool
status_by_ribcl(const Ilo *ilo, IloMedium medium, IloMediumStatus *status, GError **error)
{
    const char *const attributes[] = {"DEVICE", media[medium].name, NULL};
    const RibclCommand get = {"RIB_INFO", false, {"GET_VM_STATUS", attributes, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, error))
        return false;
    const char *inserted = ribcl_attribute(answer.data, "IMAGE_INSERTED"),
               *url = ribcl_attribute(answer.data, "IMAGE_URL");
    *status = (IloMediumStatus){inserted != NULL && g_ascii_strcasecmp(inserted, "YES") == 0,
                                url != NULL && *url != '\0' ? g_strdup(url) : NULL};
    return true;
}

static bool
insert_by_ribcl(const Ilo *ilo, IloMedium medium, const char *url, GError **error)
{
    static const char *const connect[] = {"VALUE", "CONNECT", NULL}, *const protect[] = {
                                                                         "VALUE", "YES", NULL};
    static const RibclElement options[] = {
        {"VM_BOOT_OPTION", connect, NULL}, {"VM_WRITE_PROTECT", protect, NULL}, {0}};
    const char *const image[] = {"DEVICE", media[medium].name, "IMAGE_URL", url, NULL},
                      *const device[] = {"DEVICE", media[medium].name, NULL};
    const RibclCommand insert = {"RIB_INFO", true, {"INSERT_VIRTUAL_MEDIA", image, NULL}},
                       set = {"RIB_INFO", true, {"SET_VM_STATUS", device, options}};
    return ilo_ribcl(ilo, &insert, NULL, error) && ilo_ribcl(ilo, &set, NULL, error);
}

static bool
eject_by_ribcl(const Ilo *ilo, IloMedium medium, GError **error)
{
    const char *const device[] = {"DEVICE", media[medium].name, NULL};
    const RibclCommand eject = {"RIB_INFO", true, {"EJECT_VIRTUAL_MEDIA", device, NULL}};
    return ilo_ribcl(ilo, &eject, NULL, error);
}

static bool
boot_once_by_ribcl(const Ilo *ilo, bool once, GError **error)
{
    const char *const device[] = {"DEVICE", "CDROM", NULL}, *const value[] = {"VALUE",
                                                                              once ? "BOOT_ONCE"
                                                                                   : "NO_BOOT",
                                                                              NULL};
    const RibclElement options[] = {{"VM_BOOT_OPTION", value, NULL}, {0}};
    const RibclCommand set = {"RIB_INFO", true, {"SET_VM_STATUS", device, options}};
    return ilo_ribcl(ilo, &set, NULL, error);
}

/* ---- JSON ---- */

/* A drive that is looked for. */
typedef struct Drive {
    const char *kind;
    char *uri;    /* owned; NULL: not found */
    json_t *body; /* owned */
} Drive;

static void
drive_clear(Drive *drive)
{
    g_free(drive->uri);
    json_decref(drive->body);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Drive, drive_clear)

static bool
ilo_look_at_drive(void *user, const char *uri, const json_t *member)
{
    Drive *drive = user;
    const json_t *kinds = json_object_get(member, "MediaTypes"), *kind;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)kinds, i, kind)
    {
        const char *word = json_string_value(kind);
        if (word == NULL || uri == NULL || g_ascii_strcasecmp(word, drive->kind) != 0)
            continue;
        drive->uri = g_strdup(uri);
        drive->body = json_incref((json_t *)(uintptr_t)member);
        return false;
    }
    return true;
}

static bool
find_drive(const Ilo *ilo, IloMedium medium, Drive *drive, GError **error)
{
    drive->kind = media[medium].kind;
    json_auto_t *manager = ilo_fetch(ilo, ilo->dialect->manager, error);
    if (manager == NULL)
        return false;
    const char *collection = ilo_require_text(manager, ilo->dialect->media, "virtual media", error);
    if (collection == NULL || !ilo_each_member(ilo, collection, ilo_look_at_drive, drive, error))
        return false;
    return drive->uri != NULL || ilo_lacks(error, "such a virtual drive");
}

static bool
is_inserted(const Drive *drive)
{
    return json_is_true(json_object_get(drive->body, "Inserted"));
}

/* Redfish's action of a drive, or HPE's own; NULL: it has neither. */
static const char *
action_of(const Drive *drive, const char *standard, const char *own)
{
    const char *target = ilo_text_at(drive->body, standard);
    return target != NULL ? target : ilo_text_at(drive->body, own);
}

static bool
eject_drive(const Ilo *ilo, const Drive *drive, GError **error)
{
    if (!ilo->dialect->actions)
        return ilo_patch(ilo, drive->uri, json_pack("{s:n}", "Image"), error);
    const char *target = action_of(drive, "Actions/#VirtualMedia.EjectMedia/target",
                                   "Oem/Hpe/Actions/#HpeiLOVirtualMedia.EjectVirtualMedia/target");
    return target != NULL ? ilo_post(ilo, target, json_object(), error)
                          : ilo_lacks(error, "an action that ejects virtual media");
}

static bool
insert_into_drive(const Ilo *ilo, const Drive *drive, const char *url, GError **error)
{
    json_t *body = json_pack("{s:s}", "Image", url);
    if (!ilo->dialect->actions)
        return ilo_patch(ilo, drive->uri, body, error);
    const char *target = action_of(drive, "Actions/#VirtualMedia.InsertMedia/target",
                                   "Oem/Hpe/Actions/#HpeiLOVirtualMedia.InsertVirtualMedia/target");
    if (target != NULL)
        return ilo_post(ilo, target, body, error);
    json_decref(body);
    return ilo_lacks(error, "an action that inserts virtual media");
}

/* ---- */

bool
ilo_get_medium(const Ilo *ilo, IloMedium medium, IloMediumStatus *status, GError **error)
{
    if (ilo->dialect == NULL)
        return status_by_ribcl(ilo, medium, status, error);
    g_auto(Drive) drive = {0};
    if (!find_drive(ilo, medium, &drive, error))
        return false;
    const char *url = json_string_member(drive.body, "Image");
    *status =
        (IloMediumStatus){is_inserted(&drive), url != NULL && *url != '\0' ? g_strdup(url) : NULL};
    return true;
}

bool
ilo_insert_medium(const Ilo *ilo, IloMedium medium, const char *url, GError **error)
{
    if (ilo->dialect == NULL)
        return insert_by_ribcl(ilo, medium, url, error);
    g_auto(Drive) drive = {0};
    return find_drive(ilo, medium, &drive, error) &&
           (!is_inserted(&drive) || eject_drive(ilo, &drive, error)) &&
           insert_into_drive(ilo, &drive, url, error);
}

bool
ilo_eject_medium(const Ilo *ilo, IloMedium medium, GError **error)
{
    if (ilo->dialect == NULL) {
        g_auto(IloMediumStatus) status = {0};
        return status_by_ribcl(ilo, medium, &status, error) &&
               (!status.inserted || eject_by_ribcl(ilo, medium, error));
    }
    g_auto(Drive) drive = {0};
    return find_drive(ilo, medium, &drive, error) &&
           (!is_inserted(&drive) || eject_drive(ilo, &drive, error));
}

bool
ilo_boot_medium_once(const Ilo *ilo, bool once, GError **error)
{
    if (ilo->dialect == NULL)
        return boot_once_by_ribcl(ilo, once, error);
    g_auto(Drive) drive = {0};
    return find_drive(ilo, ILO_MEDIUM_CDROM, &drive, error) &&
           ilo_patch(
               ilo, drive.uri,
               json_pack("{s:{s:{s:b}}}", "Oem", ilo->dialect->oem, "BootOnNextServerReset", once),
               error);
}
