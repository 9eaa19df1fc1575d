/* Networks and ports, with what STEEL_CLOUD_AUTH_URL names: a stand-in (tests/openstack), which
 * makes faults as well, and answers that a service may give and should not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/neutron.h"

#include "cloud.h"
#include "common/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODE "11111111-2222-4333-8444-555555555555"
#define ABSENT "00000000-0000-4000-8000-00000000dead"
#define GROUP "5ec00000-0000-4000-8000-000000000001"

typedef struct World {
    Config *config;
    Openstack *openstack;
    Neutron neutron;
} World;

static void
set(Config *config, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s=%s", name, value);
    assert_true(config_set(config, line, NULL));
}

static int
set_up(void **state)
{
    GError *error = NULL;
    World *world = g_new0(World, 1);
    cloud_control("{\"faults\": [], \"forget\": true, \"neutron\": {\"reset\": true}}");
    world->config = config_new();
    cloud_login(world->config);
    set(world->config, "neutron.request_timeout", "1");
    assert_true(config_finish(world->config, NULL));
    config_publish(world->config);
    world->openstack = openstack_new(world->config);
    world->neutron.session = openstack_service(world->openstack, OPENSTACK_NEUTRON, &error);
    if (error != NULL)
        fail_msg("%s", error->message);
    *state = world;
    return 0;
}

static int
tear_down(void **state)
{
    World *world = *state;
    openstack_free(world->openstack);
    g_free(world);
    return 0;
}

static char *
network_id(const World *world, const char *name)
{
    g_auto(NeutronNetwork) network = {0};
    GError *error = NULL;
    if (!neutron_network_find(&world->neutron, name, "network", &network, &error))
        fail_msg("%s", error->message);
    return g_steal_pointer(&network.id);
}

static json_t *
attributes(const char *network, const char *mac)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "network_id", network, "mac_address", mac,
                     "device_owner", "baremetal:none", "device_id", NODE, "binding:host_id", NODE);
}

/* ---- networks ---- */

static void
a_network_is_found_by_name_and_by_uuid(void **state)
{
    const World *world = *state;
    g_autofree char *id = network_id(world, "cleaning"), *again = network_id(world, id);
    assert_string_equal(id, again);
    g_auto(NeutronNetwork) network = {0};
    assert_true(neutron_network_show(&world->neutron, id, &network, NULL));
    assert_string_equal(network.name, "cleaning");
    assert_int_equal(network.mtu, 1450);
    assert_null(network.physical_networks[0]);
}

static void
a_network_that_is_not_one_is_told(void **state)
{
    const World *world = *state;
    static const char *const rows[][2] = {
        {"nowhere", "cleaning network with name or UUID nowhere was not found"},
        {ABSENT, "cleaning network with name or UUID " ABSENT " was not found"},
        {"twice", "More than one cleaning network was found for name twice: "}};
    cloud_control("{\"neutron\": {\"networks\": [{\"name\": \"twice\", \"id\": \"one\"}, "
                  "{\"name\": \"twice\", \"id\": \"other\"}]}}");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(NeutronNetwork) network = {0};
        g_autoptr(GError) error = NULL;
        assert_false(neutron_network_find(&world->neutron, rows[i][0], "cleaning network", &network,
                                          &error));
        assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
        if (!g_str_has_prefix(error->message, rows[i][1]))
            fail_msg("%s", error->message);
    }
}

static void
segments_give_physical_networks(void **state)
{
    const World *world = *state;
    cloud_control(
        "{\"neutron\": {\"networks\": [{\"name\": \"routed\", \"id\": \"r\", \"segments\": "
        "[\"a\", null, \"b\", \"a\"]}, {\"name\": \"one\", \"id\": \"o\", "
        "\"physical_network\": \"c\"}]}}");
    g_auto(NeutronNetwork) routed = {0}, one = {0};
    assert_true(neutron_network_find(&world->neutron, "routed", "network", &routed, NULL));
    assert_true(neutron_network_find(&world->neutron, "one", "network", &one, NULL));
    g_autofree char *several = g_strjoinv(",", routed.physical_networks),
                    *single = g_strjoinv(",", one.physical_networks);
    assert_string_equal(several, "a,b");
    assert_string_equal(single, "c");
}

static void
security_groups_that_are_missing_are_named(void **state)
{
    const World *world = *state;
    const char *const good[] = {GROUP, NULL}, *const bad[] = {GROUP, ABSENT, NULL};
    g_autoptr(GError) error = NULL;
    assert_true(neutron_security_groups_check(&world->neutron, NULL, NULL));
    assert_true(neutron_security_groups_check(&world->neutron, good, NULL));
    assert_false(neutron_security_groups_check(&world->neutron, bad, &error));
    assert_true(g_str_has_suffix(error->message, "in neutron: " ABSENT));
}

/* ---- ports ---- */

static void
a_port_is_made_changed_listed_and_removed(void **state)
{
    const World *world = *state;
    const Neutron *neutron = &world->neutron;
    g_autofree char *network = network_id(world, "provisioning");
    g_auto(NeutronPort) port = {0}, shown = {0}, changed = {0};
    json_auto_t *wanted = attributes(network, "52:54:00:AA:00:01");
    assert_true(neutron_port_create(neutron, wanted, &port, NULL));
    assert_string_equal(port.mac_address, "52:54:00:aa:00:01");
    assert_string_equal(port.vif_type, "other");
    assert_true(neutron_port_has_version(&port, 4) && !neutron_port_has_version(&port, 6));
    assert_true(neutron_port_show(neutron, port.id, &shown, NULL));
    assert_string_equal(shown.device_id, NODE);
    json_auto_t *unbound = json_pack("{s:s}", "binding:host_id", "");
    assert_true(neutron_port_update(neutron, port.id, unbound, &changed, NULL));
    assert_string_equal(changed.vif_type, "unbound");
    const char *const devices[] = {"x", NODE, NULL};
    const NeutronPortFilter filter = {.network_id = network, .device_ids = devices};
    g_autoptr(GPtrArray) ports = neutron_ports_list(neutron, &filter, NULL);
    assert_int_equal(ports->len, 1);
    assert_true(neutron_port_delete(neutron, port.id, NULL));
    assert_true(neutron_port_delete(neutron, port.id, NULL)); /* again */
    g_autoptr(GError) error = NULL;
    assert_false(neutron_port_update(neutron, port.id, unbound, NULL, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_NOT_FOUND));
}

static void
a_refusal_gives_neutrons_words(void **state)
{
    const World *world = *state;
    g_autofree char *network = network_id(world, "provisioning");
    json_auto_t *wanted = attributes(network, "52:54:00:aa:00:02");
    g_auto(NeutronPort) port = {0}, again = {0};
    g_autoptr(GError) error = NULL;
    assert_true(neutron_port_create(&world->neutron, wanted, &port, NULL));
    assert_false(neutron_port_create(&world->neutron, wanted, &again, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CONFLICT));
    assert_non_null(strstr(error->message, "Neutron answered 409 to the creation of a port for "
                                           "52:54:00:aa:00:02"));
    assert_non_null(strstr(error->message, "is in use"));
}

static void
faults_are_told_with_the_call(void **state)
{
    static const struct {
        const char *kind, *words;
        SteelErrorCode code;
    } rows[] = {
        {"403",      "Neutron answered 403 to the look at port p",           STEEL_ERROR_FORBIDDEN},
        {"500",      "Neutron answered 500 to the look at port p",           STEEL_ERROR_HTTP},
        {"html",     "The proxy is tired .",                                 STEEL_ERROR_HTTP},
        {"half",     "the look at port p",                                   STEEL_ERROR_HTTP},
        {"nonsense", "the look at port p: Neutron's answer has no \"port\"", STEEL_ERROR_HTTP},
        {"slow",     "the look at port p",                                   STEEL_ERROR_TIMEOUT},
    };
    const World *world = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(NeutronPort) port = {0};
        cloud_fault("GET /v2.0/ports", 1, rows[i].kind);
        assert_false(neutron_port_show(&world->neutron, "p", &port, &error));
        if (!steel_error_is(error, rows[i].code) || strstr(error->message, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].kind, error->message);
    }
}

/* ---- answers that are none ---- */

static void
answers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad_ports[] = {
        "{}",
        "{\"id\": 5, \"network_id\": \"n\", \"mac_address\": \"52:54:00:00:00:01\"}",
        "{\"id\": \"a\\nb\", \"network_id\": \"n\", \"mac_address\": \"52:54:00:00:00:01\"}",
        "{\"id\": \"p\", \"network_id\": null, \"mac_address\": \"52:54:00:00:00:01\"}",
        "{\"id\": \"p\", \"network_id\": \"n\", \"mac_address\": \"52:54:00:00:00:0g\"}",
        "{\"id\": \"p\", \"network_id\": \"n\", \"mac_address\": \"52:54:00:00:00:01\", "
        "\"fixed_ips\": [{\"subnet_id\": \"s\", \"ip_address\": \"10.0.0.256\"}]}",
        "{\"id\": \"p\", \"network_id\": \"n\", \"mac_address\": \"52:54:00:00:00:01\", "
        "\"fixed_ips\": [5]}"};
    static const char *const bad_subnets[] = {
        "{\"id\": \"s\", \"cidr\": \"10.0.0.0\", \"ip_version\": 4}",
        "{\"id\": \"s\", \"cidr\": \"10.0.0.0/33\", \"ip_version\": 4}",
        "{\"id\": \"s\", \"cidr\": \"10.0.0.0/+8\", \"ip_version\": 4}",
        "{\"id\": \"s\", \"cidr\": \"fd00::/64\", \"ip_version\": 4}"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad_ports); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(NeutronPort) port = {0};
        json_auto_t *answer = json_text_parse(bad_ports[i], strlen(bad_ports[i]), 0, NULL);
        assert_non_null(answer);
        assert_false(neutron_port_read(answer, &port, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_subnets); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(NeutronSubnet) subnet = {0};
        json_auto_t *answer = json_text_parse(bad_subnets[i], strlen(bad_subnets[i]), 0, NULL);
        assert_false(neutron_subnet_read(answer, &subnet, &error));
        assert_true(steel_error_is(error, STEEL_ERROR_HTTP));
    }
}

static void
a_subnet_keeps_only_addresses_and_routes_that_are_some(void **state)
{
    (void)state;
    const char *text = "{\"id\": \"s\", \"cidr\": \"fd00::/64\", \"ip_version\": 6, "
                       "\"gateway_ip\": \"x\", \"ipv6_address_mode\": \"dhcpv6-stateful\", "
                       "\"dns_nameservers\": [\"fd00::53\", \"no\", 5], \"host_routes\": "
                       "[{\"destination\": \"::/0\", \"nexthop\": \"fd00::1\"}, "
                       "{\"destination\": \"::/0\"}, 7]}";
    g_auto(NeutronSubnet) subnet = {0};
    json_auto_t *answer = json_text_parse(text, strlen(text), 0, NULL);
    assert_true(neutron_subnet_read(answer, &subnet, NULL));
    assert_true(subnet.stateful);
    assert_null(subnet.gateway_ip);
    assert_int_equal(g_strv_length(subnet.dns_nameservers), 1);
    assert_int_equal(json_array_size(subnet.host_routes), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_network_is_found_by_name_and_by_uuid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_network_that_is_not_one_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(segments_give_physical_networks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(security_groups_that_are_missing_are_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_port_is_made_changed_listed_and_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_gives_neutrons_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(faults_are_told_with_the_call, set_up, tear_down),
        cmocka_unit_test(answers_that_are_none_are_refused),
        cmocka_unit_test(a_subnet_keeps_only_addresses_and_routes_that_are_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
