/* Neutron's answers; the contract is in neutron_answer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/neutron_answer.h"

#include "common/json_text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 24, VALUES_LIMIT = 100 * 1000, MTU_LIMIT = 65535 };

/* ---- members ---- */

static bool
fail(const char *what, const char *key, GError **error)
{
    return steel_fail(error, STEEL_ERROR_HTTP,
                      "Neutron answered with a %s whose %s is missing or not what it must be", what,
                      key);
}

static bool
is_plain(const char *text)
{
    if (strlen(text) > NEUTRON_TEXT_LIMIT)
        return false;
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text))
            return false;
    return true;
}

/* A copy; NULL: absent, empty, or of another kind. */
static char *
text_of(const json_t *answer, const char *key)
{
    const char *text = json_string_member(answer, key);
    return text != NULL && *text != '\0' && is_plain(text) ? g_strdup(text) : NULL;
}

int
neutron_ip_version(const char *address)
{
    unsigned char bytes[16];
    if (address != NULL && inet_pton(AF_INET, address, bytes) == 1)
        return 4;
    return address != NULL && inet_pton(AF_INET6, address, bytes) == 1 ? 6 : 0;
}

static char *
address_of(const json_t *answer, const char *key)
{
    const char *text = json_string_member(answer, key);
    return neutron_ip_version(text) != 0 ? g_strdup(text) : NULL;
}

/* "192.0.2.0/24" */
static bool
is_cidr(const char *text)
{
    const char *slash = text != NULL ? strchr(text, '/') : NULL;
    if (slash == NULL)
        return false;
    g_autofree char *address = g_strndup(text, (size_t)(slash - text));
    int version = neutron_ip_version(address);
    char *end = NULL;
    unsigned long bits = g_ascii_isdigit(slash[1]) ? strtoul(slash + 1, &end, 10) : 1000;
    return version != 0 && end != NULL && *end == '\0' && bits <= (version == 4 ? 32 : 128);
}

static char *
mac_of(const json_t *answer, const char *key)
{
    const char *text = json_string_member(answer, key);
    if (text == NULL || strlen(text) != 17)
        return NULL;
    for (size_t i = 0; i < 17; i++)
        if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
            return NULL;
    return g_ascii_strdown(text, -1);
}

static bool
is_short_list(const json_t *list)
{
    return json_array_size(list) <= NEUTRON_LIST_LIMIT;
}

/* ---- whole answers ---- */

json_t *
neutron_document(const char *text, size_t size, const char *member, GError **error)
{
    const JsonLimits limits = {.depth = DEPTH, .values = VALUES_LIMIT};
    g_autoptr(GError) cause = NULL;
    json_auto_t *document = json_text_parse_limited(text, size, &limits, &cause);
    json_t *value = json_object_get(document, member);
    if (json_is_object(value) || json_is_array(value))
        return json_incref(value);
    steel_fail(error, STEEL_ERROR_HTTP, "Neutron's answer has no \"%s\"%s%s", member,
               cause != NULL ? ": " : "", cause != NULL ? cause->message : "");
    return NULL;
}

static void
add_network(GPtrArray *names, const json_t *holder)
{
    g_autofree char *name = text_of(holder, "provider:physical_network");
    for (guint i = 0; i < names->len; i++)
        if (g_strcmp0(names->pdata[i], name) == 0)
            return;
    if (name != NULL)
        g_ptr_array_add(names, g_steal_pointer(&name));
}

/* A network with several segments lists them; another one has the member itself. */
static char **
physical_networks_of(const json_t *answer)
{
    GPtrArray *names = g_ptr_array_new();
    const json_t *segments = json_object_get(answer, "segments");
    size_t index;
    json_t *segment;
    if (!json_is_array(segments))
        add_network(names, answer);
    json_array_foreach(segments, index, segment)
    {
        add_network(names, segment);
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

bool
neutron_network_read(const json_t *answer, NeutronNetwork *network, GError **error)
{
    if (!is_short_list(json_object_get(answer, "segments")))
        return fail("network", "segments", error);
    g_autofree char *id = text_of(answer, "id");
    if (id == NULL)
        return fail("network", "id", error);
    int64_t mtu = json_integer_value(json_object_get(answer, "mtu"));
    *network = (NeutronNetwork){.id = g_steal_pointer(&id),
                                .name = text_of(answer, "name"),
                                .mtu = mtu > 0 && mtu <= MTU_LIMIT ? mtu : 0,
                                .physical_networks = physical_networks_of(answer)};
    return true;
}

static char **
name_servers_of(const json_t *answer)
{
    GPtrArray *addresses = g_ptr_array_new();
    size_t index;
    json_t *value;
    json_array_foreach(json_object_get(answer, "dns_nameservers"), index, value)
    {
        if (neutron_ip_version(json_string_value(value)) != 0)
            g_ptr_array_add(addresses, g_strdup(json_string_value(value)));
    }
    g_ptr_array_add(addresses, NULL);
    return (char **)g_ptr_array_free(addresses, FALSE);
}

static json_t *
routes_of(const json_t *answer)
{
    json_t *routes = json_array();
    size_t index;
    json_t *route;
    json_array_foreach(json_object_get(answer, "host_routes"), index, route)
    {
        const char *destination = json_string_member(route, "destination"),
                   *hop = json_string_member(route, "nexthop");
        if (is_cidr(destination) && neutron_ip_version(hop) != 0)
            json_array_append_new(
                routes, json_pack("{s:s,s:s}", "destination", destination, "nexthop", hop));
    }
    return routes;
}

bool
neutron_subnet_read(const json_t *answer, NeutronSubnet *subnet, GError **error)
{
    int64_t version = json_integer_value(json_object_get(answer, "ip_version"));
    const char *cidr = json_string_member(answer, "cidr"),
               *mode = json_string_member(answer, "ipv6_address_mode");
    if (!is_cidr(cidr))
        return fail("subnet", "cidr", error);
    if (version != (strchr(cidr, ':') != NULL ? 6 : 4))
        return fail("subnet", "ip_version", error);
    if (!is_short_list(json_object_get(answer, "host_routes")) ||
        !is_short_list(json_object_get(answer, "dns_nameservers")))
        return fail("subnet", "list of routes or name servers", error);
    g_autofree char *id = text_of(answer, "id");
    if (id == NULL)
        return fail("subnet", "id", error);
    *subnet = (NeutronSubnet){.id = g_steal_pointer(&id),
                              .cidr = g_strdup(cidr),
                              .gateway_ip = address_of(answer, "gateway_ip"),
                              .ip_version = (int)version,
                              .stateful = g_strcmp0(mode, "dhcpv6-stateful") == 0,
                              .dns_nameservers = name_servers_of(answer),
                              .host_routes = routes_of(answer)};
    return true;
}

/* NULL: one of them is none. */
static json_t *
fixed_ips_of(const json_t *answer)
{
    json_auto_t *addresses = json_array();
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(answer, "fixed_ips"), index, item)
    {
        g_autofree char *subnet = text_of(item, "subnet_id"),
                        *address = address_of(item, "ip_address");
        if (subnet == NULL || address == NULL)
            return NULL;
        json_array_append_new(addresses,
                              json_pack("{s:s,s:s}", "subnet_id", subnet, "ip_address", address));
    }
    return json_incref(addresses);
}

static json_t *
profile_of(const json_t *answer)
{
    const json_t *profile = json_object_get(answer, "binding:profile");
    return json_is_object(profile) ? json_deep_copy(profile) : json_object();
}

bool
neutron_port_read(const json_t *answer, NeutronPort *port, GError **error)
{
    g_auto(NeutronPort) read = {.id = text_of(answer, "id"),
                                .network_id = text_of(answer, "network_id"),
                                .name = text_of(answer, "name"),
                                .mac_address = mac_of(answer, "mac_address"),
                                .device_id = text_of(answer, "device_id"),
                                .device_owner = text_of(answer, "device_owner"),
                                .host_id = text_of(answer, "binding:host_id"),
                                .vif_type = text_of(answer, "binding:vif_type")};
    if (read.id == NULL)
        return fail("port", "id", error);
    if (read.network_id == NULL)
        return fail("port", "network_id", error);
    if (read.mac_address == NULL)
        return fail("port", "mac_address", error);
    if (!is_short_list(json_object_get(answer, "fixed_ips")) ||
        (read.fixed_ips = fixed_ips_of(answer)) == NULL)
        return fail("port", "fixed_ips", error);
    read.profile = profile_of(answer);
    *port = read;
    read = (NeutronPort){0};
    return true;
}

bool
neutron_port_has_version(const NeutronPort *port, int ip_version)
{
    size_t index;
    json_t *item;
    json_array_foreach(port->fixed_ips, index, item)
    {
        if (neutron_ip_version(json_string_member(item, "ip_address")) == ip_version)
            return true;
    }
    return false;
}

/* ---- the end ---- */

void
neutron_network_clear(NeutronNetwork *network)
{
    g_free(network->id);
    g_free(network->name);
    g_strfreev(network->physical_networks);
    *network = (NeutronNetwork){0};
}

void
neutron_subnet_clear(NeutronSubnet *subnet)
{
    g_free(subnet->id);
    g_free(subnet->cidr);
    g_free(subnet->gateway_ip);
    g_strfreev(subnet->dns_nameservers);
    json_decref(subnet->host_routes);
    *subnet = (NeutronSubnet){0};
}

void
neutron_port_clear(NeutronPort *port)
{
    char *const texts[] = {port->id,        port->network_id,   port->name,    port->mac_address,
                           port->device_id, port->device_owner, port->host_id, port->vif_type};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    json_decref(port->profile);
    json_decref(port->fixed_ips);
    *port = (NeutronPort){0};
}

void
neutron_port_free(NeutronPort *port)
{
    if (port != NULL)
        neutron_port_clear(port);
    g_free(port);
}
