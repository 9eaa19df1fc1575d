/* Network interfaces of an inspected machine, and the ports that are made of them
 * ([inspector]add_ports, keep_ports); the contract is in hooks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/records.h"
#include "drivers/inspect/hooks.h"
#include "model/names.h"

#include <string.h>

#define AREA "drivers.inspect"
/* pxelinux writes the address of the card that it booted from as 01-aa-bb-cc-dd-ee-ff. */
#define PXELINUX_LENGTH 20

static const char *
option(ConfigOption option)
{
    return config_string(config_current(), option);
}

/* ---- validate-interfaces ---- */

/* The address of the card that the machine booted from; the caller frees; NULL: not known. */
static char *
boot_address(const json_t *inventory)
{
    const char *text = json_string_member(json_object_get(inventory, "boot"), "pxe_interface");
    if (text == NULL)
        return NULL;
    return mac_address_normalize(strlen(text) == PXELINUX_LENGTH ? text + 3 : text, NULL);
}

/* A copy with its address as ports have it, and whether the machine booted from it. NULL: it is no
 * interface that has a name and an address. */
static json_t *
normalized(const json_t *interface, const char *boot)
{
    const char *name = json_string_member(interface, "name"),
               *text = json_string_member(interface, "mac_address"),
               *ip = json_string_member(interface, "ipv6_address");
    g_autofree char *address = text != NULL ? mac_address_normalize(text, NULL) : NULL;
    if (name == NULL || address == NULL)
        return NULL;
    json_t *copy = json_deep_copy(interface);
    json_object_set_new(copy, "mac_address", json_string(address));
    json_object_set_new(copy, "pxe_enabled", json_boolean(g_strcmp0(address, boot) == 0));
    if (ip != NULL) /* without its zone: fe80::1%eth0 */
        json_object_set_new(copy, "ipv6_address", json_stringn(ip, strcspn(ip, "%")));
    return copy;
}

static const char *
ip_of(const json_t *interface)
{
    const char *four = json_string_member(interface, "ipv4_address");
    return four != NULL && *four != '\0' ? four : json_string_member(interface, "ipv6_address");
}

/* Whether it is to become a port. */
static bool
is_wanted(const char *name, const json_t *interface, const char *boot)
{
    const char *ip = ip_of(interface), *rule = option(OPT_INSPECTOR_ADD_PORTS);
    if (strcmp(name, "lo") == 0 ||
        (ip != NULL && (g_str_has_prefix(ip, "127.") || strcmp(ip, "::1") == 0)))
        return false;
    if (strcmp(rule, "pxe") == 0)
        return boot == NULL || json_is_true(json_object_get(interface, "pxe_enabled"));
    return strcmp(rule, "active") != 0 || (ip != NULL && *ip != '\0');
}

static json_t *
all_interfaces(const json_t *inventory, const char *boot)
{
    json_t *all = json_object(), *interface;
    size_t i;
    json_array_foreach(json_object_get(inventory, "interfaces"), i, interface)
    {
        json_t *copy = normalized(interface, boot);
        if (copy != NULL)
            json_object_set_new(all, json_string_member(copy, "name"), copy);
        else
            log_info(AREA, "interface %zu of the inventory has no name or no usable address", i);
    }
    return all;
}

bool
hook_interfaces_prepare(Inspection *inspection, GError **error)
{
    g_autofree char *boot = boot_address(inspection->inventory);
    json_t *all = all_interfaces(inspection->inventory, boot), *valid = json_object(),
           *macs = json_array(), *interface;
    const char *name;
    json_object_foreach(all, name, interface)
    {
        if (!is_wanted(name, interface, boot))
            continue;
        json_object_set(valid, name, interface);
        json_array_append(macs, json_object_get(interface, "mac_address"));
    }
    size_t count = json_object_size(all), wanted = json_object_size(valid);
    json_object_set_new(inspection->plugin_data, "all_interfaces", all);
    json_object_set_new(inspection->plugin_data, "valid_interfaces", valid);
    json_object_set_new(inspection->plugin_data, "macs", macs);
    if (count == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the inventory has no network interface with a name and an address");
    return wanted > 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "none of the %zu network interfaces is one that [inspector]add_ports = %s "
                      "wants",
                      count, option(OPT_INSPECTOR_ADD_PORTS));
}

/* ---- ports: those that are new ---- */

static Port *
new_port(const Inspection *inspection, const json_t *interface)
{
    Port *port = port_new();
    const char *client_id = json_string_member(interface, "client_id");
    record_set_text(&port->node_uuid, inspection->task->node->uuid);
    record_set_text(&port->address, json_string_member(interface, "mac_address"));
    port->pxe_enabled = json_is_true(json_object_get(interface, "pxe_enabled"));
    if (client_id != NULL)
        json_object_set_new(port->extra, "client-id", json_string(client_id));
    return port;
}

static bool
add_port(Inspection *inspection, const json_t *interface, GError **error)
{
    g_autoptr(Port) port = new_port(inspection, interface);
    g_autoptr(GError) cause = NULL;
    const char *node = inspection->task->node->uuid;
    if (db_record_insert(inspection->task->services->db, &port_resource, port, &cause)) {
        log_info(AREA, "node %s has a new port %s", node, port->address);
        return true;
    }
    if (!steel_error_is(cause, STEEL_ERROR_CONFLICT)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    log_info(AREA, "node %s: there is a port %s already", node, port->address);
    return true;
}

static bool
add_ports(Inspection *inspection, GError **error)
{
    const char *name;
    json_t *interface;
    if (strcmp(option(OPT_INSPECTOR_ADD_PORTS), "disabled") == 0)
        return true;
    json_object_foreach(json_object_get(inspection->plugin_data, "valid_interfaces"), name,
                        interface)
    {
        if (!add_port(inspection, interface, error))
            return false;
    }
    return true;
}

/* ---- ports: those that are there ---- */

static const json_t *
interface_of(const json_t *interfaces, const Port *port)
{
    const char *name;
    json_t *interface;
    json_object_foreach((json_t *)(uintptr_t)interfaces, name, interface)
    {
        if (g_strcmp0(json_string_member(interface, "mac_address"), port->address) == 0)
            return interface;
    }
    return NULL;
}

/* What a user's network hangs on stays, whatever the rule is. */
static bool
is_kept(const Inspection *inspection, const Port *port)
{
    const char *rule = option(OPT_INSPECTOR_KEEP_PORTS);
    const json_t *vif = json_object_get(port->internal_info, "tenant_vif_port_id");
    if (strcmp(rule, "all") == 0 || !json_is_nothing(vif))
        return true;
    const char *key = strcmp(rule, "added") == 0 ? "valid_interfaces" : "all_interfaces";
    return interface_of(json_object_get(inspection->plugin_data, key), port) != NULL;
}

/* Where the agent does not tell the card that the machine booted from, nothing is known of any. */
static void
update_pxe_enabled(const Inspection *inspection, Port *port, const json_t *interface)
{
    g_autofree char *boot = boot_address(inspection->inventory);
    if (boot == NULL || port->portgroup_uuid != NULL ||
        !config_boolean(config_current(), OPT_INSPECTOR_UPDATE_PXE_ENABLED))
        return;
    port->pxe_enabled = json_is_true(json_object_get(interface, "pxe_enabled"));
}

static bool
update_port(Inspection *inspection, const Port *before, GError **error)
{
    Db *db = inspection->task->services->db;
    if (!is_kept(inspection, before)) {
        log_info(AREA, "node %s loses its port %s, which [inspector]keep_ports = %s does not keep",
                 inspection->task->node->uuid, before->address, option(OPT_INSPECTOR_KEEP_PORTS));
        return db_record_delete(db, &port_resource, before->uuid, error);
    }
    const json_t *interface =
        interface_of(json_object_get(inspection->plugin_data, "all_interfaces"), before);
    g_autoptr(Port) port = port_copy(before);
    const char *client_id = json_string_member(interface, "client_id");
    update_pxe_enabled(inspection, port, interface);
    if (client_id != NULL)
        json_object_set_new(port->extra, "client-id", json_string(client_id));
    return db_record_save(db, &port_resource, port, before, error);
}

bool
hook_ports_run(Inspection *inspection, GError **error)
{
    Task *task = inspection->task;
    if (!add_ports(inspection, error))
        return false;
    task_forget_lists(task);
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return false;
    for (guint i = 0; i < ports->len; i++)
        if (!update_port(inspection, ports->pdata[i], error))
            return false;
    task_forget_lists(task);
    return true;
}
