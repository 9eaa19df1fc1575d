/* network_data.json from Neutron; the contract is in network_data.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/network/network_data.h"

#include "drivers/network/neutron_node.h"
#include "drivers/network/vif_place.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- masks ---- */

static char *
address_text(int family, const unsigned char *bytes)
{
    char text[INET6_ADDRSTRLEN];
    return g_strdup(inet_ntop(family, bytes, text, sizeof text));
}

bool
network_data_mask(const char *cidr, char **network, char **netmask)
{
    const char *slash = strchr(cidr, '/');
    if (slash == NULL)
        return false;
    g_autofree char *address = g_strndup(cidr, (size_t)(slash - cidr));
    int version = neutron_ip_version(address), family = version == 6 ? AF_INET6 : AF_INET;
    long bits = strtol(slash + 1, NULL, 10), most = version == 6 ? 128 : 32;
    unsigned char bytes[16] = {0}, mask[16] = {0};
    if (version == 0 || bits < 0 || bits > most || inet_pton(family, address, bytes) != 1)
        return false;
    for (long bit = 0; bit < bits; bit++)
        mask[bit / 8] = (unsigned char)(mask[bit / 8] | (0x80 >> (bit % 8)));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] &= mask[i];
    *network = address_text(family, bytes);
    *netmask = address_text(family, mask);
    return true;
}

/* ---- one address ---- */

static void
add_route(json_t *routes, const char *cidr, const char *gateway)
{
    g_autofree char *network = NULL, *netmask = NULL;
    if (network_data_mask(cidr, &network, &netmask))
        json_array_append_new(routes, json_pack("{s:s,s:s,s:s}", "network", network, "netmask",
                                                netmask, "gateway", gateway));
}

/* Neutron has the gateway apart from the other routes. */
static json_t *
routes_of(const NeutronSubnet *subnet)
{
    json_t *routes = json_array();
    size_t index;
    json_t *route;
    if (subnet->gateway_ip != NULL)
        add_route(routes, subnet->ip_version == 6 ? "::/0" : "0.0.0.0/0", subnet->gateway_ip);
    json_array_foreach(subnet->host_routes, index, route)
    {
        add_route(routes, json_string_member(route, "destination"),
                  json_string_member(route, "nexthop"));
    }
    return routes;
}

/* Each name server once. */
static void
add_services(json_t *services, const NeutronSubnet *subnet)
{
    for (char **server = subnet->dns_nameservers; *server != NULL; server++) {
        json_auto_t *service = json_pack("{s:s,s:s}", "type", "dns", "address", *server);
        size_t index;
        json_t *known;
        bool there = false;
        json_array_foreach(services, index, known)
        {
            there = there || json_equal(known, service);
        }
        if (!there)
            json_array_append(services, service);
    }
}

static bool
add_address(const Neutron *neutron, const NeutronPort *port, const char *link,
            const json_t *fixed_ip, json_t *data, GError **error)
{
    g_auto(NeutronSubnet) subnet = {0};
    g_autofree char *network = NULL, *netmask = NULL;
    const char *subnet_id = json_string_member(fixed_ip, "subnet_id");
    if (!neutron_subnet_show(neutron, subnet_id, &subnet, error))
        return neutron_node_failed(error, "Unable to get subnet info for %s", subnet_id);
    if (!network_data_mask(subnet.cidr, &network, &netmask))
        return steel_fail(error, STEEL_ERROR_NETWORK, "subnet %s has no network", subnet_id);
    json_array_append_new(json_object_get(data, "networks"),
                          json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "id", subnet_id, "network_id",
                                    port->network_id, "type",
                                    subnet.ip_version == 6 ? "ipv6" : "ipv4", "link", link,
                                    "ip_address", json_string_member(fixed_ip, "ip_address"),
                                    "netmask", netmask, "routes", routes_of(&subnet)));
    add_services(json_object_get(data, "services"), &subnet);
    return true;
}

/* ---- one port ---- */

/* The cards of a bond, which has their names. */
static json_t *
add_cards(const GArray *places, const Portgroup *group, json_t *links)
{
    json_t *names = json_array();
    for (guint i = 0; i < places->len; i++) {
        const Port *port = g_array_index(places, VifPlace, i).port;
        if (port == NULL || g_strcmp0(port->portgroup_uuid, group->uuid) != 0)
            continue;
        json_array_append_new(links, json_pack("{s:s,s:s,s:s}", "id", port->uuid, "type", "phy",
                                               "ethernet_mac_address", port->address));
        json_array_append_new(names, json_string(port->uuid));
    }
    return names;
}

static void
add_link(const GArray *places, const VifPlace *place, const NeutronPort *port, int64_t mtu,
         const char *name, json_t *links)
{
    const char *address = vif_place_address(place);
    json_t *cards = place->group != NULL ? add_cards(places, place->group, links) : NULL;
    json_t *link = json_pack("{s:s,s:s,s:s,s:s}", "id", name, "type",
                             place->group != NULL ? "bond" : "vif", "ethernet_mac_address",
                             address != NULL ? address : port->mac_address, "vif_id", port->id);
    if (mtu > 0)
        json_object_set_new(link, "mtu", json_integer(mtu));
    if (cards != NULL) {
        json_object_set_new(link, "bond_links", cards);
        json_object_set_new(link, "bond_mode", json_string(place->group->mode));
    }
    json_array_append_new(links, link);
}

static bool
add_place(const Neutron *neutron, const GArray *places, const VifPlace *place, const char *vif,
          json_t *data, GError **error)
{
    g_auto(NeutronPort) port = {0};
    g_auto(NeutronNetwork) network = {0};
    size_t index;
    json_t *fixed_ip;
    if (!neutron_port_show(neutron, vif, &port, error))
        return neutron_node_failed(error, "Unable to get port info for %s", vif);
    if (!neutron_network_show(neutron, port.network_id, &network, error))
        return neutron_node_failed(error, "Unable to get network info for %s", port.network_id);
    const char *name = port.name != NULL ? port.name : vif_place_uuid(place);
    add_link(places, place, &port, network.mtu, name, json_object_get(data, "links"));
    json_array_foreach(port.fixed_ips, index, fixed_ip)
    {
        if (!add_address(neutron, &port, name, fixed_ip, data, error))
            return false;
    }
    return true;
}

/* ---- all ---- */

json_t *
neutron_network_data(Task *task, NetworkDataUse use, GError **error)
{
    Neutron neutron;
    g_autoptr(GArray) places = vif_places(task, error);
    if (places == NULL || !neutron_node_open(task, &neutron, error))
        return NULL;
    json_auto_t *data = json_pack("{s:[],s:[],s:[]}", "links", "networks", "services");
    for (guint i = 0; i < places->len; i++) {
        const VifPlace *place = &g_array_index(places, VifPlace, i);
        const char *vif =
            use == NETWORK_DATA_OF_INSTANCE ? vif_place_vif(place) : vif_place_current(place);
        if (vif != NULL && !add_place(&neutron, places, place, vif, data, error))
            return NULL;
    }
    return json_incref(data);
}
