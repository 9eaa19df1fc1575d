/* What a machine with an iLO 5 can do, beside what ilo_inspect needs: under the names of Ironic's
 * capabilities. What cannot be read is left out; the contract is in ilo_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"
#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

#define AREA "bmc.ilo"

#define BYTES_PER_MIB ((int64_t)1 << 20)
#define DRIVE_MIB_MAX ((int64_t)1 << 40) /* so that bytes fit */

typedef struct Look {
    const Ilo *ilo;
    json_t *capabilities, *parameters; /* borrowed */
    IloDisks *disks;                   /* borrowed */
    int64_t gpus, gbits;               /* displays; of the fastest card */
} Look;

static void
set_true(json_t *capabilities, const char *name)
{
    json_object_set_new(capabilities, name, json_string("true"));
}

/* Visits what a link leads to. A link that is not there is nothing to tell. */
static void
look_at(const Look *look, const json_t *resource, const char *link, IloVisit visit)
{
    g_autoptr(GError) error = NULL;
    const char *uri = ilo_text_at(resource, link);
    if (uri != NULL && !ilo_each_member(look->ilo, uri, visit, (void *)(uintptr_t)look, &error))
        log_debug(AREA, "an inspection goes without %s: %s", uri, error->message);
}

static json_t *
fetch_link(const Look *look, const json_t *resource, const char *link)
{
    g_autoptr(GError) error = NULL;
    const char *uri = ilo_text_at(resource, link);
    json_t *body = uri != NULL ? ilo_fetch(look->ilo, uri, &error) : NULL;
    if (error != NULL)
        log_debug(AREA, "an inspection goes without %s: %s", uri, error->message);
    return body;
}

/* ---- the BIOS ---- */

static void
take_bios(const Look *look)
{
    static const struct {
        const char *path, *capability;
    } switches[] = {{"Attributes/ProcVirtualization", "cpu_vt"},
                    {"Attributes/Sriov", "sriov_enabled"}};
    g_autoptr(GError) error = NULL;
    json_auto_t *bios = ilo_bios(look->ilo, &error);
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
        if (g_strcmp0(ilo_text_at(bios, switches[i].path), "Enabled") == 0)
            set_true(look->capabilities, switches[i].capability);
}

/* ---- drives ---- */

void
ilo_take_drive(json_t *capabilities, const json_t *drive)
{
    static const int64_t speeds[] = {4800, 5400, 7200, 10000, 15000}; /* that have a capability */
    const char *type = json_string_member(drive, "MediaType"),
               *protocol = json_string_member(drive, "Protocol");
    int64_t speed = json_integer_value(json_object_get(drive, "RotationalSpeedRpm"));
    if (g_strcmp0(type, "SSD") == 0)
        set_true(capabilities, g_strcmp0(protocol, "NVMe") == 0 ? "has_nvme_ssd" : "has_ssd");
    if (g_strcmp0(type, "HDD") != 0)
        return;
    set_true(capabilities, "has_rotational");
    for (size_t i = 0; i < G_N_ELEMENTS(speeds); i++)
        if (speeds[i] == speed) {
            g_autofree char *name = g_strdup_printf("rotational_drive_%d_rpm", (int)speed);
            set_true(capabilities, name);
        }
}

static void
take_larger(int64_t *bytes, const json_t *drive)
{
    int64_t mib = json_integer_value(json_object_get(drive, "CapacityMiB"));
    *bytes = MAX(*bytes, CLAMP(mib, 0, DRIVE_MIB_MAX) * BYTES_PER_MIB);
}

static bool
ilo_look_at_drive(void *user, const char *uri, const json_t *member)
{
    const Look *look = user;
    (void)uri;
    take_larger(&look->disks->drive, member);
    ilo_take_drive(look->capabilities, member);
    return true;
}

static bool
ilo_look_at_logical_drive(void *user, const char *uri, const json_t *member)
{
    const Look *look = user;
    const char *level = json_string_member(member, "Raid");
    (void)uri;
    take_larger(&look->disks->volume, member);
    if (level == NULL || strlen(level) > 2 || strspn(level, "0123456789") != strlen(level))
        return true;
    g_autofree char *name = g_strconcat("logical_raid_level_", level, NULL);
    set_true(look->capabilities, name);
    return true;
}

static bool
ilo_look_at_controller(void *user, const char *uri, const json_t *member)
{
    const Look *look = user;
    (void)uri;
    set_true(look->capabilities, "hardware_supports_raid");
    look_at(look, member, "Links/LogicalDrives/@odata.id", ilo_look_at_logical_drive);
    look_at(look, member, "Links/PhysicalDrives/@odata.id", ilo_look_at_drive);
    return true;
}

/* ---- cards ---- */

/* "HPE Ethernet 10Gb 2-port 562T Adapter" */
static int64_t
gbits_in(const char *name)
{
    g_auto(GStrv) words = g_strsplit(name != NULL ? name : "", " ", 32);
    for (char **word = words; *word != NULL; word++)
        if (g_str_has_suffix(*word, "Gb"))
            return (int64_t)g_ascii_strtoull(*word, NULL, 10);
    return 0;
}

static bool
ilo_look_at_card(void *user, const char *uri, const json_t *member)
{
    enum { DISPLAY = 3 };
    static const int64_t displays[] = {0, 1, 2, 128};
    Look *look = user;
    const json_t *class = json_object_get(member, "ClassCode"),
                 *subclass = json_object_get(member, "SubclassCode");
    (void)uri;
    look->gbits = MAX(look->gbits, gbits_in(json_string_member(member, "Name")));
    for (size_t i = 0; json_is_integer(subclass) && i < G_N_ELEMENTS(displays); i++)
        look->gpus +=
            json_integer_value(class) == DISPLAY && json_integer_value(subclass) == displays[i];
    return true;
}

static void
take_cards(Look *look, const json_t *system)
{
    static const char link[] = "Oem/Hpe/Links/PCIDevices/@odata.id";
    if (ilo_text_at(system, link) == NULL)
        return;
    look_at(look, system, link, ilo_look_at_card);
    g_autofree char *gpus = g_strdup_printf("%d", (int)MIN(look->gpus, 1000)),
                    *speed = g_strdup_printf("%dGb", (int)MIN(look->gbits, 100000));
    json_object_set_new(look->capabilities, "pci_gpu_devices", json_string(gpus));
    json_object_set_new(look->capabilities, "nic_capacity", json_string(speed));
}

/* ---- security ---- */

static bool
ilo_look_at_security(void *user, const char *uri, const json_t *member)
{
    static const struct {
        const char *name, *capability;
    } wanted[] = {{"Last Firmware Scan Result", "last_firmware_scan_result"},
                  {"Security Override Switch", "security_override_switch"}};
    static const struct {
        const char *member, *name;
    } fields[] = {{"SecurityStatus", "security_status"},
                  {"State", "state"},
                  {"Ignore", "ignore"},
                  {"Description", "description"},
                  {"RecommendedAction", "recommended_action"}};
    const Look *look = user;
    const char *name = json_string_member(member, "Name");
    json_t *status = json_object_get(member, "SecurityStatus");
    (void)uri;
    if (name == NULL)
        return true;
    for (size_t i = 0; json_is_string(status) && i < G_N_ELEMENTS(wanted); i++)
        if (strcmp(name, wanted[i].name) == 0)
            json_object_set(look->capabilities, wanted[i].capability, status);
    json_t *row = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        json_object_set(row, fields[i].name, json_object_get(member, fields[i].member));
    json_object_set_new(look->parameters, name, row);
    return true;
}

static void
take_security(const Look *look, const json_t *manager)
{
    json_auto_t *service = fetch_link(look, manager, "Oem/Hpe/Links/SecurityService/@odata.id");
    json_auto_t *board = fetch_link(look, service, "Links/SecurityDashboard/@odata.id");
    json_t *status = json_object_get(board, "OverallSecurityStatus");
    if (json_is_string(status))
        json_object_set(look->capabilities, "overall_security_status", status);
    look_at(look, board, "SecurityParameters/@odata.id", ilo_look_at_security);
}

void
ilo_take_abilities(const Ilo *ilo, const json_t *system, const json_t *manager, json_t *found,
                   IloDisks *disks)
{
    json_t *parameters = json_object();
    Look look = {ilo, json_object_get(found, "capabilities"), parameters, disks, 0, 0};
    json_auto_t *storage = fetch_link(&look, system, "Oem/Hpe/Links/SmartStorage/@odata.id");
    take_bios(&look);
    look_at(&look, storage, "Links/ArrayControllers/@odata.id", ilo_look_at_controller);
    take_cards(&look, system);
    take_security(&look, manager);
    if (json_object_size(parameters) > 0)
        json_object_set(found, "security_parameters", parameters);
    json_decref(parameters);
}
