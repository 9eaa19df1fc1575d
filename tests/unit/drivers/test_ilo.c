/* Nodes with an iLO: driver_info, power, and volumes that the firmware boots.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/bios/bios.h"
#include "drivers/boot/boot.h"
#include "drivers/ilo_node.h"
#include "drivers/inspect/inspect.h"
#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "drivers/storage/storage.h"
#include "drivers/vendor/vendor.h"
#include "model/capabilities.h"
#include "model/internal_info.h"

#include <string.h>

#define SYSTEM "/redfish/v1/Systems/1"
#define SETTINGS "/redfish/v1/Systems/1/Bios/iScsi/Settings"

static char *state_path; /* "state_path=..."; owned */

static void
set_capabilities(Node *node, const char *mode)
{
    g_autofree char *capabilities = g_strdup_printf("boot_mode:%s,iscsi_boot:true", mode);
    json_object_set_new(node->properties, "capabilities", json_string(capabilities));
}

/* A node with these interfaces, in this mode. */
static Task *
begin_with(DriverFixture **fixture, const char *boot, const char *deploy, const char *mode)
{
    const char *const settings[] = {state_path, "deploy.ramdisk_image_download_source=http",
                                    "enabled_deploy_interfaces=direct,ramdisk", NULL};
    *fixture = driver_fixture_new(settings);
    Node *node = driver_fixture_node(*fixture, "ilo5");
    record_set_text(&node->storage_interface, "external");
    record_set_text(&node->boot_interface, boot);
    record_set_text(&node->deploy_interface, deploy);
    set_capabilities(node, mode);
    return driver_fixture_begin(*fixture, node);
}

/* The same with an iSCSI volume. */
static Task *
begin(DriverFixture **fixture, const char *boot, const char *mode)
{
    Task *task = begin_with(fixture, boot, "direct", mode);
    driver_fixture_volume(*fixture);
    set_capabilities(task->node, mode);
    return task;
}

static void
expect(DriverFixture *fixture, const char *uri, const char *path, const char *value)
{
    g_autofree char *text = ilo_device_text(fixture->ilo, uri, path);
    assert_string_equal(text != NULL ? text : "(absent)", value);
}

/* ---- driver_info ---- */

static void
a_mistake_in_driver_info_is_named(void **state)
{
    static const struct {
        const char *change;
        SteelErrorCode code;
        const char *words;
    } cases[] = {
        {"{\"ilo_address\": null, \"ilo_password\": null}", STEEL_ERROR_MISSING,
         "The following required iLO parameters are missing from the node's driver_info: "
         "['ilo_address', 'ilo_password']"},
        {"{\"ilo_username\": \"\"}", STEEL_ERROR_MISSING, "['ilo_username']"},
        {"{\"ilo_address\": [1]}", STEEL_ERROR_INVALID, "['ilo_address']"},
        {"{\"client_port\": \"none\"}", STEEL_ERROR_INVALID, "client_port is not a valid port"},
        {"{\"client_port\": 65536}", STEEL_ERROR_INVALID, "client_port is not a valid port"},
        {"{\"client_timeout\": \"soon\"}", STEEL_ERROR_INVALID,
         "The following iLO parameters from the node's driver_info should be integers: "
         "['client_timeout']"},
        {"{\"client_timeout\": 0}", STEEL_ERROR_INVALID, "client_timeout"},
        {"{\"ca_file\": \"/no/such/file\"}", STEEL_ERROR_INVALID,
         "ca_file \"/no/such/file\" is not found."},
        {"{\"ilo_verify_ca\": \"/no/such/file\"}", STEEL_ERROR_INVALID,
         "The value should be a Boolean or the path to a file/directory"},
        {"{\"ilo_verify_ca\": 7}", STEEL_ERROR_INVALID, "ilo_verify_ca"},
    };
    DriverFixture *fixture = driver_fixture_new(NULL);
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Node) node = driver_fixture_node(fixture, "ilo");
        g_autoptr(GError) error = NULL;
        g_auto(IloNode) ilo = {0};
        json_auto_t *change = driver_fixture_json(cases[i].change);
        json_object_update(node->driver_info, change);
        assert_false(ilo_node_read(node, &ilo, &error));
        assert_null(strstr(error->message, ILO_DEVICE_PASSWORD));
        assert_error(&error, cases[i].code, cases[i].words);
    }
    driver_fixture_free(fixture);
}

static void
driver_info_is_read_as_clients_write_it(void **state)
{
    DriverFixture *fixture = driver_fixture_new(NULL);
    g_autoptr(Node) node = driver_fixture_node(fixture, "ilo");
    g_autoptr(GError) error = NULL;
    (void)state;
    json_auto_t *change = driver_fixture_json(
        "{\"client_port\": \"8443\", \"client_timeout\": \"7\", \"ilo_password\": 123456, "
        "\"ilo_verify_ca\": \"False\"}");
    json_object_update(node->driver_info, change);
    g_auto(IloNode) ilo = {0};
    ilo_node_read(node, &ilo, &error);
    assert_no_error(error);
    assert_int_equal(ilo.target.port, 8443);
    assert_int_equal(ilo.target.timeout_ms, 7000);
    assert_string_equal(ilo.target.password, "123456");
    assert_true(ilo.target.insecure);
    driver_fixture_free(fixture);
}

static void
what_is_not_in_driver_info_comes_from_the_configuration(void **state)
{
    static const char *const settings[] = {"ilo.client_port=444", "ilo.client_timeout=9",
                                           "ilo.verify_ca=false", NULL};
    DriverFixture *fixture = driver_fixture_new(settings);
    g_autoptr(Node) node = driver_fixture_node(fixture, "ilo");
    g_autoptr(GError) error = NULL;
    g_auto(IloNode) ilo = {0};
    (void)state;
    json_object_del(node->driver_info, "client_port");
    json_object_del(node->driver_info, "ilo_verify_ca");
    ilo_node_read(node, &ilo, &error);
    assert_no_error(error);
    assert_int_equal(ilo.target.port, 444);
    assert_int_equal(ilo.target.timeout_ms, 9000);
    assert_true(ilo.target.insecure);
    driver_fixture_free(fixture);
}

static void
hardware_types_have_ironics_defaults(void **state)
{
    static const struct {
        const char *driver, *management;
    } cases[] = {{"ilo", "ilo"}, {"ilo5", "ilo5"}};
    DriverFixture *fixture = driver_fixture_new(NULL);
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Node) node = driver_fixture_node(fixture, cases[i].driver);
        g_autoptr(GError) error = NULL;
        registry_complete_node(fixture->registry, node, &error);
        assert_no_error(error);
        assert_string_equal(node->boot_interface, "ilo-virtual-media");
        assert_string_equal(node->management_interface, cases[i].management);
        assert_string_equal(node->power_interface, "ilo");
        assert_string_equal(node->bios_interface, "ilo");
        assert_string_equal(node->inspect_interface, "ilo");
        assert_string_equal(node->vendor_interface, "ilo");
    }
    driver_fixture_free(fixture);
}

/* ---- volumes by firmware ---- */

static void
prepares_by_firmware(const char *boot)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, boot, "uefi");
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSITargetName", "iqn.2010-10.com.example:a");
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSITargetIpAddress", "192.0.2.5");
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSILUN", "1");
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSIConnection", "Enabled");
    expect(fixture, SETTINGS, "iSCSIInitiatorName", "iqn.2017-08.org.openstack.rack1-07");
    expect(fixture, SYSTEM, "Boot/UefiTargetBootSourceOverride", "NIC.LOM.1.1.iSCSI");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "UefiTarget");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideEnabled", "Continuous");
    expect(fixture, SYSTEM, "PowerState",
           "Off"); /* the self-test made the entry; the deploy starts it */
    assert_true(info_true(task->node, INFO_ILO_UEFI_ISCSI_BOOT));
    assert_false(boot_reports_progress(task));
    boot_clean_up_instance(task, &error);
    assert_no_error(error);
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSIConnection", "Disabled");
    assert_false(info_has(task->node, INFO_ILO_UEFI_ISCSI_BOOT));
    driver_fixture_free(fixture);
}

static void
a_volume_is_booted_by_the_firmware_in_uefi_mode(void **state)
{
    (void)state;
    prepares_by_firmware("ilo-pxe");
    prepares_by_firmware("ilo-ipxe");
    prepares_by_firmware("ilo-virtual-media");
}

static void
ipxe_boots_a_volume_in_bios_mode(void **state)
{
    static const char *const boots[] = {"ilo-pxe", "ilo-ipxe"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(boots); i++) {
        DriverFixture *fixture;
        g_autoptr(GError) error = NULL;
        Task *task = begin(&fixture, boots[i], "bios");
        assert_true(task->driver.boot->interface.validate(task, &error));
        boot_prepare_instance(task, &error);
        assert_no_error(error);
        assert_false(info_has(task->node, INFO_ILO_UEFI_ISCSI_BOOT));
        assert_true(info_has(task->node, INFO_BOOT));
        expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "Pxe");
        expect(fixture, SETTINGS, "iSCSISources/0/iSCSIConnection", "Disabled");
        expect(fixture, "/redfish/v1/Systems/1/Bios/Settings", "Attributes/BootMode", "LegacyBios");
        boot_clean_up_instance(task, &error);
        assert_no_error(error);
        assert_false(info_has(task->node, INFO_BOOT));
        driver_fixture_free(fixture);
    }
}

static void
virtual_media_boots_no_volume_in_bios_mode(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-virtual-media", "bios");
    (void)state;
    assert_false(boot_prepare_instance(task, &error));
    assert_error(&error, STEEL_ERROR_DEPLOY_FAILED,
                 "virtual media can not boot volume in bios mode.");
    expect(fixture, SETTINGS, "iSCSISources/0/iSCSIConnection", "Disabled");
    driver_fixture_free(fixture);
}

static void
storage_admits_volumes_by_firmware(void **state)
{
    static const char *const boots[] = {"ilo-pxe", "ilo-ipxe", "ilo-virtual-media"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(boots); i++) {
        DriverFixture *fixture;
        g_autoptr(GError) error = NULL;
        Task *task = begin(&fixture, boots[i], "uefi");
        task->driver.storage->interface.validate(task, &error);
        assert_no_error(error);
        task->driver.boot->interface.validate(task, &error);
        assert_no_error(error);
        json_object_set_new(task->node->properties, "capabilities", json_string("boot_mode:uefi"));
        assert_false(task->driver.storage->interface.validate(task, &error));
        assert_error(&error, STEEL_ERROR_INVALID, "iscsi_boot is not set");
        driver_fixture_free(fixture);
    }
}

static void
an_error_of_the_ilo_is_an_error_of_the_operation(void **state)
{
    static const char *const boots[] = {"ilo-pxe", "ilo-ipxe", "ilo-virtual-media"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(boots); i++) {
        DriverFixture *fixture;
        g_autoptr(GError) error = NULL;
        Task *task = begin(&fixture, boots[i], "uefi");
        ilo_device_answer(fixture->ilo, "PATCH", SETTINGS, 9, 400,
                          "{\"error\": {\"message\": \"the iLO says no\"}}");
        assert_false(boot_prepare_instance(task, &error));
        assert_error(&error, STEEL_ERROR_BMC_REFUSED, "the iLO says no");
        driver_fixture_free(fixture);
    }
}

static void
an_instance_without_a_volume_boots_from_its_disk(void **state)
{
    static const char *const boots[] = {"ilo-pxe", "ilo-ipxe", "ilo-virtual-media"};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(boots); i++) {
        DriverFixture *fixture;
        g_autoptr(GError) error = NULL;
        Task *task = begin_with(&fixture, boots[i], "direct", "uefi");
        boot_prepare_instance(task, &error);
        assert_no_error(error);
        expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "Hdd");
        expect(fixture, SYSTEM, "Boot/BootSourceOverrideEnabled", "Continuous");
        expect(fixture, SETTINGS, "iSCSISources/0/iSCSIConnection", "Disabled");
        assert_false(info_has(task->node, INFO_ILO_UEFI_ISCSI_BOOT));
        boot_clean_up_instance(task, &error);
        assert_no_error(error);
        driver_fixture_free(fixture);
    }
}

static void
a_running_machine_is_left_alone(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    record_set_text(&task->node->provision_state, "active");
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    g_autofree char *changes = ilo_device_changes(fixture->ilo);
    assert_string_equal(changes, "");
    driver_fixture_free(fixture);
}

static void
a_machine_in_legacy_mode_is_taken_through_a_post(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    ilo_device_set(fixture->ilo, "/redfish/v1/Systems/1/Bios",
                   "{\"Attributes\": {\"BootMode\": \"LegacyBios\"}}");
    ilo_device_set(fixture->ilo, "/redfish/v1/Systems/1/Bios/Settings",
                   "{\"Attributes\": {\"BootMode\": \"LegacyBios\"}}");
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    expect(fixture, "/redfish/v1/Systems/1/Bios", "Attributes/BootMode", "Uefi");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "UefiTarget");
    driver_fixture_free(fixture);
}

/* ---- ramdisks ---- */

static void
a_ramdisk_is_booted_from_its_iso_once(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-virtual-media", "uefi");
    (void)state;
    assert_false(boot_validate_ramdisk(task, RAMDISK_FOR_AGENT, &error));
    assert_error(&error, STEEL_ERROR_MISSING, "deploy_iso");
    json_object_set_new(task->node->driver_info, "deploy_iso",
                        json_string("http://192.0.2.1/agent.iso"));
    boot_prepare_ramdisk(task, NULL, &error);
    assert_no_error(error);
    expect(fixture, "/redfish/v1/Managers/1/VirtualMedia/2", "Image", "http://192.0.2.1/agent.iso");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "Cd");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideEnabled", "Once");
    expect(fixture, SYSTEM, "PowerState", "Off");
    boot_clean_up_ramdisk(task, &error);
    assert_no_error(error);
    json_auto_t *inserted =
        ilo_device_get(fixture->ilo, "/redfish/v1/Managers/1/VirtualMedia/2", "Inserted");
    assert_true(json_is_false(inserted));
    driver_fixture_free(fixture);
}

static void
a_licence_without_virtual_media_ends_it_before_anything_is_done(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-virtual-media", "uefi");
    (void)state;
    json_object_set_new(task->node->driver_info, "deploy_iso",
                        json_string("http://192.0.2.1/agent.iso"));
    ilo_device_set(fixture->ilo, "/redfish/v1/Managers/1",
                   "{\"Oem\": {\"Hpe\": {\"License\": {\"LicenseString\": \"iLO Standard\"}}}}");
    assert_false(boot_prepare_ramdisk(task, NULL, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "\"iLO Standard\"");
    g_autofree char *changes = ilo_device_changes(fixture->ilo);
    assert_string_equal(changes, "");
    driver_fixture_free(fixture);
}

static void
secure_boot_is_off_for_a_ramdisk(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-virtual-media", "uefi");
    (void)state;
    json_object_set_new(task->node->driver_info, "deploy_iso",
                        json_string("http://192.0.2.1/agent.iso"));
    ilo_device_set(fixture->ilo, "/redfish/v1/Systems/1/SecureBoot",
                   "{\"SecureBootCurrentBoot\": \"Enabled\", \"SecureBootEnable\": true}");
    boot_prepare_ramdisk(task, NULL, &error);
    assert_no_error(error);
    json_auto_t *on =
        ilo_device_get(fixture->ilo, "/redfish/v1/Systems/1/SecureBoot", "SecureBootEnable");
    assert_true(json_is_false(on));
    driver_fixture_free(fixture);
}

static void
https_boots_from_secure_urls_alone(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-uefi-https", "uefi");
    (void)state;
    assert_false(boot_validate_ramdisk(task, RAMDISK_FOR_AGENT, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "cannot boot the node"); /* its volume */
    assert_false(task->driver.boot->validate_ramdisk(task, RAMDISK_FOR_AGENT, &error));
    assert_error(&error, STEEL_ERROR_MISSING, "deploy_iso");
    json_object_set_new(task->node->driver_info, "deploy_iso",
                        json_string("http://192.0.2.1/a.iso"));
    assert_false(task->driver.boot->validate_ramdisk(task, RAMDISK_FOR_AGENT, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "Secure URLs exposed over HTTPS are expected");
    json_object_set_new(task->node->driver_info, "deploy_iso",
                        json_string("https://192.0.2.1/a.iso"));
    boot_prepare_ramdisk(task, NULL, &error);
    assert_no_error(error);
    expect(fixture, "/redfish/v1/Systems/1/Bios/Settings", "Attributes/UrlBootFile",
           "https://192.0.2.1/a.iso");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "UefiHttp");
    json_object_set_new(task->node->properties, "capabilities", json_string("boot_mode:bios"));
    assert_false(task->driver.boot->interface.validate(task, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "required to be in 'UEFI' boot mode");
    driver_fixture_free(fixture);
}

/* ---- inspection, BIOS, vendor ---- */

static const StepDef *
step_named(const StepDef *steps, const char *name)
{
    while (strcmp(steps->name, name) != 0)
        steps++;
    return steps;
}

static void
an_inspection_fills_properties_and_ports(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    const StepDef *step =
        step_named(task->driver.inspect->interface.steps[STEP_KIND_INSPECT], "inspect");
    for (int i = 0; i < 2; i++) {
        StepOutcome outcome = step->run(task, NULL, &error);
        assert_no_error(error);
        assert_int_equal(outcome.result, STEP_DONE);
    }
    const json_t *properties = task->node->properties;
    assert_int_equal(json_integer_value(json_object_get(properties, "memory_mb")), 64 * 1024);
    assert_int_equal(json_integer_value(json_object_get(properties, "cpus")), 32);
    assert_int_equal(json_integer_value(json_object_get(properties, "local_gb")), 49);
    assert_string_equal(json_string_value(json_object_get(properties, "cpu_arch")), "x86_64");
    g_autofree char *model = capability_get(task->node, "server_model"),
                    *mode = capability_get(task->node, "boot_mode");
    assert_string_equal(model, "ProLiant DL380 Gen10");
    assert_string_equal(mode, "uefi");                  /* what was there stays */
    assert_int_equal(task_ports(task, &error)->len, 1); /* it was there already */
    driver_fixture_free(fixture);
}

static void
a_machine_that_is_off_is_inspected_and_off_again(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    assert_true(power_set(task, POWER_TARGET_OFF, 5, &error));
    step_named(task->driver.inspect->interface.steps[STEP_KIND_INSPECT], "inspect")
        ->run(task, NULL, &error);
    assert_no_error(error);
    expect(fixture, SYSTEM, "PowerState", "Off");
    driver_fixture_free(fixture);
}

static void
bios_settings_are_in_force_after_the_step(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    StepOutcome outcome;
    (void)state;
    json_auto_t *args = driver_fixture_json(
        "{\"settings\": [{\"name\": \"ProcVirtualization\", \"value\": \"Disabled\"}]}");
    const StepDef *step =
        step_named(task->driver.bios->interface.steps[STEP_KIND_CLEAN], "apply_configuration");
    do
        outcome = step->run(task, args, &error);
    while (outcome.result == STEP_AGAIN);
    assert_no_error(error);
    assert_int_equal(outcome.result, STEP_DONE);
    expect(fixture, "/redfish/v1/Systems/1/Bios", "Attributes/ProcVirtualization", "Disabled");
    driver_fixture_free(fixture);
}

static void
an_iso_is_booted_in_states_where_nothing_else_runs(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    const VendorMethod *method =
        vendor_method(task->driver.vendor->node_methods, "boot_into_iso", "POST", &error);
    json_auto_t *arguments = json_pack("{s:s}", "boot_iso_href", "http://192.0.2.1/a.iso");
    (void)state;
    assert_null(method->run(task, "POST", arguments, &error));
    assert_error(&error, STEEL_ERROR_INVALID_STATE_REQUESTED, "manageable");
    record_set_text(&task->node->provision_state, "manageable");
    assert_non_null(method->run(task, "POST", arguments, &error));
    assert_no_error(error);
    expect(fixture, "/redfish/v1/Managers/1/VirtualMedia/2", "Image", "http://192.0.2.1/a.iso");
    expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "Cd");
    driver_fixture_free(fixture);
}

static void
a_password_is_changed_once(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    const StepDef *step = step_named(task->driver.management->interface.steps[STEP_KIND_CLEAN],
                                     "reset_ilo_credential");
    assert_int_equal(step->run(task, NULL, &error).result, STEP_DONE);
    g_autofree char *nothing = ilo_device_changes(fixture->ilo);
    assert_string_equal(nothing, "");
    json_object_set_new(task->node->driver_info, "ilo_change_password", json_string("another-1"));
    assert_int_equal(step->run(task, NULL, &error).result, STEP_DONE);
    assert_no_error(error);
    assert_string_equal(json_string_value(json_object_get(task->node->driver_info, "ilo_password")),
                        "another-1");
    assert_null(json_object_get(task->node->driver_info, "ilo_change_password"));
    g_autofree char *changes = ilo_device_changes(fixture->ilo);
    assert_non_null(strstr(changes, "{\"Password\":\"another-1\"}"));
    driver_fixture_free(fixture);
}

/* ---- power ---- */

static void
an_active_node_gets_its_iso_before_it_comes_on(void **state)
{
    static const PowerTarget targets[] = {POWER_TARGET_REBOOT, POWER_TARGET_ON};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        DriverFixture *fixture;
        g_autoptr(GError) error = NULL;
        Task *task = begin_with(&fixture, "ilo-virtual-media", "ramdisk", "uefi");
        if (targets[i] == POWER_TARGET_ON)
            assert_true(power_set(task, POWER_TARGET_OFF, 5, &error));
        json_object_set_new(task->node->instance_info, "boot_iso",
                            json_string("http://192.0.2.1/boot.iso"));
        record_set_text(&task->node->provision_state, "active");
        power_set(task, targets[i], 10, &error);
        assert_no_error(error);
        expect(fixture, "/redfish/v1/Managers/1/VirtualMedia/2", "Image",
               "http://192.0.2.1/boot.iso");
        expect(fixture, SYSTEM, "Boot/BootSourceOverrideTarget", "Cd");
        driver_fixture_free(fixture);
    }
}

static void
power_off_holds_the_button(void **state)
{
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    (void)state;
    power_set(task, POWER_TARGET_OFF, 5, &error);
    assert_no_error(error);
    g_autofree char *changes = ilo_device_changes(fixture->ilo);
    assert_non_null(strstr(changes, "{\"PushType\":\"PressAndHold\"}"));
    driver_fixture_free(fixture);
}

static int looks_left;

static int64_t
for_some_looks(const Task *task)
{
    (void)task;
    return looks_left-- > 0 ? 1000 : 0;
}

/* It is asked for the power command and for the visit; what the visit sends is too late. */
static void
a_lease_that_ends_during_a_visit_ends_its_changes(void **state)
{
    (void)state;
    DriverFixture *fixture;
    g_autoptr(GError) error = NULL;
    Task *task = begin(&fixture, "ilo-pxe", "uefi");
    looks_left = 2;
    fixture->services.lease_left_ms = for_some_looks;
    assert_false(power_set(task, POWER_TARGET_OFF, 5, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_LEASE_LOST));
    g_autofree char *changes = ilo_device_changes(fixture->ilo);
    assert_null(strstr(changes, "PushType"));
    driver_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_in_driver_info_is_named),
        cmocka_unit_test(driver_info_is_read_as_clients_write_it),
        cmocka_unit_test(what_is_not_in_driver_info_comes_from_the_configuration),
        cmocka_unit_test(hardware_types_have_ironics_defaults),
        cmocka_unit_test(a_volume_is_booted_by_the_firmware_in_uefi_mode),
        cmocka_unit_test(ipxe_boots_a_volume_in_bios_mode),
        cmocka_unit_test(virtual_media_boots_no_volume_in_bios_mode),
        cmocka_unit_test(storage_admits_volumes_by_firmware),
        cmocka_unit_test(an_error_of_the_ilo_is_an_error_of_the_operation),
        cmocka_unit_test(an_instance_without_a_volume_boots_from_its_disk),
        cmocka_unit_test(a_running_machine_is_left_alone),
        cmocka_unit_test(a_machine_in_legacy_mode_is_taken_through_a_post),
        cmocka_unit_test(a_ramdisk_is_booted_from_its_iso_once),
        cmocka_unit_test(a_licence_without_virtual_media_ends_it_before_anything_is_done),
        cmocka_unit_test(secure_boot_is_off_for_a_ramdisk),
        cmocka_unit_test(https_boots_from_secure_urls_alone),
        cmocka_unit_test(an_inspection_fills_properties_and_ports),
        cmocka_unit_test(a_machine_that_is_off_is_inspected_and_off_again),
        cmocka_unit_test(bios_settings_are_in_force_after_the_step),
        cmocka_unit_test(an_iso_is_booted_in_states_where_nothing_else_runs),
        cmocka_unit_test(a_password_is_changed_once),
        cmocka_unit_test(an_active_node_gets_its_iso_before_it_comes_on),
        cmocka_unit_test(power_off_holds_the_button),
        cmocka_unit_test(a_lease_that_ends_during_a_visit_ends_its_changes),
    };
    g_autofree char *folder = g_dir_make_tmp("steel-ilo-XXXXXX", NULL);
    state_path = g_strconcat("state_path=", folder, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
    assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(state_path);
    return failed;
}
