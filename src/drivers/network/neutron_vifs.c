/* VIFs; the contract is in neutron_vifs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/neutron_vifs.h"

#include "drivers/network/neutron_node.h"
#include "drivers/network/vif_choice.h"
#include "model/provision_states.h"

#include <string.h>

/* ---- physical networks ---- */

static bool
any_port_has_network(const GArray *places)
{
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        if (place->port != NULL && place->port->physical_network != NULL)
            return true;
    }
    return false;
}

/* How many of these networks the node's ports are on. */
static guint
count_shared(const GArray *places, const char *const *networks)
{
    guint count = 0;
    for (; *networks != NULL; networks++)
        for (guint i = 0; i < places->len; i++) {
            const VifPlace *place = &g_array_index(places, VifPlace, i);
            if (place->port != NULL && g_strcmp0(place->port->physical_network, *networks) == 0) {
                count++;
                break;
            }
        }
    return count;
}

/* Those of the VIF's network; asked for only if they matter to this node. */
static bool
find_networks(const Task *task, const Neutron *neutron, const GArray *places, const char *vif,
              NeutronNetwork *network, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_auto(NeutronPort) port = {0};
    if (!any_port_has_network(places))
        return true;
    if (!neutron_port_show(neutron, vif, &port, &cause)) {
        if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND))
            return steel_fail(error, STEEL_ERROR_INVALID, "Neutron port %s was not found", vif);
        g_propagate_error(error, g_steal_pointer(&cause));
        return neutron_node_failed(error, "Could not retrieve neutron port");
    }
    if (!neutron_network_show(neutron, port.network_id, network, error))
        return neutron_node_failed(error, "Could not retrieve network");
    return count_shared(places, (const char *const *)network->physical_networks) < 2 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "Unable to attach VIF %s to node %s. Reason: Node has ports which map to "
                      "multiple segments of the routed network to which the VIF is attached. "
                      "Currently neutron only supports hosts which map to one segment of a routed "
                      "network",
                      vif, task->node->uuid);
}

/* ---- attach ---- */

static bool
give_address(const Neutron *neutron, const char *vif, const VifPlace *place, GError **error)
{
    const char *address = vif_place_address(place);
    if (address == NULL || tenant_port_set_mac(neutron, vif, address, error))
        return true;
    g_prefix_error(error,
                   "Unable to attach VIF %s because Ironic can not update Neutron port %s MAC "
                   "address to match physical MAC address %s: ",
                   vif, vif, address);
    return false;
}

bool
neutron_vif_attach(Task *task, const json_t *vif, TenantBinding binding, GError **error)
{
    VifWish wish = {.id = json_string_member(vif, "id"),
                    .port_uuid = json_string_member(vif, "port_uuid"),
                    .portgroup_uuid = json_string_member(vif, "portgroup_uuid")};
    Neutron neutron;
    VifPlace place = {0};
    g_auto(NeutronNetwork) network = {0};
    if (wish.id == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "a VIF needs an id");
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL || !neutron_node_open(task, &neutron, error) ||
        !find_networks(task, &neutron, places, wish.id, &network, error))
        return false;
    wish.physical_networks = (const char *const *)network.physical_networks;
    if (!vif_choose(task->node, places, &wish, &place, error) ||
        !give_address(&neutron, wish.id, &place, error) ||
        !vif_place_set(task, &place, VIF_KEY, wish.id, error))
        return false;
    return state_from_wire(task->node->provision_state) != STATE_ACTIVE ||
           tenant_port_bind(task, &neutron, &place, binding, error);
}

/* ---- detach ---- */

static bool
find_vif(const Task *task, const GArray *places, const char *vif, VifPlace *found, GError **error)
{
    for (guint i = places->len; i > 0; i--) { /* groups first */
        const VifPlace *place = &g_array_index(places, VifPlace, i - 1);
        if (g_strcmp0(vif_place_vif(place), vif) == 0) {
            *found = *place;
            return true;
        }
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Unable to detach VIF %.255s from node %s because it is not attached to it.",
                      vif, task->node->uuid);
}

bool
neutron_vif_detach(Task *task, const char *vif_id, GError **error)
{
    ProvisionState state = state_from_wire(task->node->provision_state);
    bool connected = state == STATE_ACTIVE || state == STATE_DELETING;
    Neutron neutron;
    VifPlace place = {0};
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL || !find_vif(task, places, vif_id, &place, error))
        return false;
    if (connected && !(neutron_node_open(task, &neutron, error) &&
                       tenant_port_unbind(&neutron, vif_id, true, error)))
        return false;
    return vif_place_set(task, &place, VIF_KEY, NULL, error);
}

bool
neutron_vif_set_address(Task *task, const char *vif_id, const char *address, GError **error)
{
    Neutron neutron;
    return neutron_node_open(task, &neutron, error) &&
           tenant_port_set_mac(&neutron, vif_id, address, error);
}

json_t *
neutron_vif_list(Task *task, GError **error)
{
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL)
        return NULL;
    json_t *list = json_array();
    for (guint i = 0; i < places->len; i++) {
        const char *vif = vif_place_vif(&g_array_index(places, VifPlace, i));
        if (vif != NULL)
            json_array_append_new(list, json_pack("{s:s}", "id", vif));
    }
    return list;
}

bool
neutron_vif_set_client_id(Task *task, const char *vif_id, const char *client_id, GError **error)
{
    Neutron neutron;
    json_auto_t *attributes =
        json_pack("{s:o}", "extra_dhcp_opts", vif_place_client_id_option(client_id));
    if (!neutron_node_open(task, &neutron, error))
        return false;
    return neutron_port_update(&neutron, vif_id, attributes, NULL, error) ||
           neutron_node_failed(error, "Update DHCP options on port: %s failed", vif_id);
}
