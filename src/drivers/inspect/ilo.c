/* Learns what a machine has from its iLO: no ramdisk is booted. A machine that is off is switched
 * on for it, since an iLO knows some of it from the last self-test (POST) only, and off again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/inspect/inspect.h"

#include "common/json_text.h"
#include "common/log.h"
#include "db/records.h"
#include "drivers/ilo_node.h"
#include "drivers/power/power.h"
#include "drivers/power_action.h"
#include "model/capabilities.h"
#include "model/names.h"

#define AREA "drivers.inspect"

enum { SNMP_LIMIT_MS = 30000, MIB_PER_GIB = 1024 };

static const PropertyDef properties[] = {
    {"ilo_address", true, "IP address or hostname of the iLO. Required."},
    {"ilo_username", true,
     "User name of an account of the iLO with administrator privileges. Required."},
    {"ilo_password", true, "Password of ilo_username. Required."},
    {"snmp_auth_user", false,
     "User for SNMPv3, by which a disk's size is asked that the iLO does not tell otherwise. "
     "Needed "
     "for that."},
    {"snmp_auth_prot_password", false, "Passphrase of the authentication. Needed with the user."},
    {"snmp_auth_priv_password", false, "Passphrase of the privacy. Needed with the user."},
    {"snmp_auth_protocol", false, "MD5 or SHA; MD5 unless set. Optional."},
    {"snmp_auth_priv_protocol", false, "DES or AES; DES unless set. Optional."},
    {"snmp_port", false, "UDP port of the iLO's SNMP; 161 unless set. Optional."},
    {0},
};

/* Ironic's essential properties; without one of them an inspection has failed. */
static const char *const essential[] = {"memory_mb", "cpus", "cpu_arch", "local_gb"};

/* A disk whose size the iLO cannot tell keeps the size that an operator has set. */
static bool
is_known(const Task *task, const json_t *found, const char *name)
{
    if (json_object_get(found, name) != NULL)
        return true;
    return g_strcmp0(name, "local_gb") == 0 &&
           json_object_get(task->node->properties, name) != NULL;
}

static bool
check_found(const Task *task, const json_t *found, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(essential); i++)
        if (!is_known(task, found, essential[i]))
            g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "", essential[i]);
    if (missing->len > 0)
        return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                          "Server didn't return the key(s): %s; set them with: steel node set %s "
                          "--property <name>=<value>, and inspect with the agent",
                          missing->str, task->node->uuid);
    return json_object_size(json_object_get(found, "macs")) > 0 ||
           steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                      "The node %s didn't return 'macs' as the key with inspection.",
                      task->node->uuid);
}

static void
take_properties(Task *task, const json_t *found)
{
    const json_t *capabilities = json_object_get(found, "capabilities");
    const char *name;
    json_t *value;
    for (size_t i = 0; i < G_N_ELEMENTS(essential); i++)
        if (json_object_get(found, essential[i]) != NULL)
            json_object_set(task->node->properties, essential[i],
                            json_object_get(found, essential[i]));
    if (json_object_get(found, "security_parameters") != NULL)
        json_object_set(task->node->properties, "security_parameters",
                        json_object_get(found, "security_parameters"));
    json_object_foreach((json_t *)(uintptr_t)capabilities, name, value)
    {
        capability_set(task->node->properties, name, json_string_value(value));
    }
}

/* A card whose address is not a port of the node, or of another one, becomes one. */
static bool
add_port(Task *task, const char *text, GError **error)
{
    g_autoptr(Port) port = port_new();
    g_autoptr(GError) cause = NULL;
    g_autofree char *address = mac_address_normalize(text, NULL);
    if (address == NULL) {
        log_warning(AREA, "the iLO of node %s names a card without a usable address",
                    task->node->uuid);
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
take_ports(Task *task, const json_t *found, GError **error)
{
    const char *name;
    json_t *mac;
    json_object_foreach(json_object_get(found, "macs"), name, mac)
    {
        if (!add_port(task, json_string_value(mac), error))
            return false;
    }
    task_forget_lists(task);
    return true;
}

static json_t *
ask(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    task_phase_begin(task, "read_inventory", NULL);
    return ilo_node_open(task, &node, &ilo, error) ? ilo_inspect(&ilo, error) : NULL;
}

/* The size of the largest drive, where the iLO did not tell a disk's, as Ironic takes it. */
static bool
ask_by_snmp(Task *task, json_t *found, GError **error)
{
    g_auto(IloNodeSnmp) snmp = {0};
    int64_t mib = 0;
    if (json_object_get(found, "local_gb") != NULL)
        return true;
    if (!ilo_node_read_snmp(task->node, &snmp, error))
        return false;
    if (snmp.user == NULL)
        return true;
    task_phase_begin(task, "read_drives_by_snmp", NULL);
    if (!ilo_snmp_largest_drive(&snmp.target, (int)task_time_left_ms(task, SNMP_LIMIT_MS), &mib,
                                error)) {
        g_prefix_error(error, "The iLO of node %s was asked by SNMP: ", task->node->uuid);
        return false;
    }
    if (mib >= MIB_PER_GIB)
        json_object_set_new(found, "local_gb", json_integer(mib / MIB_PER_GIB));
    return true;
}

static bool
inspect_machine(Task *task, GError **error)
{
    json_auto_t *found = ask(task, error);
    if (found == NULL || !ask_by_snmp(task, found, error) || !check_found(task, found, error) ||
        !take_ports(task, found, error))
        return false;
    take_properties(task, found);
    return task_save(task, error);
}

static bool
power(Task *task, const char *phase, PowerTarget target, GError **error)
{
    task_phase_begin(task, phase, NULL);
    return power_action(task, (PowerAction){.target = target}, error);
}

static StepOutcome
ilo_inspect_run(Task *task, const json_t *args, GError **error)
{
    PowerState before = POWER_UNKNOWN;
    (void)args;
    if (!power_get(task, &before, error) ||
        (before != POWER_ON && !power(task, "power_on", POWER_TARGET_ON, error)))
        return step_failed();
    bool good = inspect_machine(task, error);
    if (before == POWER_ON)
        return step_ended(good);
    return step_ended(power(task, "power_off", POWER_TARGET_OFF, good ? error : NULL) && good);
}

/* It never waits, so that there is nothing to undo. */
static bool
ilo_inspect_abort(Task *task, GError **error)
{
    (void)task, (void)error;
    return true;
}

static const StepDef inspect_steps[] = {
    {.name = "inspect", .priority = 100, .run = ilo_inspect_run},
    {0},
};

const InspectOps inspect_ilo = {
    .interface = {.name = "ilo",
                  .properties = properties,
                  .steps = {[STEP_KIND_INSPECT] = inspect_steps},
                  .validate = ilo_node_validate},
    .abort = ilo_inspect_abort,
};
