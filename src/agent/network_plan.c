/* Reads network data; the contract is in network_plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_plan.h"

#include "common/json_text.h"
#include "common/log.h"

#include <arpa/inet.h>
#include <string.h>

enum { DEPTH_MAX = 12, VALUES_MAX = 10000, NETWORKS_MAX = 64, ROUTES_MAX = 64, LINK_DEPTH = 4 };
enum { MAC_LENGTH = 17, VLAN_MAX = 4094, DEVICE_SIZE = 32 };

typedef struct Plan {
    const json_t *links;
    GString *lines;
    unsigned networks; /* that can be set up */
} Plan;

/* ---- links ---- */

static const json_t *
find_link(const Plan *plan, const char *id)
{
    const json_t *link;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)plan->links, i, link)
    {
        if (id != NULL && g_strcmp0(json_string_member(link, "id"), id) == 0)
            return link;
    }
    return NULL;
}

static bool
is_mac(const char *text)
{
    if (text == NULL || strlen(text) != MAC_LENGTH)
        return false;
    for (int i = 0; i < MAC_LENGTH; i++)
        if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
            return false;
    return true;
}

/* What a link lies on: of a VLAN its card, of a bond the first. */
static const char *
below(const json_t *link)
{
    const char *card = json_string_member(link, "vlan_link");
    return card != NULL ? card
                        : json_string_value(json_array_get(json_object_get(link, "bond_links"), 0));
}

/* The card under a link, and the number of the VLAN on the way; 0: none. */
static const char *
find_card(const Plan *plan, const char *id, int64_t *vlan)
{
    *vlan = 0;
    for (int depth = 0; depth < LINK_DEPTH; depth++) {
        const json_t *link = find_link(plan, id);
        const char *type = json_string_member(link, "type");
        if (g_strcmp0(type, "vlan") == 0)
            *vlan = json_integer_value(json_object_get(link, "vlan_id"));
        else if (g_strcmp0(type, "bond") != 0)
            return json_string_member(link, "ethernet_mac_address");
        id = below(link);
    }
    return NULL;
}

/* False: there is no such card. */
static bool
find_device(Plan *plan, const json_t *network, char device[DEVICE_SIZE])
{
    int64_t vlan = 0;
    const char *mac = find_card(plan, json_string_member(network, "link"), &vlan);
    if (!is_mac(mac) || vlan < 0 || vlan > VLAN_MAX)
        return false;
    g_autofree char *card = g_ascii_strdown(mac, -1);
    g_snprintf(device, DEVICE_SIZE, "%s", card);
    g_string_append_printf(plan->lines, "up %s\n", card);
    if (vlan == 0)
        return true;
    g_snprintf(device, DEVICE_SIZE, "%s.%d", card, (int)vlan);
    g_string_append_printf(plan->lines, "vlan %s\nup %s\n", device, device);
    return true;
}

/* ---- addresses ---- */

typedef struct Address {
    int family;
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
} Address;

static unsigned
bits_of(int family)
{
    return family == AF_INET ? 32 : 128;
}

static bool
read_address(const char *text, Address *address)
{
    *address = (Address){.family = text != NULL && strchr(text, ':') != NULL ? AF_INET6 : AF_INET};
    return text != NULL && inet_pton(address->family, text, address->bytes) == 1 &&
           inet_ntop(address->family, address->bytes, address->text, sizeof address->text) != NULL;
}

/* The ones of a mask; false: there are more behind a zero. */
static bool
count_ones(const Address *mask, unsigned *ones)
{
    unsigned all = 0;
    *ones = 0;
    for (unsigned i = 0; i < bits_of(mask->family); i++) {
        bool one = (mask->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
        all += one ? 1 : 0;
        *ones += one && *ones == i ? 1 : 0;
    }
    return all == *ones;
}

/* "255.255.255.0", "ffff:ffff::", "24" */
static bool
read_prefix(const char *text, int family, unsigned *length)
{
    Address mask;
    guint64 number = 0;
    if (text != NULL && g_ascii_string_to_unsigned(text, 10, 0, bits_of(family), &number, NULL)) {
        *length = (unsigned)number;
        return true;
    }
    return read_address(text, &mask) && mask.family == family && count_ones(&mask, length);
}

/* "192.0.2.7/24", or the length in `netmask`. */
static bool
read_network(const char *text, const char *netmask, Address *address, unsigned *length)
{
    g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", "/", 2);
    if (parts[0] == NULL || !read_address(parts[0], address))
        return false;
    return read_prefix(parts[1] != NULL ? parts[1] : netmask, address->family, length);
}

/* ---- lines ---- */

static bool
add_route(Plan *plan, const char *device, const json_t *route)
{
    Address to, gateway;
    unsigned length = 0;
    if (!read_network(json_string_member(route, "network"), json_string_member(route, "netmask"),
                      &to, &length) ||
        !read_address(json_string_member(route, "gateway"), &gateway) ||
        gateway.family != to.family)
        return false;
    g_string_append_printf(plan->lines, "route %s %s/%u %s\n", device, to.text, length,
                           gateway.text);
    return true;
}

static void
add_routes(Plan *plan, const char *device, const json_t *network)
{
    const json_t *routes = json_object_get(network, "routes");
    Address gateway;
    for (size_t i = 0; i < MIN(json_array_size(routes), ROUTES_MAX); i++)
        if (!add_route(plan, device, json_array_get(routes, i)))
            log_warning("agent.network", "route %zu of a network is not understood", i);
    if (read_address(json_string_member(network, "gateway"), &gateway))
        g_string_append_printf(plan->lines, "route %s %s %s\n", device,
                               gateway.family == AF_INET ? "0.0.0.0/0" : "::/0", gateway.text);
}

static bool
add_static(Plan *plan, const char *device, const json_t *network)
{
    Address address;
    unsigned length = 0;
    if (!read_network(json_string_member(network, "ip_address"),
                      json_string_member(network, "netmask"), &address, &length))
        return false;
    g_string_append_printf(plan->lines, "address %s %s/%u\n", device, address.text, length);
    add_routes(plan, device, network);
    return true;
}

static void
add_name_servers(Plan *plan, const json_t *services)
{
    for (size_t i = 0; i < MIN(json_array_size(services), ROUTES_MAX); i++) {
        const json_t *service = json_array_get(services, i);
        Address address;
        if (g_strcmp0(json_string_member(service, "type"), "dns") == 0 &&
            read_address(json_string_member(service, "address"), &address))
            g_string_append_printf(plan->lines, "nameserver %s\n", address.text);
    }
}

/* IPv6 without an address of its own is the kernel's work: the card is up. */
static void
add_network(Plan *plan, const json_t *network)
{
    const char *type = json_string_member(network, "type");
    char device[DEVICE_SIZE];
    bool good = type != NULL && find_device(plan, network, device);
    if (good && strcmp(type, "ipv4_dhcp") == 0)
        g_string_append_printf(plan->lines, "dhcp %s\n", device);
    else if (good && (strcmp(type, "ipv4") == 0 || strcmp(type, "ipv6") == 0))
        good = add_static(plan, device, network);
    if (good)
        plan->networks++;
    else
        log_warning("agent.network", "network %s is not understood: its link, type or address",
                    json_string_member(network, "id"));
    add_name_servers(plan, json_object_get(network, "services"));
}

char *
network_plan(const char *text, size_t size, GError **error)
{
    const JsonLimits limits = {.depth = DEPTH_MAX, .values = VALUES_MAX};
    json_auto_t *data = json_text_parse_limited(text, size, &limits, error);
    if (data == NULL)
        return NULL;
    const json_t *networks = json_object_get(data, "networks");
    Plan plan = {json_object_get(data, "links"), g_string_new(NULL), 0};
    for (size_t i = 0; i < MIN(json_array_size(networks), NETWORKS_MAX); i++)
        add_network(&plan, json_array_get(networks, i));
    add_name_servers(&plan, json_object_get(data, "services"));
    if (plan.networks > 0)
        return g_string_free(plan.lines, FALSE);
    g_string_free(plan.lines, TRUE);
    steel_fail(error, STEEL_ERROR_INVALID, "the network data has no network that can be set up");
    return NULL;
}
