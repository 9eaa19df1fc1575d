/* Users' ports; the contract is in tenant_ports.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/tenant_ports.h"

#include "common/log.h"
#include "drivers/network/neutron_node.h"

#include <string.h>

#define AREA "drivers.network"

/* ---- connected ---- */

static json_t *
binding_of(Task *task, const VifPlace *place, TenantBinding binding, GError **error)
{
    const char *address = vif_place_address(place);
    const char *client_id =
        place->port != NULL ? json_string_member(place->port->extra, "client-id") : NULL;
    json_t *attributes = json_pack("{s:s,s:s}", "binding:vnic_type", "baremetal", "binding:host_id",
                                   task->node->uuid);
    if (address != NULL)
        json_object_set_new(attributes, "mac_address", json_string(address));
    if (binding == TENANT_FLAT)
        return attributes;
    json_t *profile = vif_place_profile(task, place, error);
    if (profile == NULL) {
        json_decref(attributes);
        return NULL;
    }
    json_object_set_new(attributes, "binding:profile", profile);
    if (client_id != NULL)
        json_object_set_new(attributes, "extra_dhcp_opts", vif_place_client_id_option(client_id));
    return attributes;
}

bool
tenant_port_bind(Task *task, const Neutron *neutron, const VifPlace *place, TenantBinding binding,
                 GError **error)
{
    const char *vif = vif_place_vif(place);
    g_auto(NeutronPort) port = {0};
    json_auto_t *attributes = binding_of(task, place, binding, error);
    if (attributes == NULL)
        return false;
    if (neutron_port_update(neutron, vif, attributes, &port, error) &&
        neutron_node_check_binding(&port, error))
        return true;
    return binding == TENANT_FLAT
               ? neutron_node_failed(error, "Unable to set binding:host_id for neutron port %s",
                                     vif)
               : neutron_node_failed(
                     error,
                     "Could not add public network VIF %s to node %s, possible network issue", vif,
                     task->node->uuid);
}

bool
tenant_ports_bind(Task *task, TenantBinding binding, guint *bound, GError **error)
{
    Neutron neutron;
    guint count = 0;
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL || !neutron_node_open(task, &neutron, error))
        return false;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        if (vif_place_vif(place) == NULL)
            continue;
        if (!tenant_port_bind(task, &neutron, place, binding, error))
            return false;
        count++;
    }
    if (bound != NULL)
        *bound = count;
    return true;
}

/* ---- taken off ---- */

/* Neutron refuses another address while the port is bound: two changes. */
bool
tenant_port_unbind(const Neutron *neutron, const char *vif, bool reset_mac, GError **error)
{
    json_auto_t *unbound = json_pack("{s:s,s:{}}", "binding:host_id", "", "binding:profile");
    json_auto_t *any_mac = json_pack("{s:n}", "mac_address");
    g_autoptr(GError) cause = NULL;
    if (neutron_port_update(neutron, vif, unbound, NULL, &cause) &&
        (!reset_mac || neutron_port_update(neutron, vif, any_mac, NULL, &cause)))
        return true;
    if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND)) {
        log_info(AREA, "port %s was gone before it was unbound", vif);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return neutron_node_failed(error, "Unable to clear binding profile for neutron port %s", vif);
}

bool
tenant_ports_unbind(Task *task, GError **error)
{
    Neutron neutron;
    g_autoptr(GError) first = NULL;
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL)
        return false;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        const char *vif = vif_place_vif(place);
        GError *cause = NULL;
        if (vif == NULL)
            continue;
        if (neutron_node_open(task, &neutron, &cause) &&
            tenant_port_unbind(&neutron, vif, vif_place_address(place) != NULL, &cause))
            continue;
        log_but_first(AREA, &first, cause);
    }
    if (first == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}

/* ---- addresses ---- */

static bool
change_mac(const Neutron *neutron, const NeutronPort *port, const char *address, GError **error)
{
    json_auto_t *unbound = json_pack("{s:s,s:{}}", "binding:host_id", "", "binding:profile");
    json_auto_t *attributes = json_pack("{s:s}", "mac_address", address);
    if (port->host_id == NULL)
        return neutron_port_update(neutron, port->id, attributes, NULL, error);
    json_auto_t *bound =
        json_pack("{s:s,s:O}", "binding:host_id", port->host_id, "binding:profile", port->profile);
    return neutron_port_update(neutron, port->id, unbound, NULL, error) &&
           neutron_port_update(neutron, port->id, attributes, NULL, error) &&
           neutron_port_update(neutron, port->id, bound, NULL, error);
}

bool
tenant_port_set_mac(const Neutron *neutron, const char *vif, const char *address, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_auto(NeutronPort) port = {0};
    if (!neutron_port_show(neutron, vif, &port, &cause)) {
        if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND))
            return steel_fail(error, STEEL_ERROR_INVALID, "Neutron port %s was not found", vif);
        g_propagate_error(error, g_steal_pointer(&cause));
        return neutron_node_failed(error, "Could not retrieve neutron port");
    }
    if (strcmp(port.mac_address, address) == 0 || change_mac(neutron, &port, address, error))
        return true;
    return neutron_node_failed(error, "Update MAC address on port: %s failed", vif);
}
