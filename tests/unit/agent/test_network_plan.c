/* How a ramdisk sets its network up by network data.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network_plan.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CARD "{'id': 'one', 'type': 'phy', 'ethernet_mac_address': '52:54:00:AA:00:01'}"
#define VLAN "{'id': 'v', 'type': 'vlan', 'vlan_link': 'b', 'vlan_id': 100}"
#define BOND "{'id': 'b', 'type': 'bond', 'bond_links': ['one', 'two']}"

/* The plan of links, networks and services, written with ' for ". */
static char *
plan_of(const char *links, const char *networks, const char *services)
{
    g_autofree char *text = g_strdup_printf("{'links': [%s], 'networks': [%s], 'services': [%s]}",
                                            links, networks, services);
    g_autoptr(GError) error = NULL;
    g_strdelimit(text, "'", '"');
    char *plan = network_plan(text, strlen(text), &error);
    assert_true(plan != NULL || steel_error_is(error, STEEL_ERROR_INVALID));
    return plan;
}

static void
an_address_a_route_and_a_name_server(void **state)
{
    g_autofree char *plan = plan_of(
        CARD,
        "{'id': 'n', 'type': 'ipv4', 'link': 'one', 'ip_address': '192.0.2.7', "
        "'netmask': '255.255.255.0', 'routes': [{'network': '0.0.0.0', 'netmask': '0.0.0.0', "
        "'gateway': '192.0.2.1'}, {'network': '198.51.100.0', 'netmask': '255.255.255.128', "
        "'gateway': '192.0.2.2'}]}",
        "{'type': 'dns', 'address': '192.0.2.53'}");
    (void)state;
    assert_string_equal(plan, "up 52:54:00:aa:00:01\n"
                              "address 52:54:00:aa:00:01 192.0.2.7/24\n"
                              "route 52:54:00:aa:00:01 0.0.0.0/0 192.0.2.1\n"
                              "route 52:54:00:aa:00:01 198.51.100.0/25 192.0.2.2\n"
                              "nameserver 192.0.2.53\n");
}

static void
a_vlan_of_a_bond_lies_on_its_first_card(void **state)
{
    g_autofree char *plan = plan_of(CARD ", " BOND ", " VLAN,
                                    "{'id': 'n', 'type': 'ipv6', 'link': 'v', "
                                    "'ip_address': '2001:db8::7/64', 'gateway': '2001:db8::1'}",
                                    "");
    (void)state;
    assert_string_equal(plan, "up 52:54:00:aa:00:01\n"
                              "vlan 52:54:00:aa:00:01.100\n"
                              "up 52:54:00:aa:00:01.100\n"
                              "address 52:54:00:aa:00:01.100 2001:db8::7/64\n"
                              "route 52:54:00:aa:00:01.100 ::/0 2001:db8::1\n");
}

static void
a_network_may_ask_by_dhcp(void **state)
{
    g_autofree char *plan = plan_of(CARD, "{'id': 'n', 'type': 'ipv4_dhcp', 'link': 'one'}", "");
    (void)state;
    assert_string_equal(plan, "up 52:54:00:aa:00:01\ndhcp 52:54:00:aa:00:01\n");
}

static void
what_cannot_be_set_up_is_no_plan(void **state)
{
    static const char *const networks[] = {
        "",
        "{'type': 'ipv4', 'link': 'none', 'ip_address': '192.0.2.7/24'}",
        "{'type': 'ipv4', 'link': 'one', 'ip_address': '192.0.2.7'}",
        "{'type': 'ipv4', 'link': 'one', 'ip_address': '192.0.2.7/33'}",
        "{'type': 'ipv4', 'link': 'one', 'ip_address': '$(reboot)/24'}",
        "{'type': 'ipv4', 'link': 'one', 'ip_address': '192.0.2.7', 'netmask': '255.0.255.0'}",
        "{'type': 'ipv4', 'link': 'loop', 'ip_address': '192.0.2.7/24'}",
        "{'type': 'ipv4', 'link': 'bad', 'ip_address': '192.0.2.7/24'}",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(networks); i++) {
        g_autofree char *plan =
            plan_of(CARD ", {'id': 'loop', 'type': 'bond', 'bond_links': ['loop']}, {'id': 'bad', "
                         "'type': 'phy', 'ethernet_mac_address': '52:54:00:00:00:0;'}",
                    networks[i], "");
        assert_null(plan);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_a_route_and_a_name_server),
        cmocka_unit_test(a_vlan_of_a_bond_lies_on_its_first_card),
        cmocka_unit_test(a_network_may_ask_by_dhcp),
        cmocka_unit_test(what_cannot_be_set_up_is_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
