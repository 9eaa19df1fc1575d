/* The virtual drives of machines behind Redfish; the contract is in management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/redfish_media_drives.h"

#include "bmc/redfish/media.h"
#include "common/json_text.h"
#include "drivers/management/attached_media.h"
#include "drivers/redfish_node.h"

#include <string.h>

static const struct {
    const char *device;
    RedfishMedia media;
} drives[] = {
    {"cdrom",  REDFISH_MEDIA_CD},
    {"floppy", REDFISH_MEDIA_FLOPPY},
    {"disk",   REDFISH_MEDIA_USB},
};

json_t *
redfish_drives_get(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return NULL;
    json_t *list = redfish_media_list(&visit.bmc, &visit.system, error), *drive;
    size_t i;
    json_array_foreach(list, i, drive)
    {
        g_autofree char *shown = attached_media_shown_url(json_string_member(drive, "image"));
        json_object_set_new(drive, "image", shown != NULL ? json_string(shown) : json_null());
    }
    return list;
}

bool
redfish_drives_attach(Task *task, const char *device, const char *url, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++)
        if (strcmp(drives[i].device, device) == 0)
            return redfish_media_insert(&visit.bmc, &visit.system, drives[i].media, url, error);
    return steel_fail(error, STEEL_ERROR_INVALID, "there is no virtual %.40s drive", device);
}

bool
redfish_drives_detach(Task *task, const char *device, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    if (!redfish_visit_begin(task, &visit, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++)
        if ((device == NULL || strcmp(drives[i].device, device) == 0) &&
            !redfish_media_eject(&visit.bmc, &visit.system, drives[i].media, error))
            return false;
    return true;
}
