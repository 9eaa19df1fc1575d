/* The virtual drives of an iLO; the contract is in management/management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_management.h"
#include "drivers/ilo_node.h"
#include "drivers/management/attached_media.h"

#include <string.h>

/* An iLO has two drives; the one for floppies takes images of disks too. */
static const struct {
    IloMedium medium;
    const char *devices[2];
    const char *media_types[2]; /* in Redfish's words */
} drives[] = {
    {ILO_MEDIUM_FLOPPY, {"floppy", "disk"}, {"Floppy", "USBStick"}},
    {ILO_MEDIUM_CDROM, {"cdrom", "cdrom"}, {"CD", "DVD"}},
};

json_t *
ilo_management_get_virtual_media(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++) {
        g_auto(IloMediumStatus) status = {0};
        if (!ilo_get_medium(&ilo, drives[i].medium, &status, error)) {
            json_decref(list);
            return NULL;
        }
        g_autofree char *shown = attached_media_shown_url(status.url);
        json_array_append_new(list, json_pack("{s:[s,s], s:b, s:s?}", "media_types",
                                              drives[i].media_types[0], drives[i].media_types[1],
                                              "inserted", status.inserted, "image", shown));
    }
    return list;
}

static bool
drive_takes(size_t drive, const char *device)
{
    return strcmp(drives[drive].devices[0], device) == 0 ||
           strcmp(drives[drive].devices[1], device) == 0;
}

bool
ilo_management_attach_virtual_media(Task *task, const char *device, const char *url, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++)
        if (drive_takes(i, device))
            return ilo_insert_medium(&ilo, drives[i].medium, url, error);
    return steel_fail(error, STEEL_ERROR_INVALID, "an iLO has no virtual %.40s drive", device);
}

bool
ilo_management_detach_virtual_media(Task *task, const char *device, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (!ilo_node_open(task, &node, &ilo, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++)
        if ((device == NULL || drive_takes(i, device)) &&
            !ilo_eject_medium(&ilo, drives[i].medium, error))
            return false;
    return true;
}
