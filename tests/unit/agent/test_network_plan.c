/* What a machine does for its network_data.json.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network/network_address.h"
#include "agent/network/network_plan.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const NetworkCard cards[] = {{"eth0", "52:54:00:00:00:01"}, {"eth1", "52:54:00:00:00:02"}};

#define CARD_A "{\"id\": \"a\", \"type\": \"phy\", \"ethernet_mac_address\": \"52:54:00:00:00:01\"}"
#define CARD_C "{\"id\": \"c\", \"type\": \"vif\", \"ethernet_mac_address\": \"52:54:00:00:00:02\"}"

static NetworkPlan *
read_text(const char *text, GError **error)
{
    return network_plan_read(text, strlen(text), cards, G_N_ELEMENTS(cards), error);
}

/* All that is done, a line each. */
static char *
lines_of(const NetworkPlan *plan)
{
    GString *lines = g_string_new(NULL);
    for (guint i = 0; i < plan->actions->len; i++) {
        const NetworkAction *action = plan->actions->pdata[i];
        g_autofree char *line = action->argv != NULL ? g_strjoinv(" ", action->argv) : NULL;
        if (line != NULL)
            g_string_append_printf(lines, "%s\n", line);
        else
            g_string_append_printf(lines, "%s = %s\n", action->path, action->value);
    }
    return g_string_free(lines, FALSE);
}

static void
check(const char *text, const char *wanted, const char *resolv_conf)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NetworkPlan) plan = read_text(text, &error);
    if (plan == NULL)
        fail_msg("%s", error->message);
    g_autofree char *lines = lines_of(plan);
    assert_string_equal(lines, wanted);
    assert_string_equal(plan->resolv_conf, resolv_conf);
}

static void
addresses_routes_and_name_servers_are_set(void **state)
{
    (void)state;
    check("{\"links\": [{\"id\": \"a\", \"type\": \"phy\", \"mtu\": 9000, "
          "\"ethernet_mac_address\": \"52:54:00:00:00:01\"}], \"networks\": ["
          "{\"id\": \"n\", \"type\": \"ipv4\", \"link\": \"a\", \"ip_address\": \"192.0.2.9\", "
          "\"netmask\": \"255.255.255.0\", \"routes\": ["
          "{\"network\": \"0.0.0.0\", \"netmask\": \"0.0.0.0\", \"gateway\": \"192.0.2.1\"}, "
          "{\"network\": \"198.51.100.0\", \"netmask\": \"255.255.255.0\", \"gateway\": "
          "\"192.0.2.2\"}], \"services\": [{\"type\": \"dns\", \"address\": \"192.0.2.3\"}]}, "
          "{\"id\": \"m\", \"type\": \"ipv6\", \"link\": \"a\", \"ip_address\": "
          "\"2001:db8::9/64\", \"gateway\": \"2001:db8::1\"}], "
          "\"services\": [{\"type\": \"dns\", \"address\": \"2001:db8::3\"}]}",
          "ip link set eth0 mtu 9000\n"
          "ip link set eth0 up\n"
          "ip -4 addr add 192.0.2.9/24 dev eth0\n"
          "ip -4 route replace default via 192.0.2.1 dev eth0 metric 100\n"
          "ip -4 route replace 198.51.100.0/24 via 192.0.2.2 dev eth0\n"
          "ip link set eth0 up\n"
          "ip -6 addr add 2001:db8::9/64 dev eth0\n"
          "ip -6 route replace default via 2001:db8::1 dev eth0 metric 101\n",
          "nameserver 192.0.2.3\nnameserver 2001:db8::3\n");
}

static void
a_vlan_stands_on_a_bond_wherever_they_are_in_the_list(void **state)
{
    (void)state;
    check("{\"links\": [{\"id\": \"v\", \"type\": \"vlan\", \"vlan_link\": \"b\", \"vlan_id\": "
          "\"101\"}, {\"id\": \"b\", \"type\": \"bond\", \"bond_links\": [\"a\", \"c\"], "
          "\"bond_mode\": \"802.3ad\", \"bond_miimon\": 100, \"ethernet_mac_address\": "
          "\"52:54:00:00:00:01\"}, " CARD_A ", " CARD_C "], \"networks\": [{\"id\": \"n\", "
          "\"type\": \"ipv4\", \"link\": \"v\", \"ip_address\": \"192.0.2.9/24\"}]}",
          "ip link add netbond0 type bond\n"
          "/sys/class/net/netbond0/bonding/mode = 802.3ad\n"
          "/sys/class/net/netbond0/bonding/miimon = 100\n"
          "ip link set eth0 down\n"
          "ip link set eth0 master netbond0\n"
          "ip link set eth1 down\n"
          "ip link set eth1 master netbond0\n"
          "ip link set netbond0 address 52:54:00:00:00:01\n"
          "ip link set netbond0 up\n"
          "ip link add link netbond0 name netvlan0 type vlan id 101\n"
          "ip link set netvlan0 up\n"
          "ip -4 addr add 192.0.2.9/24 dev netvlan0\n",
          "");
}

static void
networks_without_addresses_ask_for_them(void **state)
{
    (void)state;
    check("{\"links\": [" CARD_A ", " CARD_C "], \"networks\": [{\"id\": \"n\", \"type\": "
          "\"ipv4_dhcp\", \"link\": \"a\"}, {\"id\": \"m\", \"type\": \"ipv6_slaac\", \"link\": "
          "\"c\"}]}",
          "ip link set eth0 up\n"
          "udhcpc -b -i eth0 -s /etc/udhcpc.script -t 4 -T 2 -A 5\n"
          "ip link set eth1 up\n",
          "");
}

static void
what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"[]", "no networks"},
        {"{\"links\": [{\"id\": \"x\", \"type\": \"phy\"}]}",
         "link 'x': it has no ethernet_mac_address"},
        {"{\"links\": [{\"id\": \"x\", \"type\": \"phy\", \"ethernet_mac_address\": "
         "\"52:54:00:00:00:99\"}]}",
         "link 'x': no network card of this machine has the address 52:54:00:00:00:99"},
        {"{\"links\": [" CARD_A ", " CARD_A "]}", "link 'a': two links have this id"},
        {"{\"links\": [" CARD_A ", {\"id\": \"v\", \"type\": \"vlan\", \"vlan_link\": \"a\", "
         "\"vlan_id\": 4095}]}",
         "link 'v': vlan_id must be"},
        {"{\"links\": [{\"id\": \"v\", \"type\": \"vlan\", \"vlan_link\": \"v\", \"vlan_id\": 1}]}",
         "vlan_link names no card"},
        {"{\"links\": [{\"id\": \"b\", \"type\": \"bond\", \"bond_links\": [\"b\"]}]}",
         "bond_links names a link that is no card"},
        {"{\"links\": [" CARD_A ", {\"id\": \"b\", \"type\": \"bond\", \"bond_links\": [\"a\"], "
         "\"bond_mode\": \"x/../y\"}]}",
         "an option of the bond"},
        {"{\"links\": [" CARD_A "], \"networks\": [{\"id\": \"n\", \"type\": \"ipv4\", \"link\": "
         "\"a\", \"ip_address\": \"192.0.2.9; reboot\", \"netmask\": \"24\"}]}",
         "network 'n': ip_address and netmask"},
        {"{\"links\": [" CARD_A "], \"networks\": [{\"id\": \"n\", \"type\": \"ipv4\", \"link\": "
         "\"a\", \"ip_address\": \"192.0.2.9\", \"netmask\": \"255.0.255.0\"}]}",
         "network 'n': ip_address and netmask"},
        {"{\"links\": [" CARD_A "], \"networks\": [{\"id\": \"n\", \"type\": \"ipv4\", \"link\": "
         "\"z\", \"ip_address\": \"192.0.2.9/24\"}]}",
         "network 'n': it needs a type, and the id of a link"},
        {"{\"links\": [" CARD_A "], \"networks\": [{\"id\": \"n\", \"type\": \"ipv5\", \"link\": "
         "\"a\"}]}",
         "type must be ipv4, ipv6"},
        {"{\"links\": [" CARD_A "], \"networks\": [{\"id\": \"n\", \"type\": \"ipv4\", \"link\": "
         "\"a\", \"ip_address\": \"192.0.2.9/24\", \"gateway\": \"the router\"}]}",
         "a gateway is no address"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NetworkPlan) plan = read_text(rows[i].text, &error);
        assert_null(plan);
        if (strstr(error->message, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].text, error->message);
    }
}

static void
masks_and_prefixes_mean_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *address, *mask, *wanted;
    } rows[] = {
        {"192.0.2.1",   "255.255.255.0",         "192.0.2.1/24"},
        {"192.0.2.1",   "24",                    "192.0.2.1/24"},
        {"192.0.2.1/8", "255.255.255.0",         "192.0.2.1/8"},
        {"0.0.0.0",     "0.0.0.0",               "0.0.0.0/0"},
        {"2001:db8::1", "ffff:ffff:ffff:ffff::", "2001:db8::1/64"},
        {"2001:db8::1", "255.255.255.0",         NULL},
        {"192.0.2.1",   "33",                    NULL},
        {"192.0.2.1",   NULL,                    NULL},
        {"192.0.2",     "24",                    NULL},
        {"",            "24",                    NULL},
        {NULL,          "24",                    NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *found = network_prefixed(rows[i].address, rows[i].mask);
        if (g_strcmp0(found, rows[i].wanted) != 0)
            fail_msg("row %zu: %s", i, found);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_routes_and_name_servers_are_set),
        cmocka_unit_test(a_vlan_stands_on_a_bond_wherever_they_are_in_the_list),
        cmocka_unit_test(networks_without_addresses_ask_for_them),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(masks_and_prefixes_mean_the_same),
    };
    return cmocka_run_group_tests_name("network_plan", tests, NULL, NULL);
}
