/* What a machine has; the contract is in ilo.h. Machines with an iLO 4 tell it by RIBCL, later ones
 * by Redfish.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "common/json_text.h"

#include <string.h>

enum { MIB_PER_GIB = 1024, MACHINE_MB_MAX = 1 << 30 };

static void
set_capability(json_t *found, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_new(json_object_get(found, "capabilities"), name, json_string(value));
}

static void
set_number(json_t *found, const char *name, int64_t number)
{
    if (number > 0)
        json_object_set_new(found, name, json_integer(number));
}

/* ---- GET_EMBEDDED_HEALTH ---- */

static int64_t
leading_number(const char *text)
{
    return text != NULL ? (int64_t)g_ascii_strtoull(text, NULL, 10) : 0;
}

/* "16 GB", "512 MB", "2 TB" in MiB; 0: "N/A". */
static int64_t
size_mb(const char *text)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"TB", MIB_PER_GIB * MIB_PER_GIB}, {"GB", MIB_PER_GIB}, {"MB", 1}};
    int64_t number = MIN(leading_number(text), MACHINE_MB_MAX);
    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(units); i++)
        if (strstr(text, units[i].unit) != NULL)
            return number * units[i].factor;
    return 0;
}

static const RibclNode *
nth(const RibclNode *node, guint i)
{
    return node != NULL && node->children != NULL && i < node->children->len
               ? node->children->pdata[i]
               : NULL;
}

static int64_t
memory_of(const RibclNode *health)
{
    const RibclNode *summary = ribcl_child(ribcl_child(health, "MEMORY"), "MEMORY_DETAILS_SUMMARY");
    int64_t sum = 0;
    const RibclNode *of_processor;
    for (guint i = 0; (of_processor = nth(summary, i)) != NULL; i++)
        sum += size_mb(ribcl_value(of_processor, "TOTAL_MEMORY_SIZE"));
    return sum;
}

/* "8/8 cores; 16 threads" */
static int64_t
threads_in(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ";", 8);
    for (char **part = parts; *part != NULL; part++)
        if (strstr(*part, "thread") != NULL)
            return leading_number(g_strstrip(*part));
    return 0;
}

static int64_t
threads_of(const RibclNode *health)
{
    const RibclNode *processors = ribcl_child(health, "PROCESSORS"), *processor, *detail;
    int64_t sum = 0;
    for (guint i = 0; (processor = nth(processors, i)) != NULL; i++)
        for (guint j = 0; (detail = nth(processor, j)) != NULL; j++) {
            const char *value = ribcl_attribute(detail, "VALUE");
            sum += value != NULL ? threads_in(value) : 0;
        }
    return sum;
}

/* The smallest logical drive in GiB, less one for rounding, as Ironic counts. */
static int64_t
disk_of(const RibclNode *health)
{
    const RibclNode *storage = ribcl_child(health, "STORAGE"), *controller, *drive;
    int64_t smallest = 0;
    for (guint i = 0; (controller = nth(storage, i)) != NULL; i++)
        for (guint j = 0; (drive = nth(controller, j)) != NULL; j++) {
            int64_t size = g_ascii_strcasecmp(drive->name, "LOGICAL_DRIVE") == 0
                               ? size_mb(ribcl_value(drive, "CAPACITY")) / MIB_PER_GIB
                               : 0;
            if (size > 1 && (smallest == 0 || size < smallest))
                smallest = size;
        }
    return smallest > 0 ? smallest - 1 : 0;
}

static json_t *
macs_of(const RibclNode *health)
{
    const RibclNode *cards = ribcl_child(health, "NIC_INFORMATION"), *card;
    json_t *macs = json_object();
    for (guint i = 0; (card = nth(cards, i)) != NULL; i++) {
        const char *place = ribcl_value(card, "LOCATION"),
                   *port = ribcl_value(card, "NETWORK_PORT"),
                   *mac = ribcl_value(card, "MAC_ADDRESS");
        if (place != NULL && g_ascii_strcasecmp(place, "Embedded") == 0 && port != NULL &&
            mac != NULL)
            json_object_set_new(macs, port, json_string(mac));
    }
    return macs;
}

static void
take_firmware(const RibclNode *health, json_t *found)
{
    static const struct {
        const char *name, *capability;
    } wanted[] = {{"iLO", "ilo_firmware_version"},
                  {"HP ProLiant System ROM", "rom_firmware_version"}};
    const RibclNode *list = ribcl_child(health, "FIRMWARE_INFORMATION"), *entry;
    for (guint i = 0; (entry = nth(list, i)) != NULL; i++) {
        const char *name = ribcl_value(entry, "FIRMWARE_NAME");
        for (size_t row = 0; name != NULL && row < G_N_ELEMENTS(wanted); row++)
            if (strcmp(name, wanted[row].name) == 0)
                set_capability(found, wanted[row].capability,
                               ribcl_value(entry, "FIRMWARE_VERSION"));
    }
}

static bool
take_health(const Ilo *ilo, json_t *found, GError **error)
{
    static const RibclCommand get = {"SERVER_INFO", false, {"GET_EMBEDDED_HEALTH", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, error))
        return false;
    set_number(found, "memory_mb", memory_of(answer.data));
    set_number(found, "cpus", threads_of(answer.data));
    set_number(found, "local_gb", disk_of(answer.data));
    json_object_set_new(found, "macs", macs_of(answer.data));
    take_firmware(answer.data, found);
    return true;
}

/* ---- Redfish ---- */

static bool
ilo_look_at_processor(void *user, const char *uri, const json_t *member)
{
    json_t *found = user;
    const char *architecture = json_string_member(member, "ProcessorArchitecture");
    int64_t threads = json_integer_value(json_object_get(member, "TotalThreads"));
    (void)uri;
    set_number(found, "cpus", json_integer_value(json_object_get(found, "cpus")) + threads);
    if (architecture != NULL && g_ascii_strcasecmp(architecture, "ARM") == 0)
        json_object_set_new(found, "cpu_arch", json_string("aarch64"));
    return true;
}

static bool
ilo_look_at_interface(void *user, const char *uri, const json_t *member)
{
    const char *mac = json_string_member(member, "MACAddress"),
               *id = json_string_member(member, "Id"),
               *health = ilo_text_at(member, "Status/Health"),
               *state = ilo_text_at(member, "Status/State");
    (void)uri;
    if (mac == NULL || id == NULL || g_strcmp0(health, "OK") != 0 ||
        g_strcmp0(state, "Enabled") != 0)
        return true;
    g_autofree char *key = g_strdup_printf("Port %s", id);
    json_object_set_new(user, key, json_string(mac));
    return true;
}

/* What a look at the storage goes with. */
typedef struct Largest {
    const Ilo *ilo;
    json_t *capabilities; /* borrowed */
    IloDisks *disks;      /* borrowed */
    GError *error;        /* owned */
} Largest;

static void
take_larger(int64_t *bytes, const json_t *member)
{
    *bytes = MAX(*bytes, json_integer_value(json_object_get(member, "CapacityBytes")));
}

static bool
ilo_look_at_volume(void *user, const char *uri, const json_t *member)
{
    Largest *largest = user;
    (void)uri;
    take_larger(&largest->disks->volume, member);
    return true;
}

static bool
ilo_look_at_storage(void *user, const char *uri, const json_t *member)
{
    Largest *largest = user;
    const char *volumes = ilo_text_at(member, "Volumes/@odata.id");
    const json_t *drives = json_object_get(member, "Drives"), *drive;
    size_t i;
    (void)uri;
    if (volumes != NULL &&
        !ilo_each_member(largest->ilo, volumes, ilo_look_at_volume, largest, &largest->error))
        return false;
    json_array_foreach((json_t *)(uintptr_t)drives, i, drive)
    {
        const char *link = json_string_member(drive, "@odata.id");
        json_auto_t *body =
            link != NULL && i < 64 ? ilo_fetch(largest->ilo, link, &largest->error) : NULL;
        if (largest->error != NULL)
            return false;
        take_larger(&largest->disks->drive, body);
        ilo_take_drive(largest->capabilities, body);
    }
    return true;
}

/* Visits the members of a collection that the system links, if it has one. */
static bool
each_of(const Ilo *ilo, const json_t *system, const char *link, IloVisit visit, void *user,
        GError **error)
{
    const char *uri = ilo_text_at(system, link);
    return uri == NULL || ilo_each_member(ilo, uri, visit, user, error);
}

static bool
take_disks(const Ilo *ilo, const json_t *system, json_t *found, IloDisks *disks, GError **error)
{
    Largest largest = {ilo, json_object_get(found, "capabilities"), disks, NULL};
    if (!each_of(ilo, system, "Storage/@odata.id", ilo_look_at_storage, &largest, error)) {
        g_clear_error(&largest.error);
        return false;
    }
    if (largest.error != NULL) {
        g_propagate_error(error, largest.error);
        return false;
    }
    return true;
}

static bool
take_system(const Ilo *ilo, const json_t *system, json_t *found, GError **error)
{
    const json_t *memory = ilo_at(system, "MemorySummary/TotalSystemMemoryGiB");
    json_t *macs = json_object();
    json_object_set_new(found, "macs", macs);
    set_number(
        found, "memory_mb",
        (int64_t)(CLAMP(json_number_value(memory), 0, MACHINE_MB_MAX / MIB_PER_GIB) * MIB_PER_GIB));
    set_capability(found, "rom_firmware_version",
                   ilo_text_at(system, "Oem/Hpe/Bios/Current/VersionString"));
    return each_of(ilo, system, "Processors/@odata.id", ilo_look_at_processor, found, error) &&
           each_of(ilo, system, "EthernetInterfaces/@odata.id", ilo_look_at_interface, macs, error);
}

static bool
take_redfish(const Ilo *ilo, json_t *found, GError **error)
{
    json_auto_t *system = ilo_system(ilo, error);
    json_auto_t *manager = system != NULL ? ilo_fetch(ilo, ilo->dialect->manager, error) : NULL;
    IloDisks disks = {0, 0};
    if (manager == NULL || !take_system(ilo, system, found, error) ||
        !take_disks(ilo, system, found, &disks, error))
        return false;
    set_capability(found, "ilo_firmware_version", json_string_member(manager, "FirmwareVersion"));
    ilo_take_abilities(ilo, system, manager, found, &disks);
    set_number(found, "local_gb", ((disks.volume > 0 ? disks.volume : disks.drive) >> 30) - 1);
    return true;
}

/* ---- what both have ---- */

/* True also if the machine does not have it: then *has is false. */
static bool
has_secure_boot(const Ilo *ilo, bool *has, GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool on = false;
    *has = ilo_get_secure_boot(ilo, &on, &cause);
    if (*has || steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
take_capabilities(const Ilo *ilo, json_t *found, GError **error)
{
    bool legacy = false, uefi = false, secure = false, iscsi = false;
    g_autofree char *model = ilo_get_model(ilo, error);
    if (model == NULL || !ilo_get_supported_boot_modes(ilo, &legacy, &uefi, error) ||
        !has_secure_boot(ilo, &secure, error) || !ilo_can_boot_iscsi(ilo, &iscsi, error))
        return false;
    set_capability(found, "server_model", model);
    set_capability(found, "boot_mode_bios", legacy ? "true" : "false");
    set_capability(found, "boot_mode_uefi", uefi ? "true" : "false");
    set_capability(found, "secure_boot", secure ? "true" : NULL);
    set_capability(found, "iscsi_boot", iscsi ? "true" : NULL);
    return true;
}

json_t *
ilo_inspect(const Ilo *ilo, GError **error)
{
    json_t *found = json_pack("{s:s,s:{}}", "cpu_arch", "x86_64", "capabilities");
    bool redfish = ilo->dialect != NULL && ilo->dialect->actions;
    bool good = redfish ? take_redfish(ilo, found, error) : take_health(ilo, found, error);
    if (good && take_capabilities(ilo, found, error))
        return found;
    json_decref(found);
    return NULL;
}
