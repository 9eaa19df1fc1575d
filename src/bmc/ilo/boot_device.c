/* What the machine boots from; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

enum { DEVICES_MAX = 64 };

/* The words of RIBCL and of the JSON. */
static const struct {
    const char *ribcl, *json; /* NULL: none */
} words[ILO_BOOT_DEVICE_COUNT] = {
    [ILO_BOOT_NETWORK] = {"NETWORK", "Pxe"},   [ILO_BOOT_CDROM] = {"CDROM", "Cd"},
    [ILO_BOOT_DISK] = {"HDD", "Hdd"},          [ILO_BOOT_ISCSI] = {NULL, "UefiTarget"},
    [ILO_BOOT_UEFI_HTTP] = {NULL, "UefiHttp"},
};

static IloBootDevice
device_of_ribcl(const char *word)
{
    for (int i = 0; i < ILO_BOOT_DEVICE_COUNT; i++)
        if (words[i].ribcl != NULL && g_ascii_strcasecmp(words[i].ribcl, word) == 0)
            return (IloBootDevice)i;
    return ILO_BOOT_NONE;
}

static IloBootDevice
device_of_json(const char *word)
{
    for (int i = 0; i < ILO_BOOT_DEVICE_COUNT; i++)
        if (words[i].json != NULL && g_strcmp0(words[i].json, word) == 0)
            return (IloBootDevice)i;
    return ILO_BOOT_NONE;
}

/* A UEFI machine describes its devices, "HP iLO Virtual USB CD"; the others name them. */
static IloBootDevice
device_of_description(const IloBootWord *row, const char *description)
{
    while (row->word != NULL && strstr(description, row->word) == NULL)
        row++;
    return row->device;
}

/* ---- RIBCL ---- */

static IloBootDevice
device_of_entry(const RibclNode *entry)
{
    const char *description = ribcl_attribute(entry, "DESCRIPTION"),
               *value = ribcl_attribute(entry, "VALUE");
    if (description != NULL)
        return device_of_description(ilo_rest.boot_words, description);
    return value != NULL ? device_of_ribcl(value) : ILO_BOOT_NONE;
}

static bool
persistent_by_ribcl(const Ilo *ilo, RibclAnswer *answer, GError **error)
{
    static const RibclCommand command = {"SERVER_INFO", false, {"GET_PERSISTENT_BOOT", NULL, NULL}};
    return ilo_ribcl(ilo, &command, answer, error);
}

static bool
get_by_ribcl(const Ilo *ilo, IloBootDevice *device, bool *persistent, GError **error)
{
    static const RibclCommand command = {"SERVER_INFO", false, {"GET_ONE_TIME_BOOT", NULL, NULL}};
    g_auto(RibclAnswer) once = {0}, always = {0};
    if (!ilo_ribcl(ilo, &command, &once, error))
        return false;
    const char *word = ribcl_value(once.data, "BOOT_TYPE");
    if (word == NULL)
        word = ribcl_value(once.data, "DEVICE");
    *persistent = word == NULL || g_ascii_strcasecmp(word, "Normal") == 0;
    if (!*persistent) {
        *device = device_of_ribcl(word);
        return true;
    }
    if (!persistent_by_ribcl(ilo, &always, error))
        return false;
    const RibclNode *first = ribcl_child(always.data, "DEVICE");
    *device = first != NULL ? device_of_entry(first) : ILO_BOOT_NONE;
    return true;
}

static bool
set_once_by_ribcl(const Ilo *ilo, const char *word, GError **error)
{
    const char *const attributes[] = {"VALUE", word, NULL};
    const RibclCommand command = {"SERVER_INFO", true, {"SET_ONE_TIME_BOOT", attributes, NULL}};
    return ilo_ribcl(ilo, &command, NULL, error);
}

/* The order to send: the entries of the device first, then the others as they were. */
typedef struct Order {
    RibclElement devices[DEVICES_MAX + 1];
    const char *attributes[DEVICES_MAX][3];
    size_t count;
} Order;

static void
order_add(Order *order, const char *value)
{
    if (order->count == DEVICES_MAX)
        return;
    const char **attributes = order->attributes[order->count];
    attributes[0] = "VALUE";
    attributes[1] = value;
    order->devices[order->count++] = (RibclElement){"DEVICE", attributes, NULL};
}

static void
order_add_entries(Order *order, const RibclNode *list, IloBootDevice device, bool of_device)
{
    for (guint i = 0; list != NULL && list->children != NULL && i < list->children->len; i++) {
        const RibclNode *entry = list->children->pdata[i];
        const char *value = ribcl_attribute(entry, "VALUE");
        if (value != NULL && (device_of_entry(entry) == device) == of_device)
            order_add(order, value);
    }
}

static bool
set_always_by_ribcl(const Ilo *ilo, IloBootDevice device, GError **error)
{
    g_auto(RibclAnswer) now = {0};
    g_autofree Order *order = g_new0(Order, 1);
    if (!persistent_by_ribcl(ilo, &now, error))
        return false;
    order_add_entries(order, now.data, device, true);
    if (order->count == 0)
        return ilo_lacks(error, "such a boot device in its persistent order");
    order_add_entries(order, now.data, device, false);
    const RibclCommand command = {
        "SERVER_INFO", true, {"SET_PERSISTENT_BOOT", NULL, order->devices}};
    return ilo_ribcl(ilo, &command, NULL, error);
}

static bool
set_by_ribcl(const Ilo *ilo, IloBootDevice device, bool persistent, GError **error)
{
    const char *word = words[device].ribcl;
    if (word == NULL)
        return ilo_lacks(error, "this boot device");
    return persistent ? set_always_by_ribcl(ilo, device, error)
                      : set_once_by_ribcl(ilo, word, error);
}

/* ---- JSON ---- */

/* The first of UEFI's own order. */
static bool
first_of_order(const Ilo *ilo, IloBootDevice *device, GError **error)
{
    json_auto_t *bios = ilo_bios(ilo, error);
    json_auto_t *boot =
        bios == NULL ? NULL
                     : ilo_follow(ilo, bios, ilo->dialect->boot_order, "a boot order", NULL, error);
    if (boot == NULL)
        return false;
    const char *first =
        json_string_value(json_array_get(json_object_get(boot, "PersistentBootConfigOrder"), 0));
    const json_t *sources = json_object_get(boot, "BootSources"), *source;
    size_t i;
    *device = ILO_BOOT_NONE;
    json_array_foreach((json_t *)(uintptr_t)sources, i, source)
    {
        const char *name = json_string_member(source, "StructuredBootString"),
                   *text = json_string_member(source, "BootString");
        if (first == NULL || name == NULL || text == NULL || strcmp(name, first) != 0)
            continue;
        *device = device_of_description(ilo->dialect->boot_words, text);
        break;
    }
    return true;
}

static bool
get_by_json(const Ilo *ilo, IloBootDevice *device, bool *persistent, GError **error)
{
    json_auto_t *system = ilo_system(ilo, error);
    IloBootMode mode = ILO_MODE_UNKNOWN;
    if (system == NULL)
        return false;
    const char *enabled = ilo_text_at(system, "Boot/BootSourceOverrideEnabled");
    IloBootDevice target = device_of_json(ilo_text_at(system, "Boot/BootSourceOverrideTarget"));
    *persistent = g_strcmp0(enabled, "Once") != 0;
    *device = target;
    if (!*persistent || g_strcmp0(enabled, "Continuous") == 0)
        return true;
    *device = ILO_BOOT_NONE; /* in legacy mode the iLO does not tell the order */
    return ilo_get_boot_mode(ilo, &mode, error) &&
           (mode != ILO_MODE_UEFI || first_of_order(ilo, device, error));
}

static const char *
find_iscsi_entry(const json_t *targets)
{
    const json_t *entry;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)targets, i, entry)
    {
        const char *name = json_string_value(entry); /* some are null */
        if (name != NULL && strstr(name, "iSCSI") != NULL)
            return name;
    }
    return NULL;
}

bool
ilo_has_iscsi_entry(const Ilo *ilo, bool *there, GError **error)
{
    if (ilo->dialect == NULL)
        return ilo_lacks(error, "iSCSI boot by its firmware");
    json_auto_t *system = ilo_system(ilo, error);
    if (system == NULL)
        return false;
    *there = find_iscsi_entry(ilo_at(system, ilo->dialect->uefi_targets)) != NULL;
    return true;
}

/* The entry has to be chosen before UefiTarget is the device. */
static bool
choose_iscsi_entry(const Ilo *ilo, GError **error)
{
    json_auto_t *system = ilo_system(ilo, error);
    if (system == NULL)
        return false;
    const char *entry = find_iscsi_entry(ilo_at(system, ilo->dialect->uefi_targets));
    if (entry == NULL)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "No UEFI iSCSI bootable device found: the machine makes one in the "
                          "self-test (POST) after its iSCSI target was set");
    return ilo_patch(ilo, ilo->dialect->system,
                     json_pack("{s:{s:s}}", "Boot", "UefiTargetBootSourceOverride", entry), error);
}

static bool
set_by_json(const Ilo *ilo, IloBootDevice device, bool persistent, GError **error)
{
    if (words[device].json == NULL)
        return ilo_lacks(error, "this boot device");
    if (device == ILO_BOOT_ISCSI && !choose_iscsi_entry(ilo, error))
        return false;
    return ilo_patch(ilo, ilo->dialect->system,
                     json_pack("{s:{s:s,s:s}}", "Boot", "BootSourceOverrideTarget",
                               words[device].json, "BootSourceOverrideEnabled",
                               persistent ? "Continuous" : "Once"),
                     error);
}

/* ---- */

bool
ilo_get_boot_device(const Ilo *ilo, IloBootDevice *device, bool *persistent, GError **error)
{
    return ilo->dialect == NULL ? get_by_ribcl(ilo, device, persistent, error)
                                : get_by_json(ilo, device, persistent, error);
}

bool
ilo_set_boot_device(const Ilo *ilo, IloBootDevice device, bool persistent, GError **error)
{
    return ilo->dialect == NULL ? set_by_ribcl(ilo, device, persistent, error)
                                : set_by_json(ilo, device, persistent, error);
}
