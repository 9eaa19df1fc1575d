/* Inspection by the BMC: what it says of the machine becomes properties and ports, without a boot.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "bmc/redfish/inventory.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/records.h"
#include "drivers/inspect/inspection.h"
#include "drivers/inspect/redfish_findings.h"
#include "drivers/inspect/rules.h"
#include "drivers/redfish_node.h"
#include "model/capabilities.h"
#include "model/names.h"

#include <string.h>

#define AREA "drivers.inspect"
#define GIB (INT64_C(1) << 30)

/* Words of DMTF and of Ironic. */
static const struct {
    const char *redfish, *ours;
} architectures[] = {
    {"x86", "x86_64"}, {"IA-64", "ia64"}, {"ARM", "arm"}, {"MIPS", "mips"}, {"OEM", "oem"}};

/* What deploys cannot do without. */
static const char *const essential[] = {"memory_mb", "cpus", "local_gb", "cpu_arch"};

static void
set_text(json_t *properties, const char *name, int64_t number)
{
    json_object_set_new(properties, name, json_sprintf("%" G_GINT64_FORMAT, number));
}

static void
set_architecture(json_t *properties, const char *word)
{
    for (size_t i = 0; word != NULL && i < G_N_ELEMENTS(architectures); i++)
        if (strcmp(architectures[i].redfish, word) == 0) {
            json_object_set_new(properties, "cpu_arch", json_string(architectures[i].ours));
            return;
        }
    if (word != NULL)
        log_warning(AREA, "the BMC names the processor architecture '%.40s', which is not known",
                    word);
}

/* The capability that an operator has set stays. */
static void
set_boot_mode(Node *node, const RedfishSystem *system)
{
    g_autofree char *own = capability_get(node, "boot_mode");
    const char *mode = redfish_system_boot(system).mode;
    if (own == NULL && mode != NULL)
        capability_set(node->properties, "boot_mode", strcmp(mode, "UEFI") == 0 ? "uefi" : "bios");
}

/* One GiB less than the disk has, for partition tables and the like: Ironic's way to count. */
static void
set_properties(Node *node, const RedfishSystem *system, const RedfishInventory *inventory)
{
    json_t *properties = node->properties;
    if (inventory->memory_mib > 0)
        set_text(properties, "memory_mb", inventory->memory_mib);
    if (inventory->threads > 0)
        json_object_set_new(properties, "cpus", json_integer(inventory->threads));
    set_architecture(properties, inventory->architecture);
    set_text(properties, "local_gb", MAX(inventory->disk_bytes / GIB - 1, 0));
    set_boot_mode(node, system);
}

static bool
check_essential(const Node *node, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(essential); i++)
        if (json_object_get(node->properties, essential[i]) == NULL)
            g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", essential[i]);
    return missing->len == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the BMC does not tell %s; set it in the node's properties, or inspect with "
                      "the agent",
                      missing->str);
}

static bool
add_port(Task *task, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(Port) port = port_new();
    g_autofree char *address = mac_address_normalize(text, NULL);
    if (address == NULL) {
        log_warning(AREA, "the BMC names the address '%.40s', which is none of Ethernet", text);
        return true;
    }
    record_set_text(&port->node_uuid, task->node->uuid);
    record_set_text(&port->address, address);
    port->pxe_enabled = true;
    if (db_record_insert(task->services->db, &port_resource, port, &cause) ||
        steel_error_is(cause, STEEL_ERROR_CONFLICT))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static bool
add_ports(Task *task, const RedfishInventory *inventory, GError **error)
{
    for (guint i = 0; i < inventory->mac_addresses->len; i++)
        if (!add_port(task, inventory->mac_addresses->pdata[i], error))
            return false;
    if (inventory->mac_addresses->len == 0)
        log_warning(AREA, "node %s: the BMC names no enabled network interface; no port is made",
                    task->node->uuid);
    task_forget_lists(task);
    return true;
}

/* ---- the inventory ---- */

static bool
apply_rules(Task *task, json_t *found, json_t *data, GError **error)
{
    Inspection inspection = {task, found, data};
    task_phase_begin(task, "apply_rules", NULL);
    return rules_apply(&inspection, error);
}

static bool
use_findings(Task *task, const RedfishSystem *system, const RedfishInventory *inventory,
             GError **error)
{
    json_auto_t *found =
        redfish_findings(system, inventory, json_string_member(task->node->properties, "cpu_arch"));
    json_auto_t *data = redfish_plugin_data(inventory);
    return inspection_store(task, found, data, error) && apply_rules(task, found, data, error);
}

static bool
inspect_system(Task *task, GError **error)
{
    g_auto(RedfishVisit) visit = {0};
    g_auto(RedfishInventory) inventory = {0};
    if (!redfish_visit_begin(task, &visit, error) ||
        !redfish_inventory_read(&visit.bmc, &visit.system, &inventory, error))
        return false;
    set_properties(task->node, &visit.system, &inventory);
    return check_essential(task->node, error) && add_ports(task, &inventory, error) &&
           use_findings(task, &visit.system, &inventory, error) && task_save(task, error);
}

static StepOutcome
redfish_inspect_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    task_phase_begin(task, "read_inventory", NULL);
    return step_ended(inspect_system(task, error));
}

/* The step never waits: there is nothing to abort. */
static bool
redfish_inspect_abort(Task *task, GError **error)
{
    (void)task, (void)error;
    return true;
}

static const StepDef inspect_steps[] = {
    {.name = "inspect", .priority = 100, .run = redfish_inspect_run},
    {0},
};

const InspectOps inspect_redfish = {
    .interface = {.name = "redfish",
                  .properties = redfish_node_properties,
                  .steps = {[STEP_KIND_INSPECT] = inspect_steps},
                  .validate = redfish_node_validate},
    .abort = redfish_inspect_abort,
};
