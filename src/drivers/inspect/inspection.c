/* What is made of an inventory; the contract is in inspection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspection.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/inventory.h"
#include "drivers/inspect/hooks.h"
#include "drivers/inspect/rules.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.inspect"
/* Of cards, VLANs and bonds; more is no machine. */
#define INTERFACES_LIMIT 256

static bool
ramdisk_error_prepare(Inspection *inspection, GError **error)
{
    const json_t *said = json_object_get(inspection->plugin_data, "error");
    if (json_is_nothing(said))
        return true;
    g_autofree char *other = json_is_string(said) ? NULL : json_text_dump(said);
    return steel_fail(error, STEEL_ERROR_INVALID, "the ramdisk reports: %.1000s",
                      other != NULL ? other : json_string_value(said));
}

static const InspectionHook hooks[] = {
    {"ramdisk-error", NULL, ramdisk_error_prepare, NULL},
    {"validate-interfaces", NULL, hook_interfaces_prepare, NULL},
    {"ports", "validate-interfaces", NULL, hook_ports_run},
    {"architecture", NULL, NULL, hook_architecture_run},
    {"cpus", NULL, NULL, hook_cpus_run},
    {"memory", NULL, NULL, hook_memory_run},
    {"root-device", NULL, NULL, hook_root_device_run},
    {"boot-mode", NULL, NULL, hook_boot_mode_run},
    {"cpu-capabilities", NULL, NULL, hook_cpu_capabilities_run},
    {"pci-devices", NULL, NULL, hook_pci_devices_run},
    {"local-link-connection", "validate-interfaces", NULL, hook_local_link_run},
    {"parse-lldp", NULL, NULL, hook_parse_lldp_run},
};

static const InspectionHook *
find_hook(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++)
        if (strcmp(hooks[i].name, name) == 0)
            return &hooks[i];
    return NULL;
}

static bool
refuse_name(const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(hooks); i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", hooks[i].name);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "[inspector]hooks has %.80s, which is not there; there are: %s", name,
                      known->str);
}

/* The hooks before this one. */
static bool
stands_before(const char *const *names, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], wanted) == 0)
            return true;
    return false;
}

static bool
hooks_valid(GError **error)
{
    const char *const *names = config_list(config_current(), OPT_INSPECTOR_HOOKS);
    for (size_t i = 0; names[i] != NULL; i++) {
        const InspectionHook *hook = find_hook(names[i]);
        if (hook == NULL)
            return refuse_name(names[i], error);
        if (hook->needs != NULL && !stands_before(names, i, hook->needs))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "[inspector]hooks: %s needs %s to stand before it", hook->name,
                              hook->needs);
    }
    return true;
}

static bool
backend_valid(GError **error)
{
    const char *backend = config_string(config_current(), OPT_INVENTORY_DATA_BACKEND);
    return strcmp(backend, "swift") != 0 ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "[inventory]data_backend is swift, which is not there yet; set it to "
                      "database, or to none");
}

bool
inspection_configured(GError **error)
{
    return hooks_valid(error) && hook_pci_aliases_valid(error) && backend_valid(error);
}

bool
inspection_inventory_valid(const json_t *inventory, GError **error)
{
    const json_t *interfaces = json_object_get(inventory, "interfaces");
    size_t count = json_array_size(interfaces);
    if (count == 0 || count > INTERFACES_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the inventory needs a list of 1 to %d interfaces, and has %zu",
                          INTERFACES_LIMIT, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *interface = json_array_get(interfaces, i);
        const json_t *address = json_object_get(interface, "mac_address");
        if (!json_is_object(interface) ||
            !(address == NULL || json_is_null(address) || json_is_string(address)))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "interface %zu of the inventory is no object with a mac_address", i);
    }
    return true;
}

/* ---- keeping ---- */

static bool
save_data(Task *task, const json_t *inventory, const json_t *plugin_data, GError **error)
{
    g_autofree char *first = json_text_dump(inventory), *second = json_text_dump(plugin_data);
    return db_inventory_write(task->services->db, task->node->uuid, first, second, error);
}

bool
inspection_keep(Task *task, const json_t *inventory, const json_t *plugin_data, GError **error)
{
    if (!inspection_inventory_valid(inventory, error) ||
        !save_data(task, inventory, plugin_data, error))
        return false;
    info_set_boolean(task->node, INFO_INSPECTION_DATA, true);
    return true;
}

bool
inspection_kept(const Task *task)
{
    return info_true(task->node, INFO_INSPECTION_DATA);
}

static void
read_kept(const DbInventory *kept, void *user_data)
{
    Inspection *inspection = user_data;
    inspection->inventory = json_text_parse(kept->inventory, kept->inventory_size, 0, NULL);
    inspection->plugin_data = json_text_parse(kept->plugin_data, kept->plugin_size, 0, NULL);
}

static bool
load(Inspection *inspection, GError **error)
{
    Task *task = inspection->task;
    if (!db_inventory_read(task->services->db, task->node->uuid, read_kept, inspection, error))
        return false;
    if (inspection->plugin_data == NULL)
        inspection->plugin_data = json_object();
    return inspection->inventory != NULL ||
           steel_fail(error, STEEL_ERROR_INTERNAL, "the inventory that was kept is not there");
}

/* ---- hooks ---- */

static bool
call(Inspection *inspection, const InspectionHook *hook, bool run, GError **error)
{
    bool (*function)(Inspection *, GError **) = run ? hook->run : hook->prepare;
    if (function == NULL || function(inspection, error))
        return true;
    g_prefix_error(error, "inspection hook %s: ", hook->name);
    return false;
}

static bool
run_hooks(Inspection *inspection, GError **error)
{
    const char *const *names = config_list(config_current(), OPT_INSPECTOR_HOOKS);
    for (int run = 0; run <= 1; run++)
        for (size_t i = 0; names[i] != NULL; i++) {
            const InspectionHook *hook = find_hook(names[i]);
            if (hook == NULL)
                return refuse_name(names[i], error);
            if (!call(inspection, hook, run, error))
                return false;
        }
    return true;
}

bool
inspection_store(Task *task, const json_t *inventory, const json_t *plugin_data, GError **error)
{
    if (strcmp(config_string(config_current(), OPT_INVENTORY_DATA_BACKEND), "none") == 0)
        return db_inventory_forget(task->services->db, task->node->uuid, error);
    return save_data(task, inventory, plugin_data, error);
}

/* The agent's log is no part of what is known of a machine. */
static bool
store(Inspection *inspection, GError **error)
{
    json_object_del(inspection->plugin_data, "logs");
    return inspection_store(inspection->task, inspection->inventory, inspection->plugin_data,
                            error);
}

bool
inspection_finish(Task *task, GError **error)
{
    Inspection inspection = {.task = task};
    bool good = load(&inspection, error) && run_hooks(&inspection, error) &&
                rules_apply(&inspection, error) && store(&inspection, error);
    json_decref(inspection.inventory);
    json_decref(inspection.plugin_data);
    if (good)
        log_info(AREA, "node %s is inspected", task->node->uuid);
    return good;
}
