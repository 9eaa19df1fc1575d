/* Nodes get the interfaces that the configuration enables and their hardware type supports.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/config.h"
#include "drivers/registry.h"
#include "drivers/vendor/vendor.h"

#include <string.h>

/* A registry of these settings (NULL-terminated), or NULL with the error. */
static Registry *
configured(const char *const *settings, GError **error)
{
    g_autoptr(Config) config = config_new();
    for (size_t i = 0; settings[i] != NULL; i++)
        if (!config_set(config, settings[i], error))
            return NULL;
    if (!config_finish(config, error))
        return NULL;
    return registry_new(config, error);
}

static Node *
bare_node(const char *driver)
{
    Node *node = node_new();
    record_set_text(&node->uuid, FIXTURE_NODE);
    record_set_text(&node->driver, driver);
    return node;
}

static void
without_configuration_the_defaults_are_those_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        const char *driver, *interfaces[INTERFACE_COUNT];
    } rows[] = {
        {"ipmi",
         {"no-bios", "ipxe", "ipmitool-socat", "direct", "no-firmware", "agent", "ipmitool", "noop",
          "ipmitool", "no-raid", "no-rescue", "noop", "ipmitool"}},
        {"fake-hardware",
         {"fake", "fake", "fake", "fake", "fake", "fake", "fake", "noop", "fake", "fake", "fake",
          "noop", "fake"}},
    };
    g_autoptr(GError) error = NULL;
    const char *const none[] = {NULL};
    Registry *registry = configured(none, &error);
    assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Node) node = bare_node(rows[i].driver);
        registry_complete_node(registry, node, &error);
        assert_no_error(error);
        DriverSet set;
        assert_true(registry_driver_set(registry, node, &set, &error));
        for (int type = 0; type < INTERFACE_COUNT; type++) {
            assert_string_equal(*node_interface_field(node, (InterfaceType)type),
                                rows[i].interfaces[type]);
            assert_string_equal(driver_set_interface(&set, (InterfaceType)type)->name,
                                rows[i].interfaces[type]);
        }
    }
    registry_free(registry);
}

static void
a_wrong_configuration_stops_the_start_and_names_the_option(void **state)
{
    (void)state;
    static const struct {
        const char *settings[4], *part;
    } rows[] = {
        {{"enabled_hardware_types=ipmi,hal9000"},
         "enabled_hardware_types: there is no hardware type hal9000"},
        {{"enabled_hardware_types="}, "enabled_hardware_types is empty"},
        {{"enabled_hardware_types=irmc,snmp"},
         "enabled_hardware_types names none that Steel has; known are ipmi, redfish, "
         "fake-hardware"},
        {{"enabled_boot_interfaces=ipxe,pxe9"},
         "enabled_boot_interfaces: there is no boot interface pxe9"},
        {{"enabled_power_interfaces=fake"}, "enabled_power_interfaces leaves hardware type ipmi"},
        {{"enabled_hardware_types=ipmi", "default_power_interface=fake"},
         "default_power_interface: fake is not in"},
        {{"enabled_hardware_types=ipmi", "default_power_interface=nothing"},
         "default_power_interface: nothing is not in"},
        {{"enabled_hardware_types=ipmi", "enabled_boot_interfaces=ipxe,fake",
          "default_boot_interface=fake"},
         "default_boot_interface: hardware type ipmi does not support"},
        {{"enabled_storage_interfaces=external", "default_storage_interface=noop"},
         "default_storage_interface: noop is not in"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(configured(rows[i].settings, &error));
        assert_error(&error, STEEL_ERROR_CONFIG, rows[i].part);
    }
}

static void
a_default_is_for_the_hardware_types_that_know_it(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_hardware_types=ilo,ipmi",
                                    "enabled_boot_interfaces=ipxe,ilo-ipxe",
                                    "default_boot_interface=ipxe", NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    assert_no_error(error);
    g_autoptr(Node) ipmi = bare_node("ipmi"), ilo = bare_node("ilo");
    assert_true(registry_complete_node(registry, ipmi, &error));
    assert_true(registry_complete_node(registry, ilo, &error));
    assert_string_equal(ipmi->boot_interface, "ipxe");
    assert_string_equal(ilo->boot_interface, "ilo-ipxe");
    registry_free(registry);
}

static void
what_ironic_has_and_steel_has_not_is_left_out(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_hardware_types=irmc,ipmi,snmp,fake-hardware",
                                    "enabled_boot_interfaces=ipxe,irmc-virtual-media",
                                    "enabled_network_interfaces=ironic-networking",
                                    "enabled_power_interfaces=ipmitool,irmc",
                                    "default_deploy_interface=autodetect",
                                    NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    assert_no_error(error);
    g_autoptr(Node) ipmi = bare_node("ipmi"), fake = bare_node("fake-hardware");
    assert_true(registry_complete_node(registry, ipmi, &error));
    assert_string_equal(ipmi->boot_interface, "ipxe");
    assert_string_equal(ipmi->deploy_interface, "direct");
    assert_string_equal(ipmi->network_interface, "noop"); /* no name of the list was usable */
    assert_string_equal(ipmi->power_interface, "ipmitool");
    assert_true(registry_complete_node(registry, fake, &error));
    assert_string_equal(fake->power_interface, "fake"); /* irmc might have been meant for it */
    registry_free(registry);
}

static void
what_needs_a_service_is_the_default_only_where_it_is_listed(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"enabled_network_interfaces=", "noop"},
                                          {"enabled_network_interfaces=noop,flat", "flat"},
                                          {"enabled_network_interfaces=noop,neutron", "neutron"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const settings[] = {"enabled_hardware_types=ipmi", rows[i][0], NULL};
        g_autoptr(GError) error = NULL;
        Registry *registry = configured(settings, &error);
        assert_no_error(error);
        g_autoptr(Node) node = bare_node("ipmi"), asked = bare_node("ipmi");
        assert_true(registry_complete_node(registry, node, &error));
        assert_string_equal(node->network_interface, rows[i][1]);
        record_set_text(&asked->network_interface, rows[i][1]);
        assert_true(registry_complete_node(registry, asked, &error));
        registry_free(registry);
    }
}

static void
all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_hardware_types=ipmi,hal9000",
                                    "enabled_boot_interfaces=pxe9", "default_raid_interface=raid0",
                                    NULL};
    g_autoptr(GError) error = NULL;
    assert_null(configured(settings, &error));
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    assert_int_equal(g_strv_length(lines), 3);
    assert_non_null(strstr(lines[0], "there is no hardware type hal9000; known are ipmi"));
    assert_non_null(strstr(lines[1], "there is no boot interface pxe9; known are fake, ipxe"));
    assert_non_null(strstr(lines[2], "raid0 is not in enabled_raid_interfaces"));
}

static void
an_unwritten_default_gives_way_to_what_is_enabled(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_storage_interfaces=external",
                                    "default_boot_interface=ipxe", NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    assert_no_error(error);
    g_autoptr(Node) node = bare_node("fake-hardware");
    assert_true(registry_complete_node(registry, node, &error));
    assert_string_equal(node->storage_interface, "external");
    assert_string_equal(node->boot_interface, "ipxe");
    registry_free(registry);
}

static void
a_node_is_refused_what_is_not_enabled_or_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        const char *driver, *boot, *part;
    } rows[] = {
        {"redfish", NULL, "driver redfish is not enabled; enabled are: ipmi, fake-hardware"},
        {"ipmi", "fake", "driver ipmi does not support fake; it may be: ipxe"},
        {"ipmi", "ilo", "ilo is not enabled; for driver ipmi it may be: ipxe"},
        {"fake-hardware", "ilo", "ilo is not enabled; for driver fake-hardware it may be: fake"},
    };
    const char *const none[] = {NULL};
    Registry *registry = configured(none, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        DriverSet set;
        g_autoptr(Node) node = bare_node(rows[i].driver);
        record_set_text(&node->boot_interface, rows[i].boot);
        assert_false(registry_complete_node(registry, node, &error));
        assert_error(&error, STEEL_ERROR_INVALID, rows[i].part);
        assert_null(node->power_interface);
        assert_false(registry_driver_set(registry, node, &set, &error));
        assert_error(&error, STEEL_ERROR_INVALID, rows[i].part);
    }
    registry_free(registry);
}

static void
fake_hardware_takes_any_enabled_interface(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(none, &error);
    g_autoptr(Node) node = bare_node("fake-hardware");
    record_set_text(&node->power_interface, "ipmitool");
    registry_complete_node(registry, node, &error);
    assert_no_error(error);
    registry_free(registry);
}

static void
a_written_default_holds_for_fake_hardware_even_when_it_is_none_of_its_own(void **state)
{
    (void)state;
    const char *const settings[] = {"default_power_interface=ipmitool", NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    assert_no_error(error);
    g_autoptr(Node) node = bare_node("fake-hardware");
    assert_true(registry_complete_node(registry, node, &error));
    assert_string_equal(node->power_interface, "ipmitool");
    registry_free(registry);
}

static void
instance_info_overrides_the_field_of_the_node(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    g_autoptr(GError) error = NULL;
    DriverSet set;
    Registry *registry = configured(none, &error);
    g_autoptr(Node) node = bare_node("ipmi");
    assert_true(registry_complete_node(registry, node, &error));
    json_object_set_new(node->instance_info, "storage_interface", json_string("external"));
    assert_true(registry_driver_set(registry, node, &set, &error));
    assert_string_equal(driver_set_interface(&set, INTERFACE_STORAGE)->name, "external");
    assert_string_equal(node->storage_interface, "noop");
    registry_free(registry);
}

static void
resetting_interfaces_keeps_those_named(void **state)
{
    (void)state;
    const char *const none[] = {NULL}, *const keep[] = {"boot_interface", "power", NULL};
    Registry *registry = configured(none, NULL);
    g_autoptr(Node) node = bare_node("ipmi");
    assert_true(registry_complete_node(registry, node, NULL));
    registry_reset_interfaces(node, keep);
    assert_string_equal(node->boot_interface, "ipxe");
    assert_string_equal(node->power_interface, "ipmitool");
    assert_null(node->deploy_interface);
    registry_reset_interfaces(node, NULL);
    assert_null(node->boot_interface);
    registry_free(registry);
}

static void
the_listing_tells_enabled_interfaces_in_order_of_preference(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_hardware_types=ipmi", NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    assert_no_error(error);
    json_auto_t *listing = registry_hardware(registry);
    assert_int_equal(json_array_size(listing), 1);
    const json_t *ipmi = json_array_get(listing, 0);
    assert_string_equal(json_string_member(ipmi, "name"), "ipmi");
    json_auto_t *expected =
        driver_fixture_json("{\"default\": \"ipmitool\", \"enabled\": [\"ipmitool\", \"noop\"]}");
    assert_true(
        json_equal(expected, json_object_get(json_object_get(ipmi, "interfaces"), "management")));
    assert_int_equal(json_object_size(json_object_get(ipmi, "interfaces")), INTERFACE_COUNT);
    registry_free(registry);
}

static void
properties_and_vendor_methods_are_those_of_the_defaults(void **state)
{
    (void)state;
    const char *const settings[] = {"enabled_hardware_types=ipmi", NULL};
    g_autoptr(GError) error = NULL;
    Registry *registry = configured(settings, &error);
    json_auto_t *properties = registry_driver_properties(registry, "ipmi", &error);
    assert_non_null(json_object_get(properties, "ipmi_address"));
    assert_string_equal(registry_default_vendor(registry, "ipmi", &error)->interface.name,
                        "ipmitool");
    assert_null(registry_driver_properties(registry, "fake-hardware", &error));
    assert_error(&error, STEEL_ERROR_NOT_FOUND, "fake-hardware is not enabled");
    assert_null(registry_default_vendor(registry, "no-such", &error));
    assert_error(&error, STEEL_ERROR_NOT_FOUND, "no-such is not enabled");
    registry_free(registry);
}

static void
kinds_of_interfaces_have_names(void **state)
{
    (void)state;
    for (int type = 0; type < INTERFACE_COUNT; type++) {
        InterfaceType found = INTERFACE_COUNT;
        assert_true(interface_type_from_name(interface_type_name((InterfaceType)type), &found));
        assert_int_equal(found, type);
    }
    InterfaceType untouched = INTERFACE_COUNT;
    assert_false(interface_type_from_name("soup", &untouched));
    assert_false(interface_type_from_name(NULL, &untouched));
    assert_int_equal(untouched, INTERFACE_COUNT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_configuration_the_defaults_are_those_of_the_manual),
        cmocka_unit_test(a_wrong_configuration_stops_the_start_and_names_the_option),
        cmocka_unit_test(a_default_is_for_the_hardware_types_that_know_it),
        cmocka_unit_test(what_ironic_has_and_steel_has_not_is_left_out),
        cmocka_unit_test(what_needs_a_service_is_the_default_only_where_it_is_listed),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(an_unwritten_default_gives_way_to_what_is_enabled),
        cmocka_unit_test(a_node_is_refused_what_is_not_enabled_or_does_not_fit),
        cmocka_unit_test(fake_hardware_takes_any_enabled_interface),
        cmocka_unit_test(a_written_default_holds_for_fake_hardware_even_when_it_is_none_of_its_own),
        cmocka_unit_test(instance_info_overrides_the_field_of_the_node),
        cmocka_unit_test(resetting_interfaces_keeps_those_named),
        cmocka_unit_test(the_listing_tells_enabled_interfaces_in_order_of_preference),
        cmocka_unit_test(properties_and_vendor_methods_are_those_of_the_defaults),
        cmocka_unit_test(kinds_of_interfaces_have_names),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
