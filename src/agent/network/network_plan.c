/* What network_data.json asks for; the contract is in network_plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network/network_plan.h"

#include "agent/network/network_address.h"
#include "common/json_text.h"

#include <string.h>

#define VLAN_LAST 4094
#define MTU_LAST 65535
/* The first default route wins. */
#define METRIC_FIRST 100u

static void
action_free(void *data)
{
    NetworkAction *action = data;
    g_strfreev(action->argv);
    g_free(action->path);
    g_free(action->value);
    g_free(action);
}

void
network_plan_free(NetworkPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_free(plan->actions, TRUE);
    g_free(plan->resolv_conf);
    g_free(plan);
}

typedef struct Reader {
    NetworkPlan *plan;
    const NetworkCard *cards;
    size_t card_count;
    GHashTable *devices; /* owned; id of a link to the name of its device, both owned */
    GString *resolv_conf;
    unsigned bonds, vlans, defaults;
} Reader;

static bool
wrong(GError **error, const char *kind, const json_t *item, const char *what)
{
    const char *id = json_string_member(item, "id");
    return steel_fail(error, STEEL_ERROR_INVALID, "network_data: %s '%.64s': %s", kind,
                      id != NULL ? id : "", what);
}

/* ---- actions ---- */

static void run(Reader *reader, ...) G_GNUC_NULL_TERMINATED;

static void
run(Reader *reader, ...)
{
    GPtrArray *argv = g_ptr_array_new();
    va_list words;
    va_start(words, reader);
    for (const char *word = va_arg(words, const char *); word != NULL;
         word = va_arg(words, const char *))
        g_ptr_array_add(argv, g_strdup(word));
    va_end(words);
    g_ptr_array_add(argv, NULL);
    NetworkAction *action = g_new0(NetworkAction, 1);
    action->argv = (char **)g_ptr_array_free(argv, FALSE);
    g_ptr_array_add(reader->plan->actions, action);
}

static void
write_option(Reader *reader, const char *bond, const char *option, const char *value)
{
    NetworkAction *action = g_new0(NetworkAction, 1);
    action->path = g_strdup_printf("/sys/class/net/%s/bonding/%s", bond, option);
    action->value = g_strdup(value);
    g_ptr_array_add(reader->plan->actions, action);
}

/* ---- links ---- */

static const char *
device_of(const Reader *reader, const json_t *id)
{
    return json_is_string(id) ? g_hash_table_lookup(reader->devices, json_string_value(id)) : NULL;
}

static bool
note_device(Reader *reader, const json_t *link, const char *device, GError **error)
{
    const char *id = json_string_member(link, "id");
    if (id == NULL || *id == '\0')
        return wrong(error, "link", link, "it has no id");
    return g_hash_table_insert(reader->devices, g_strdup(id), g_strdup(device)) ||
           wrong(error, "link", link, "two links have this id");
}

/* A number, or a text with one: both are seen. */
static bool
number_of(const json_t *value, int64_t least, int64_t greatest, int64_t *number)
{
    if (json_is_integer(value))
        *number = json_integer_value(value);
    else if (!json_is_string(value) ||
             !g_ascii_string_to_signed(json_string_value(value), 10, least, greatest, number, NULL))
        return false;
    return *number >= least && *number <= greatest;
}

static bool
set_mtu(Reader *reader, const json_t *link, const char *device, GError **error)
{
    const json_t *mtu = json_object_get(link, "mtu");
    int64_t number = 0;
    if (mtu == NULL || json_is_null(mtu))
        return true;
    if (!number_of(mtu, 68, MTU_LAST, &number))
        return wrong(error, "link", link, "mtu must be a number from 68 to 65535");
    g_autofree char *text = g_strdup_printf("%d", (int)number);
    run(reader, "ip", "link", "set", device, "mtu", text, NULL);
    return true;
}

static const char *
card_of(const Reader *reader, const char *mac)
{
    for (size_t i = 0; i < reader->card_count; i++)
        if (g_ascii_strcasecmp(reader->cards[i].mac, mac) == 0)
            return reader->cards[i].name;
    return NULL;
}

static bool
add_card(Reader *reader, const json_t *link, GError **error)
{
    const char *mac = json_string_member(link, "ethernet_mac_address");
    if (mac == NULL)
        return wrong(error, "link", link, "it has no ethernet_mac_address");
    const char *name = card_of(reader, mac);
    if (name == NULL)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                          "network_data: link '%.64s': no network card of this machine has the "
                          "address %.40s",
                          json_string_member(link, "id"), mac);
    return note_device(reader, link, name, error) && set_mtu(reader, link, name, error);
}

/* The values are words or numbers, or nothing is written. */
static bool
set_bond_options(Reader *reader, const json_t *link, const char *bond, GError **error)
{
    static const char *const options[][2] = {
        {"bond_mode",             "mode"},
        {"bond_miimon",           "miimon"},
        {"bond_xmit_hash_policy", "xmit_hash_policy"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        const json_t *value = json_object_get(link, options[i][0]);
        g_autofree char *text = json_is_integer(value) ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                                                         json_integer_value(value))
                                                       : g_strdup(json_string_value(value));
        if (value == NULL || json_is_null(value))
            continue;
        if (text == NULL || *text == '\0' || strlen(text) > 32 ||
            strspn(text, G_CSET_a_2_z G_CSET_DIGITS "+.-") != strlen(text))
            return wrong(error, "link", link, "an option of the bond is no word or number");
        write_option(reader, bond, options[i][1], text);
    }
    return true;
}

static bool
add_members(Reader *reader, const json_t *link, const char *bond, GError **error)
{
    const json_t *members = json_object_get(link, "bond_links"), *member;
    size_t i;
    if (json_array_size(members) < 1 || json_array_size(members) > NETWORK_ITEMS_LIMIT)
        return wrong(error, "link", link, "bond_links must be a list of 1 to 64 links");
    json_array_foreach((json_t *)(uintptr_t)members, i, member)
    {
        const char *device = device_of(reader, member);
        if (device == NULL)
            return wrong(error, "link", link, "bond_links names a link that is no card");
        run(reader, "ip", "link", "set", device, "down", NULL);
        run(reader, "ip", "link", "set", device, "master", bond, NULL);
    }
    return true;
}

static bool
add_bond(Reader *reader, const json_t *link, GError **error)
{
    const char *mac = json_string_member(link, "ethernet_mac_address");
    g_autofree char *bond = g_strdup_printf("netbond%u", reader->bonds++);
    run(reader, "ip", "link", "add", bond, "type", "bond", NULL);
    if (!set_bond_options(reader, link, bond, error) || !add_members(reader, link, bond, error))
        return false;
    if (mac != NULL && !network_mac_good(mac))
        return wrong(error, "link", link, "ethernet_mac_address is no MAC address");
    if (mac != NULL)
        run(reader, "ip", "link", "set", bond, "address", mac, NULL);
    return note_device(reader, link, bond, error) && set_mtu(reader, link, bond, error);
}

static bool
add_vlan(Reader *reader, const json_t *link, GError **error)
{
    const char *base = device_of(reader, json_object_get(link, "vlan_link"));
    g_autofree char *vlan = g_strdup_printf("netvlan%u", reader->vlans++);
    int64_t id = 0;
    if (base == NULL)
        return wrong(error, "link", link, "vlan_link names no card and no bond");
    if (!number_of(json_object_get(link, "vlan_id"), 1, VLAN_LAST, &id))
        return wrong(error, "link", link, "vlan_id must be a number from 1 to 4094");
    g_autofree char *text = g_strdup_printf("%d", (int)id);
    run(reader, "ip", "link", "set", base, "up", NULL);
    run(reader, "ip", "link", "add", "link", base, "name", vlan, "type", "vlan", "id", text, NULL);
    return note_device(reader, link, vlan, error) && set_mtu(reader, link, vlan, error);
}

/* Links may name others that stand behind them, so each kind comes in its turn. */
static bool
add_links(Reader *reader, const json_t *links, GError **error)
{
    static bool (*const add[])(Reader *, const json_t *, GError **) = {add_card, add_bond,
                                                                       add_vlan};
    const json_t *link;
    size_t i;
    for (size_t turn = 0; turn < G_N_ELEMENTS(add); turn++)
        json_array_foreach((json_t *)(uintptr_t)links, i, link)
        {
            const char *type = json_string_member(link, "type");
            size_t kind = g_strcmp0(type, "bond") == 0 ? 1 : g_strcmp0(type, "vlan") == 0 ? 2 : 0;
            if (kind == turn && !add[turn](reader, link, error))
                return false;
        }
    return true;
}

/* ---- networks ---- */

static bool
add_route(Reader *reader, const json_t *network, const char *device, const char *to,
          const char *gateway, GError **error)
{
    bool six = strchr(gateway, ':') != NULL;
    g_autofree char *metric = NULL;
    if (!network_address_good(gateway))
        return wrong(error, "network", network, "a gateway is no address");
    if (!g_str_has_suffix(to, "/0")) {
        run(reader, "ip", six ? "-6" : "-4", "route", "replace", to, "via", gateway, "dev", device,
            NULL);
        return true;
    }
    metric = g_strdup_printf("%u", METRIC_FIRST + reader->defaults++);
    run(reader, "ip", six ? "-6" : "-4", "route", "replace", "default", "via", gateway, "dev",
        device, "metric", metric, NULL);
    return true;
}

static bool
add_routes(Reader *reader, const json_t *network, const char *device, GError **error)
{
    const json_t *routes = json_object_get(network, "routes"), *route;
    const char *gateway = json_string_member(network, "gateway");
    size_t i;
    if (gateway != NULL && *gateway != '\0' &&
        !add_route(reader, network, device, "/0", gateway, error))
        return false;
    if (json_array_size(routes) > NETWORK_ITEMS_LIMIT)
        return wrong(error, "network", network, "it has more than 64 routes");
    json_array_foreach((json_t *)(uintptr_t)routes, i, route)
    {
        const char *via = json_string_member(route, "gateway");
        g_autofree char *to = network_prefixed(json_string_member(route, "network"),
                                               json_string_member(route, "netmask"));
        if (to == NULL || via == NULL)
            return wrong(error, "network", network,
                         "a route needs network, netmask and gateway, each an address");
        if (!add_route(reader, network, device, to, via, error))
            return false;
    }
    return true;
}

static bool
add_address(Reader *reader, const json_t *network, const char *device, GError **error)
{
    g_autofree char *address = network_prefixed(json_string_member(network, "ip_address"),
                                                json_string_member(network, "netmask"));
    if (address == NULL)
        return wrong(error, "network", network,
                     "ip_address and netmask must be an address and its mask, or "
                     "address/prefix");
    run(reader, "ip", strchr(address, ':') != NULL ? "-6" : "-4", "addr", "add", address, "dev",
        device, NULL);
    return add_routes(reader, network, device, error);
}

static bool
add_network(Reader *reader, const json_t *network, GError **error)
{
    const char *type = json_string_member(network, "type");
    const char *device = device_of(reader, json_object_get(network, "link"));
    if (type == NULL || device == NULL)
        return wrong(error, "network", network, "it needs a type, and the id of a link");
    run(reader, "ip", "link", "set", device, "up", NULL);
    if (strcmp(type, "ipv4") == 0 || strcmp(type, "ipv6") == 0)
        return add_address(reader, network, device, error);
    if (strcmp(type, "ipv4_dhcp") == 0)
        run(reader, "udhcpc", "-b", "-i", device, "-s", "/etc/udhcpc.script", "-t", "4", "-T", "2",
            "-A", "5", NULL);
    else if (!g_str_has_prefix(type, "ipv6_"))
        return wrong(error, "network", network,
                     "type must be ipv4, ipv6, ipv4_dhcp, ipv6_slaac or ipv6_dhcp");
    return true;
}

/* ---- name servers ---- */

static bool
add_services(Reader *reader, const json_t *services, GError **error)
{
    const json_t *service;
    size_t i;
    if (json_array_size(services) > NETWORK_ITEMS_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "network_data: more than 64 services");
    json_array_foreach((json_t *)(uintptr_t)services, i, service)
    {
        const char *address = json_string_member(service, "address");
        if (g_strcmp0(json_string_member(service, "type"), "dns") != 0)
            continue;
        if (address == NULL || !network_address_good(address))
            return steel_fail(error, STEEL_ERROR_INVALID,
                              "network_data: a name server has no address");
        g_string_append_printf(reader->resolv_conf, "nameserver %s\n", address);
    }
    return true;
}

/* ---- the document ---- */

static bool
add_networks(Reader *reader, const json_t *networks, GError **error)
{
    const json_t *network;
    size_t i;
    if (json_array_size(networks) == 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "network_data has no networks");
    json_array_foreach((json_t *)(uintptr_t)networks, i, network)
    {
        if (!add_network(reader, network, error) ||
            !add_services(reader, json_object_get(network, "services"), error))
            return false;
    }
    return true;
}

static bool
read_all(Reader *reader, const json_t *data, GError **error)
{
    const json_t *links = json_object_get(data, "links"),
                 *networks = json_object_get(data, "networks");
    if (json_array_size(links) > NETWORK_ITEMS_LIMIT ||
        json_array_size(networks) > NETWORK_ITEMS_LIMIT)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE,
                          "network_data has more than %u links or networks", NETWORK_ITEMS_LIMIT);
    return add_links(reader, links, error) && add_networks(reader, networks, error) &&
           add_services(reader, json_object_get(data, "services"), error);
}

NetworkPlan *
network_plan_read(const char *text, size_t size, const NetworkCard *cards, size_t card_count,
                  GError **error)
{
    if (size > NETWORK_DATA_LIMIT) {
        steel_fail(error, STEEL_ERROR_TOO_LARGE, "network_data has more than %u bytes",
                   NETWORK_DATA_LIMIT);
        return NULL;
    }
    json_auto_t *data = json_text_parse(text, size, 0, error);
    if (data == NULL)
        return NULL;
    g_autoptr(NetworkPlan) plan = g_new0(NetworkPlan, 1);
    plan->actions = g_ptr_array_new_with_free_func(action_free);
    Reader reader = {.plan = plan,
                     .cards = cards,
                     .card_count = card_count,
                     .devices = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                     .resolv_conf = g_string_new(NULL)};
    bool good = read_all(&reader, data, error);
    plan->resolv_conf = g_string_free(reader.resolv_conf, FALSE);
    g_hash_table_destroy(reader.devices);
    return good ? g_steal_pointer(&plan) : NULL;
}
