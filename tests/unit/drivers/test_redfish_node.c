/* What the redfish interfaces do beyond their contracts: the forms of driver_info, BMCs that forget
 * or are busy, and what a maker wants otherwise.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "drivers/bios/bios.h"
#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "drivers/redfish_node.h"
#include "model/internal_info.h"
#include "redfish_machine.h"

#include <string.h>

/* driver_info of a node, and what becomes of it: "ADDRESS ROOT SYSTEM CA AUTH", or the error. */
static const struct {
    const char *driver_info;
    const char *read; /* NULL: an error */
    SteelErrorCode code;
    const char *words;
} forms[] = {
    {"{}", NULL, STEEL_ERROR_MISSING, "redfish_address"},
    {"{\"redfish_address\": \"\"}", NULL, STEEL_ERROR_MISSING, "redfish_address"},
    {"{\"redfish_address\": \"bmc\"}", "https://bmc - - system auto", 0, NULL},
    {"{\"redfish_address\": \"bmc:8443\"}", "https://bmc:8443 - - system auto", 0, NULL},
    {"{\"redfish_address\": \"http://bmc:8000/\"}", "http://bmc:8000 - - system auto", 0, NULL},
    {"{\"redfish_address\": \"2001:db8::1\"}", "https://[2001:db8::1] - - system auto", 0, NULL},
    {"{\"redfish_address\": \"[2001:db8::1]:443\"}", "https://[2001:db8::1]:443 - - system auto", 0,
     NULL},
    {"{\"redfish_address\": \"https://bmc/redfish/v1\"}", "https://bmc /redfish/v1/ - system auto",
     0, NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_system_id\": \"/redfish/v1/Systems/Rack 1\"}",
     "https://bmc - /redfish/v1/Systems/Rack%201 system auto", 0, NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_system_id\": \"redfish/v1/Systems/1\"}",
     "https://bmc - /redfish/v1/Systems/1 system auto", 0, NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_verify_ca\": false}", "https://bmc - - none auto", 0,
     NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_verify_ca\": \"False\"}",
     "https://bmc - - none auto", 0, NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_verify_ca\": \"/etc\"}", "https://bmc - - /etc auto",
     0, NULL},
    {"{\"redfish_address\": \"bmc\", \"redfish_auth_type\": \"basic\"}",
     "https://bmc - - system basic", 0, NULL},
    {"{\"redfish_address\": 7}", NULL, STEEL_ERROR_INVALID, "redfish_address"},
    {"{\"redfish_address\": \"ftp://bmc\"}", NULL, STEEL_ERROR_INVALID, "redfish_address"},
    {"{\"redfish_address\": \"https://\"}", NULL, STEEL_ERROR_INVALID, "redfish_address"},
    {"{\"redfish_address\": \"https://me:secret@bmc\"}", NULL, STEEL_ERROR_INVALID,
     "redfish_address"},
    {"{\"redfish_address\": \"b mc\"}", NULL, STEEL_ERROR_INVALID, "redfish_address"},
    {"{\"redfish_address\": \"bmc\", \"redfish_system_id\": 1}", NULL, STEEL_ERROR_INVALID,
     "redfish_system_id"},
    {"{\"redfish_address\": \"bmc\", \"redfish_verify_ca\": \"/no/such/file\"}", NULL,
     STEEL_ERROR_INVALID, "redfish_verify_ca"},
    {"{\"redfish_address\": \"bmc\", \"redfish_verify_ca\": 1}", NULL, STEEL_ERROR_INVALID,
     "redfish_verify_ca"},
    {"{\"redfish_address\": \"bmc\", \"redfish_auth_type\": \"digest\"}", NULL, STEEL_ERROR_INVALID,
     "redfish_auth_type"},
    {"{\"redfish_address\": \"bmc\", \"redfish_password\": [1]}", NULL, STEEL_ERROR_INVALID,
     "redfish_password"},
};

static char *
summary(const RedfishNode *redfish)
{
    static const char *const ways[] = {"auto", "session", "basic"};
    const RedfishTarget *target = &redfish->target;
    const char *trust = target->insecure ? "none" : "system";
    return g_strdup_printf("%s %s %s %s %s", target->address,
                           target->root != NULL ? target->root : "-",
                           redfish->system_id != NULL ? redfish->system_id : "-",
                           target->ca_path != NULL ? target->ca_path : trust, ways[target->auth]);
}

static void
each_form_of_driver_info_is_read_or_refused(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(Node) node = driver_fixture_node(fixture, "redfish");
        g_auto(RedfishNode) redfish = {0};
        g_autoptr(GError) error = NULL;
        json_decref(node->driver_info);
        node->driver_info = driver_fixture_json(forms[i].driver_info);
        if (forms[i].read == NULL) {
            assert_false(redfish_node_read(node, &redfish, &error));
            assert_null(strstr(error->message, "secret"));
            assert_error(&error, forms[i].code, forms[i].words);
            continue;
        }
        redfish_node_read(node, &redfish, &error);
        assert_no_error(error);
        g_autofree char *read = summary(&redfish);
        assert_string_equal(read, forms[i].read);
    }
    driver_fixture_free(fixture);
}

/* ---- against a machine ---- */

static DriverFixture *
begin(void)
{
    static const char *const settings[] = {"redfish.connection_retry_interval=1", NULL};
    DriverFixture *fixture = driver_fixture_new(settings);
    driver_fixture_begin(fixture, driver_fixture_node(fixture, "redfish"));
    return fixture;
}

static void
set_power(DriverFixture *fixture, PowerTarget target)
{
    g_autoptr(GError) error = NULL;
    power_set(fixture->task, target, 30, &error);
    assert_no_error(error);
}

static unsigned
count(DriverFixture *fixture, const char *part)
{
    g_autofree char *log = redfish_machine_log(fixture->machine);
    unsigned found = 0;
    for (const char *at = log; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

/* It boots once from the device; the node remembers it, and each power on sets it again. */
static void
a_bmc_that_keeps_no_device_gets_it_before_each_power_on(void **state)
{
    (void)state;
    static const char once[] = "{\"Boot\":{\"BootSourceOverrideTarget\":\"Hdd\","
                               "\"BootSourceOverrideEnabled\":\"Once\"}}";
    DriverFixture *fixture = begin();
    g_autoptr(GError) error = NULL;
    redfish_machine_refuse_continuous(fixture->machine, true);
    management_set_boot_device(fixture->task, "disk", true, &error);
    assert_no_error(error);
    assert_int_equal(count(fixture, once), 1);
    assert_string_equal(info_text(fixture->task->node, INFO_REDFISH_BOOT_DEVICE), "disk");
    set_power(fixture, POWER_TARGET_OFF);
    set_power(fixture, POWER_TARGET_ON);
    assert_int_equal(count(fixture, "\"BootSourceOverrideTarget\":\"Hdd\""), 3);
    redfish_machine_refuse_continuous(fixture->machine, false);
    management_set_boot_device(fixture->task, "pxe", true, &error);
    assert_no_error(error);
    assert_null(info_text(fixture->task->node, INFO_REDFISH_BOOT_DEVICE));
    driver_fixture_free(fixture);
}

static void
supermicro_gets_the_boot_mode_with_each_device(void **state)
{
    (void)state;
    DriverFixture *fixture = begin();
    g_autoptr(GError) error = NULL;
    redfish_machine_set_maker(fixture->machine, "Supermicro");
    management_set_boot_device(fixture->task, "pxe", false, &error);
    assert_no_error(error);
    assert_int_equal(count(fixture, "{\"Boot\":{\"BootSourceOverrideMode\":"), 1);
    g_autofree char *vendor =
        fixture->task->driver.management->detect_vendor(fixture->task, &error);
    assert_string_equal(vendor, "Supermicro");
    driver_fixture_free(fixture);
}

static void
a_busy_bmc_is_asked_again(void **state)
{
    (void)state;
    DriverFixture *fixture = begin();
    g_autoptr(GError) error = NULL;
    PowerState power = POWER_UNKNOWN;
    redfish_machine_be_busy(fixture->machine, 2);
    power_get(fixture->task, &power, &error);
    assert_no_error(error);
    assert_int_equal(power, POWER_ON);
    driver_fixture_free(fixture);
}

static void
a_system_without_boot_mode_does_not_support_setting_it(void **state)
{
    (void)state;
    DriverFixture *fixture = begin();
    g_autoptr(GError) error = NULL;
    redfish_machine_hide_mode(fixture->machine, true);
    assert_false(management_set_boot_mode(fixture->task, "uefi", &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not let the boot mode be set");
    driver_fixture_free(fixture);
}

static void
secure_boot_needs_uefi(void **state)
{
    (void)state;
    DriverFixture *fixture = begin();
    g_autoptr(GError) error = NULL;
    management_set_secure_boot(fixture->task, true, &error);
    assert_no_error(error);
    management_set_secure_boot(fixture->task, false, &error);
    management_set_boot_mode(fixture->task, "bios", &error);
    assert_no_error(error);
    assert_false(management_set_secure_boot(fixture->task, true, &error));
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "needs boot mode uefi");
    driver_fixture_free(fixture);
}

/* ---- BIOS ---- */

extern const BiosOps bios_redfish;

static DriverFixture *
begin_bios(void)
{
    DriverFixture *fixture = driver_fixture_new(NULL);
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    record_set_text(&node->power_interface, "redfish");
    record_set_text(&node->bios_interface, "redfish");
    driver_fixture_begin(fixture, node);
    return fixture;
}

static const StepDef *
step(const char *name)
{
    const StepDef *found = bios_redfish.interface.steps[STEP_KIND_CLEAN];
    while (strcmp(found->name, name) != 0)
        found++;
    return found;
}

/* Runs the step, and lets the agent call after the machine's start. */
static StepResult
run_step(DriverFixture *fixture, const char *name, const char *settings, GError **error)
{
    json_auto_t *args = driver_fixture_json(settings);
    Task *task = fixture->task;
    StepOutcome outcome = step(name)->run(task, args, error);
    if (outcome.result != STEP_WAIT)
        return outcome.result;
    assert_int_equal(step(name)->resume(task, args, error).result, STEP_WAIT); /* it starts still */
    info_set_text(task->node, INFO_AGENT_URL, "https://192.0.2.7:9999");
    return step(name)->resume(task, args, error).result;
}

static void
bios_settings_hold_after_the_reboot(void **state)
{
    (void)state;
    DriverFixture *fixture = begin_bios();
    g_autoptr(GError) error = NULL;
    StepResult result =
        run_step(fixture, "apply_configuration",
                 "{\"settings\": [{\"name\": \"BootMode\", \"value\": \"LegacyBios\"}, "
                 "{\"name\": \"NumLock\", \"value\": false}]}",
                 &error);
    assert_no_error(error);
    assert_int_equal(result, STEP_DONE);
    assert_int_equal(count(fixture, "\"ApplyTime\":\"OnReset\""), 1);
    result = run_step(fixture, "factory_reset", "{}", &error);
    assert_no_error(error);
    assert_int_equal(result, STEP_DONE);
    driver_fixture_free(fixture);
}

static void
bios_settings_that_the_machine_drops_are_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}", "{\"settings\": []}", "{\"settings\": [{\"name\": 1}]}",
                                      "{\"settings\": \"all\"}"};
    DriverFixture *fixture = begin_bios();
    g_autoptr(GError) error = NULL;
    StepResult result =
        run_step(fixture, "apply_configuration",
                 "{\"settings\": [{\"name\": \"Unheard\", \"value\": \"of\"}]}", &error);
    assert_int_equal(result, STEP_ERROR);
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "Unheard");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_int_equal(run_step(fixture, "apply_configuration", bad[i], &error), STEP_ERROR);
        assert_error(&error, STEEL_ERROR_INVALID, "settings");
    }
    driver_fixture_free(fixture);
}

/* ---- leases ---- */

static DriverFixture *leased; /* whose lease ends when its machine has been asked */

static int64_t
until_the_machine_is_asked(const Task *task)
{
    (void)task;
    return count(leased, "GET /redfish/v1/Systems/1") == 0 ? 1000 : 0;
}

static void
a_lease_that_ends_during_a_visit_ends_its_changes(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    leased = begin();
    leased->services.lease_left_ms = until_the_machine_is_asked;
    assert_false(power_set(leased->task, POWER_TARGET_OFF, 5, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_LEASE_LOST));
    assert_int_not_equal(count(leased, "GET /redfish/v1/Systems/1"), 0);
    assert_int_equal(count(leased, "POST /redfish/v1/Systems/1"), 0);
    driver_fixture_free(leased);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_driver_info_is_read_or_refused),
        cmocka_unit_test(a_bmc_that_keeps_no_device_gets_it_before_each_power_on),
        cmocka_unit_test(supermicro_gets_the_boot_mode_with_each_device),
        cmocka_unit_test(a_busy_bmc_is_asked_again),
        cmocka_unit_test(a_system_without_boot_mode_does_not_support_setting_it),
        cmocka_unit_test(secure_boot_needs_uefi),
        cmocka_unit_test(bios_settings_hold_after_the_reboot),
        cmocka_unit_test(bios_settings_that_the_machine_drops_are_named),
        cmocka_unit_test(a_lease_that_ends_during_a_visit_ends_its_changes),
    };
    return cmocka_run_group_tests_name("redfish_node", tests, NULL, NULL);
}
