/* Ports for Steel's own work; the contract is in service_ports.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/service_ports.h"

#include "common/config.h"
#include "common/log.h"
#include "drivers/network/neutron_node.h"
#include "drivers/network/vif_choice.h"
#include "drivers/network/vif_place.h"
#include "model/internal_info.h"

#include <string.h>

#define AREA "drivers.network"
#define OWNER "baremetal:none"

/* ---- what is written down ---- */

static const char *
noted_network(const Task *task, NetworkPurpose purpose)
{
    return json_string_member(info_json(task->node, INFO_NEUTRON_NETWORKS),
                              neutron_node_purpose(purpose));
}

static bool
note_network(Task *task, NetworkPurpose purpose, const char *id, GError **error)
{
    json_t *networks = info_json(task->node, INFO_NEUTRON_NETWORKS);
    networks = networks != NULL ? json_deep_copy(networks) : json_object();
    if (id != NULL)
        json_object_set_new(networks, neutron_node_purpose(purpose), json_string(id));
    else
        json_object_del(networks, neutron_node_purpose(purpose));
    if (json_object_size(networks) > 0) {
        info_set_json(task->node, INFO_NEUTRON_NETWORKS, networks);
    } else {
        json_decref(networks);
        info_remove(task->node, INFO_NEUTRON_NETWORKS);
    }
    return task_save(task, error);
}

/* ---- removal ---- */

static void
add_ids(GHashTable *ids, const GPtrArray *ports)
{
    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(ids, g_strdup(((const NeutronPort *)ports->pdata[i])->id));
}

static bool
add_listed(const Neutron *neutron, const NeutronPortFilter *filter, GHashTable *ids, GError **error)
{
    g_autoptr(GPtrArray) ports = neutron_ports_list(neutron, filter, error);
    if (ports == NULL)
        return neutron_node_failed(error, "the ports of the node could not be looked for");
    add_ids(ids, ports);
    return true;
}

/* NULL-ended, borrowed. */
static const char **
addresses_of(const GArray *places)
{
    const char **addresses = g_new0(const char *, places->len + 1);
    size_t count = 0;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        if (place->port != NULL)
            addresses[count++] = place->port->address;
    }
    return addresses;
}

/* The ports that a node has on this network, and those that were noted for its ports, without the
 * user's. A set of owned IDs; NULL on an error. */
static GHashTable *
find_ports(const Task *task, const Neutron *neutron, const GArray *places, NetworkPurpose purpose,
           const char *network, GError **error)
{
    g_autofree const char **addresses = addresses_of(places);
    const char *const devices[] = {task->node->uuid, task->node->instance_uuid, NULL};
    const NeutronPortFilter by_address = {network, OWNER, addresses, NULL},
                            by_device = {network, OWNER, NULL, devices};
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if ((*addresses != NULL && !add_listed(neutron, &by_address, ids, error)) ||
        !add_listed(neutron, &by_device, ids, error))
        return NULL;
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        const char *noted = vif_place_info(place, neutron_node_vif_key(purpose));
        if (noted != NULL)
            g_hash_table_add(ids, g_strdup(noted));
    }
    for (guint i = 0; i < places->len; i++) {
        const char *vif = vif_place_vif(&g_array_index(places, VifPlace, i));
        if (vif != NULL)
            g_hash_table_remove(ids, vif);
    }
    return g_steal_pointer(&ids);
}

/* Goes on after a failure, so that as few as possible are left; the first one is told. */
static bool
delete_ports(const Task *task, const Neutron *neutron, GHashTable *ids, GError **error)
{
    g_autoptr(GError) first = NULL;
    GHashTableIter iterator;
    gpointer id;
    g_hash_table_iter_init(&iterator, ids);
    while (g_hash_table_iter_next(&iterator, &id, NULL)) {
        GError *cause = NULL;
        if (neutron_port_delete(neutron, id, &cause))
            continue;
        neutron_node_failed(&cause, "Could not remove VIF %s of node %s, possibly a network issue",
                            (const char *)id, task->node->uuid);
        log_but_first(AREA, &first, cause);
    }
    if (first == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&first));
    return false;
}

static bool
forget_noted(const Task *task, const GArray *places, NetworkPurpose purpose, GError **error)
{
    const char *key = neutron_node_vif_key(purpose);
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        if (vif_place_info(place, key) != NULL && !vif_place_set(task, place, key, NULL, error))
            return false;
    }
    return true;
}

static bool
remove_from(Task *task, const Neutron *neutron, NetworkPurpose purpose, const char *network,
            GError **error)
{
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL)
        return false;
    g_autoptr(GHashTable) ids = find_ports(task, neutron, places, purpose, network, error);
    return ids != NULL && delete_ports(task, neutron, ids, error) &&
           forget_noted(task, places, purpose, error);
}

bool
service_ports_remove(Task *task, NetworkPurpose purpose, GError **error)
{
    Neutron neutron;
    g_autofree char *network = g_strdup(noted_network(task, purpose));
    if (network == NULL)
        return true;
    return neutron_node_open(task, &neutron, error) &&
           remove_from(task, &neutron, purpose, network, error) &&
           note_network(task, purpose, NULL, error);
}

static bool
remove_all(Task *task, GError **error)
{
    for (int purpose = 0; purpose < NETWORK_PURPOSE_COUNT; purpose++)
        if (!service_ports_remove(task, (NetworkPurpose)purpose, error)) {
            g_prefix_error(error, "ports of earlier work are still there: ");
            return false;
        }
    return true;
}

/* ---- one port ---- */

static json_t *
attributes_of(Task *task, const VifPlace *place, const char *network, const char *const *groups,
              GError **error)
{
    const Node *node = task->node;
    const Port *port = place->port;
    json_auto_t *profile = vif_place_profile(task, place, error);
    if (profile == NULL)
        return NULL;
    json_t *attributes = json_pack(
        "{s:s,s:b,s:s,s:s,s:s,s:s,s:O,s:s}", "network_id", network, "admin_state_up", 1,
        "binding:vnic_type", "baremetal", "binding:host_id", node->uuid, "device_owner", OWNER,
        "device_id", node->instance_uuid != NULL ? node->instance_uuid : node->uuid,
        "binding:profile", profile, "mac_address", port->address);
    const char *client_id = json_string_member(port->extra, "client-id");
    if (client_id != NULL)
        json_object_set_new(attributes, "extra_dhcp_opts", vif_place_client_id_option(client_id));
    if (!port->pxe_enabled) /* it is connected, and has no address */
        json_object_set_new(attributes, "fixed_ips", json_array());
    json_t *list = json_array();
    for (; *groups != NULL; groups++)
        json_array_append_new(list, json_string(*groups));
    if (json_array_size(list) > 0)
        json_object_set_new(attributes, "security_groups", list);
    else
        json_decref(list);
    return attributes;
}

/* Each of firmware, boot loader and agent asks DHCPv6 as another client, so that one address is not
 * enough. */
static bool
add_addresses(const Neutron *neutron, const NeutronPort *port, GError **error)
{
    int64_t count = config_integer(config_current(), OPT_NEUTRON_DHCPV6_STATEFUL_ADDRESS_COUNT);
    const json_t *first = json_array_get(port->fixed_ips, 0);
    g_auto(NeutronSubnet) subnet = {0};
    if (count < 2 || neutron_ip_version(json_string_member(first, "ip_address")) != 6)
        return true;
    const char *subnet_id = json_string_member(first, "subnet_id");
    if (!neutron_subnet_show(neutron, subnet_id, &subnet, error))
        return false;
    if (!subnet.stateful)
        return true;
    json_t *addresses = json_deep_copy(port->fixed_ips);
    for (int64_t i = 1; i < count; i++)
        json_array_append_new(addresses, json_pack("{s:s}", "subnet_id", subnet_id));
    json_auto_t *attributes = json_pack("{s:o}", "fixed_ips", addresses);
    return neutron_port_update(neutron, port->id, attributes, NULL, error);
}

static bool
add_port(Task *task, const Neutron *neutron, const VifPlace *place, NetworkPurpose purpose,
         json_t *attributes, GError **error)
{
    g_auto(NeutronPort) port = {0};
    return neutron_port_create(neutron, attributes, &port, error) &&
           vif_place_set(task, place, neutron_node_vif_key(purpose), port.id, error) &&
           neutron_node_check_binding(&port, error) && add_addresses(neutron, &port, error);
}

/* A port that is there and is not as it must be goes again. Logs what cannot be removed: it is
 * found at the end. */
static void
take_back(const Task *task, const Neutron *neutron, const VifPlace *place, NetworkPurpose purpose)
{
    g_autoptr(GError) error = NULL;
    const char *key = neutron_node_vif_key(purpose), *id = vif_place_info(place, key);
    if (id != NULL && (!neutron_port_delete(neutron, id, &error) ||
                       !vif_place_set(task, place, key, NULL, &error)))
        log_warning(AREA, "%s", error->message);
}

/* ---- all of them ---- */

/* The ports that are to be connected, as VifPlace; NULL on an error. */
static GArray *
choose_places(Task *task, GError **error)
{
    bool all = config_boolean(config_current(), OPT_NEUTRON_ADD_ALL_PORTS);
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL)
        return NULL;
    g_autoptr(GArray) chosen = g_array_new(FALSE, TRUE, sizeof(VifPlace));
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        if (place->port != NULL && (all || place->port->pxe_enabled))
            g_array_append_vals(chosen, place, 1);
    }
    if (chosen->len > 0)
        return g_steal_pointer(&chosen);
    steel_fail(error, STEEL_ERROR_NETWORK, "No available %sports on node %s.",
               all ? "" : "PXE-enabled ", task->node->uuid);
    return NULL;
}

static bool
try_place(Task *task, const Neutron *neutron, const VifPlace *place, NetworkPurpose purpose,
          const char *network, const char *const *groups, GError **error)
{
    if (!vif_choice_port_fits(task->node, place->port, error))
        return false;
    json_auto_t *attributes = attributes_of(task, place, network, groups, error);
    if (attributes == NULL)
        return false;
    if (add_port(task, neutron, place, purpose, attributes, error))
        return true;
    take_back(task, neutron, place, purpose);
    return false;
}

/* All have failed: what may be there nevertheless is removed. Always false; takes `cause`. */
static bool
give_up(Task *task, NetworkPurpose purpose, const GArray *places, GError *cause, GError **error)
{
    g_autoptr(GError) left = NULL;
    g_autoptr(GString) uuids = g_string_new(NULL);
    if (!service_ports_remove(task, purpose, &left))
        log_warning(AREA, "ports of node %s may be left in Neutron until its next work: %s",
                    task->node->uuid, left->message);
    for (guint i = 0; i < places->len; i++)
        g_string_append_printf(uuids, "%s%s", i > 0 ? ", " : "",
                               vif_place_uuid(&g_array_index(places, VifPlace, i)));
    neutron_node_failed(&cause, "Failed to create neutron ports for node's %s ports %s",
                        task->node->uuid, uuids->str);
    g_propagate_error(error, cause);
    return false;
}

static bool
add_ports(Task *task, const Neutron *neutron, NetworkPurpose purpose, const char *network,
          const char *const *groups, GError **error)
{
    g_autoptr(GArray) places = choose_places(task, error);
    GError *first = NULL;
    guint made = 0;
    for (guint i = 0; places != NULL && i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        g_autoptr(GError) cause = NULL;
        if (try_place(task, neutron, place, purpose, network, groups, &cause)) {
            made++;
            continue;
        }
        log_warning(AREA, "port %s of node %s is not on the %s: %s", vif_place_uuid(place),
                    task->node->uuid, neutron_node_kind(purpose), cause->message);
        if (first == NULL)
            first = g_steal_pointer(&cause);
    }
    if (places == NULL)
        return false;
    if (made == 0)
        return give_up(task, purpose, places, first, error);
    g_clear_error(&first);
    return true;
}

bool
service_ports_add(Task *task, NetworkPurpose purpose, bool groups, GError **error)
{
    static const char *const none[] = {NULL};
    const char *const *wanted = groups ? neutron_node_security_groups(purpose) : none;
    const char *ident = neutron_node_network(task, purpose, error);
    g_auto(NeutronNetwork) network = {0};
    Neutron neutron;
    if (ident == NULL || !neutron_node_open(task, &neutron, error) || !remove_all(task, error))
        return false;
    if (!neutron_network_find(&neutron, ident, neutron_node_kind(purpose), &network, error) ||
        !neutron_security_groups_check(&neutron, wanted, error))
        return neutron_node_failed(error, "Could not retrieve the %s", neutron_node_kind(purpose));
    return note_network(task, purpose, network.id, error) &&
           remove_from(task, &neutron, purpose, network.id, error) &&
           add_ports(task, &neutron, purpose, network.id, wanted, error);
}
