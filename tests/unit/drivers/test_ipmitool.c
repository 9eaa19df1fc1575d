/* What the ipmitool interfaces do with BMCs that are slow, stubborn, busy, forgetful or gone;
 * against a BMC in this process.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "drivers/vendor/vendor.h"

#include <pthread.h>
#include <string.h>

/* A machine behind a BMC of its own, called by the server's thread. */
typedef struct Machine {
    pthread_mutex_t lock;
    bool on;
    bool stubborn;   /* ignores commands */
    unsigned busy;   /* verbs that are refused as busy before one is taken */
    bool refuses;    /* refuses every verb as impossible in this state */
    char verbs[128]; /* its commands, "off on " */
    unsigned cold_resets, warm_resets;
} Machine;

static bool
machine_get_power(void *user_data)
{
    Machine *machine = user_data;
    pthread_mutex_lock(&machine->lock);
    bool on = machine->on;
    pthread_mutex_unlock(&machine->lock);
    return on;
}

static bool
machine_obey(Machine *machine, IpmiChassisControl control, GError **error)
{
    if (machine->busy > 0) {
        machine->busy--;
        return steel_fail(error, STEEL_ERROR_BMC_BUSY, "busy");
    }
    g_strlcat(machine->verbs, ipmi_chassis_control_name(control), sizeof machine->verbs);
    g_strlcat(machine->verbs, " ", sizeof machine->verbs);
    if (machine->refuses)
        return steel_fail(error, STEEL_ERROR_INVALID_STATE, "not now");
    if (!machine->stubborn && control != IPMI_CHASSIS_DIAG)
        machine->on = control == IPMI_CHASSIS_ON || control == IPMI_CHASSIS_RESET;
    return true;
}

static bool
machine_chassis_control(void *user_data, IpmiChassisControl control, GError **error)
{
    Machine *machine = user_data;
    pthread_mutex_lock(&machine->lock);
    bool good = machine_obey(machine, control, error);
    pthread_mutex_unlock(&machine->lock);
    return good;
}

static void
machine_reset(void *user_data, bool cold)
{
    Machine *machine = user_data;
    pthread_mutex_lock(&machine->lock);
    *(cold ? &machine->cold_resets : &machine->warm_resets) += 1;
    pthread_mutex_unlock(&machine->lock);
}

static const IpmiBmcOps machine_ops = {.get_power = machine_get_power,
                                       .chassis_control = machine_chassis_control,
                                       .bmc_reset = machine_reset};

typedef struct Scene {
    DriverFixture *fixture;
    Task *task;
    Machine machine;
    IpmiBmc *bmc;
} Scene;

static int
begin(void **state, const char *const *settings)
{
    static const IpmiBmcUser users[] = {
        {FIXTURE_USER, FIXTURE_PASSWORD, IPMI_PRIVILEGE_ADMINISTRATOR}};
    g_autoptr(GError) error = NULL;
    Scene *scene = g_new0(Scene, 1);
    pthread_mutex_init(&scene->machine.lock, NULL);
    scene->fixture = driver_fixture_new(settings);
    scene->bmc = ipmi_server_add(scene->fixture->server, "127.0.0.1", 0, users, 1, &machine_ops,
                                 &scene->machine, &error);
    assert_no_error(error);
    Node *node = driver_fixture_node(scene->fixture, "ipmi");
    json_object_set_new(node->driver_info, "ipmi_port", json_integer(ipmi_bmc_port(scene->bmc)));
    scene->task = driver_fixture_begin(scene->fixture, node);
    *state = scene;
    return 0;
}

static int
set_up(void **state)
{
    return begin(state, NULL);
}

/* For what ends before the options' patience does. */
static int
set_up_patient(void **state)
{
    static const char *const settings[] = {"ipmi.command_retry_timeout=60", NULL};
    return begin(state, settings);
}

static int
tear_down(void **state)
{
    Scene *scene = *state;
    driver_fixture_free(scene->fixture);
    pthread_mutex_destroy(&scene->machine.lock);
    g_free(scene);
    return 0;
}

static void
set_power(Scene *scene, PowerTarget target)
{
    g_autoptr(GError) error = NULL;
    power_set(scene->task, target, 5, &error);
    assert_no_error(error);
}

static void
each_target_sends_its_verbs(void **state)
{
    Scene *scene = *state;
    static const struct {
        bool on_before;
        PowerTarget target;
        const char *verbs;
    } rows[] = {
        {false, POWER_TARGET_ON,          "on "},
        {true,  POWER_TARGET_OFF,         "off "},
        {true,  POWER_TARGET_REBOOT,      "off on "},
        {false, POWER_TARGET_REBOOT,      "off on "},
        {true,  POWER_TARGET_SOFT_OFF,    "soft "},
        {false, POWER_TARGET_SOFT_OFF,    ""},
        {true,  POWER_TARGET_SOFT_REBOOT, "soft on "},
        {false, POWER_TARGET_SOFT_REBOOT, "on "},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        scene->machine.on = rows[i].on_before;
        scene->machine.verbs[0] = '\0';
        set_power(scene, rows[i].target);
        assert_string_equal(scene->machine.verbs, rows[i].verbs);
    }
}

static void
a_machine_that_does_not_obey_is_reported_after_the_timeout(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    scene->machine.on = scene->machine.stubborn = true;
    assert_false(power_set(scene->task, POWER_TARGET_OFF, 1, &error));
    assert_error(&error, STEEL_ERROR_POWER,
                 "accepted 'power off', but the machine is still on after 1 s");
    assert_string_equal(scene->machine.verbs, "off ");
    assert_false(power_set(scene->task, POWER_TARGET_SOFT_OFF, 1, &error));
    assert_error(&error, STEEL_ERROR_POWER, "its operating system did not shut down");
}

static void
a_busy_bmc_is_told_again(void **state)
{
    Scene *scene = *state;
    scene->machine.busy = 2;
    set_power(scene, POWER_TARGET_ON);
    assert_string_equal(scene->machine.verbs, "on ");
}

static void
a_refusal_does_not_matter_when_the_machine_is_there(void **state)
{
    Scene *scene = *state;
    scene->machine.refuses = true;
    set_power(scene, POWER_TARGET_OFF);
    assert_string_equal(scene->machine.verbs, "off ");
}

static void
a_refusal_that_matters_is_told_in_the_bmcs_words(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    scene->machine.refuses = true;
    assert_false(power_set(scene->task, POWER_TARGET_ON, 5, &error));
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "the BMC refused 'power on'");
    assert_string_equal(scene->machine.verbs, "on ");
}

/* disable_power_off */
static void
a_machine_that_must_not_go_off_is_reset(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    scene->task->node->disable_power_off = true;
    set_power(scene, POWER_TARGET_REBOOT);
    assert_string_equal(scene->machine.verbs, "on "); /* it was off */
    set_power(scene, POWER_TARGET_REBOOT);
    assert_string_equal(scene->machine.verbs, "on reset ");
    assert_true(scene->machine.on);
    assert_false(power_set(scene->task, POWER_TARGET_SOFT_REBOOT, 5, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "a soft reboot switches the machine off");
    scene->machine.refuses = true; /* that it is on does not mean that it was restarted */
    assert_false(power_set(scene->task, POWER_TARGET_REBOOT, 5, &error));
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "the BMC refused 'rebooting'");
}

static void
a_wrong_password_is_not_tried_twice_and_not_told(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    PowerState untouched = POWER_ERROR;
    json_object_set_new(scene->task->node->driver_info, "ipmi_password", json_string("mistaken"));
    assert_false(power_get(scene->task, &untouched, &error));
    assert_int_equal(untouched, POWER_ERROR);
    assert_null(strstr(error->message, "mistaken"));
    assert_null(strstr(error->message, "tries"));
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "reading the power state");
}

static void
a_bmc_without_a_free_session_is_asked_again_until_patience_ends(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    PowerState power;
    const IpmiBmcFaults full = {.no_free_session = true}, healthy = {0};
    ipmi_bmc_set_faults(scene->bmc, &full);
    assert_false(power_get(scene->task, &power, &error));
    assert_error(&error, STEEL_ERROR_BMC_BUSY, "reading the power state");
    ipmi_bmc_set_faults(scene->bmc, &healthy);
    assert_true(power_get(scene->task, &power, &error));
}

/* [ipmi]additional_retryable_ipmi_errors; but a command that must not run twice is not sent
 * twice. */
static void
an_error_that_the_operator_calls_passing_is_tried_again(void **state)
{
    (void)state;
    const char *const settings[] = {"ipmi.additional_retryable_ipmi_errors=login at", NULL};
    g_autoptr(GError) error = NULL;
    PowerState power;
    DriverFixture *fixture = driver_fixture_new(settings);
    Node *node = driver_fixture_node(fixture, "ipmi");
    json_object_set_new(node->driver_info, "ipmi_password", json_string("mistaken"));
    Task *task = driver_fixture_begin(fixture, node);
    assert_false(power_get(task, &power, &error));
    assert_error(&error, STEEL_ERROR_BMC_AUTH, " tries: ");
    assert_false(management_inject_nmi(task, &error));
    assert_null(strstr(error->message, " tries: "));
    assert_error(&error, STEEL_ERROR_BMC_AUTH, "injecting an NMI: ");
    driver_fixture_free(fixture);
}

static void
the_deadline_of_the_task_ends_the_waiting(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    PowerState power;
    ipmi_server_remove(scene->fixture->server, scene->bmc);
    int64_t start_ms = g_get_monotonic_time() / 1000;
    scene->task->deadline_ms = start_ms + 300;
    assert_false(power_get(scene->task, &power, &error));
    assert_error(&error, STEEL_ERROR_BMC_UNREACHABLE, "reading the power state");
    assert_true(g_get_monotonic_time() / 1000 - start_ms < 60000);
}

static void
the_boot_device_carries_the_boot_mode(void **state)
{
    Scene *scene = *state;
    static const struct {
        const char *mode, *vendor, *device;
        bool efi;
        IpmiBootDevice expected;
    } rows[] = {
        {"bios", NULL,         "pxe",  false, IPMI_BOOT_PXE},
        {"uefi", NULL,         "disk", true,  IPMI_BOOT_DISK},
        {"bios", "Supermicro", "disk", false, IPMI_BOOT_DISK},
        {"uefi", "Supermicro", "disk", true,  IPMI_BOOT_REMOTE_MEDIA},
        {"uefi", "Supermicro", "pxe",  true,  IPMI_BOOT_PXE},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_t *properties = scene->task->node->properties;
        IpmiBootFlags flags = {0};
        BootDevice device;
        json_object_set_new(properties, "capabilities", json_sprintf("boot_mode:%s", rows[i].mode));
        json_object_del(properties, "vendor");
        if (rows[i].vendor != NULL)
            json_object_set_new(properties, "vendor", json_string(rows[i].vendor));
        management_set_boot_device(scene->task, rows[i].device, true, &error);
        assert_no_error(error);
        ipmi_bmc_peek_boot_flags(scene->bmc, &flags);
        assert_true(flags.valid && flags.persistent);
        assert_int_equal(flags.efi, rows[i].efi);
        assert_int_equal(flags.device, rows[i].expected);
        management_get_boot_device(scene->task, &device, &error);
        assert_no_error(error);
        assert_string_equal(device.device, rows[i].device);
        assert_int_equal(device.persistent, 1);
    }
}

static void
a_bmc_without_an_override_has_no_boot_device(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    BootDevice device = {"disk", 1};
    management_get_boot_device(scene->task, &device, &error);
    assert_no_error(error);
    assert_string_equal(device.device, "");
    assert_int_equal(device.persistent, -1);
}

/* ipmi_force_boot_device: the persistent device is set for one boot, before each power on. */
static void
a_forgetful_bmc_is_reminded_before_each_power_on(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    IpmiBootFlags flags = {0};
    IpmiBootDevice taken;
    bool persistent, efi;
    BootDevice device;
    json_object_set_new(scene->task->node->driver_info, "ipmi_force_boot_device", json_true());
    management_set_boot_device(scene->task, "pxe", true, &error);
    assert_no_error(error);
    ipmi_bmc_peek_boot_flags(scene->bmc, &flags);
    assert_true(flags.valid && !flags.persistent);
    assert_true(management_get_boot_device(scene->task, &device, &error));
    assert_string_equal(device.device, "pxe");
    assert_int_equal(device.persistent, 1);
    for (int boot = 0; boot < 2; boot++) {
        set_power(scene, POWER_TARGET_REBOOT);
        assert_true(ipmi_bmc_take_boot_device(scene->bmc, &taken, &persistent, &efi));
        assert_int_equal(taken, IPMI_BOOT_PXE);
    }
    management_set_boot_device(scene->task, "disk", false, &error); /* for the next boot only */
    assert_no_error(error);
    set_power(scene, POWER_TARGET_REBOOT);
    assert_true(ipmi_bmc_take_boot_device(scene->bmc, &taken, &persistent, &efi));
    assert_int_equal(taken, IPMI_BOOT_DISK);
    set_power(scene, POWER_TARGET_REBOOT);
    assert_true(ipmi_bmc_take_boot_device(scene->bmc, &taken, &persistent, &efi));
    assert_int_equal(taken, IPMI_BOOT_PXE);
}

static void
the_maker_is_read_from_the_bmc(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    const ManagementOps *management = scene->task->driver.management;
    ipmi_bmc_set_identity(scene->bmc, 10876, 1);
    g_autofree char *vendor = management->detect_vendor(scene->task, &error);
    assert_no_error(error);
    assert_string_equal(vendor, "supermicro");
    ipmi_bmc_set_identity(scene->bmc, 0xffff0, 1);
    g_autofree char *unknown = management->detect_vendor(scene->task, &error);
    assert_no_error(error);
    assert_null(unknown);
}

static void
power_and_maker_are_read_in_one_session(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *vendor = NULL;
    PowerState power = POWER_UNKNOWN;
    IpmiBmcStats before, after;
    scene->machine.on = true;
    ipmi_bmc_set_identity(scene->bmc, 674, 1);
    ipmi_bmc_stats(scene->bmc, &before);
    scene->task->driver.power->get_with_vendor(scene->task, &power, &vendor, &error);
    assert_no_error(error);
    ipmi_bmc_stats(scene->bmc, &after);
    assert_int_equal(power, POWER_ON);
    assert_string_equal(vendor, "dell");
    assert_int_equal(after.sessions_opened - before.sessions_opened, 1);
}

static void
an_nmi_is_one_verb(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    assert_false(management_inject_nmi(scene->task, &error));
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "injecting an NMI"); /* it is off */
    scene->machine.on = true;
    management_inject_nmi(scene->task, &error);
    assert_no_error(error);
    assert_string_equal(scene->machine.verbs, "diag ");
}

static json_t *
call_vendor(Scene *scene, const char *name, const char *arguments, GError **error)
{
    json_auto_t *parsed = driver_fixture_json(arguments);
    const VendorMethod *method =
        vendor_method(scene->task->driver.vendor->node_methods, name, "POST", error);
    assert_non_null(method);
    return method->run(scene->task, "POST", parsed, error);
}

static void
raw_bytes_reach_the_bmc(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    json_decref(call_vendor(scene, "send_raw", "{\"raw_bytes\": \"0x00 0x02 0x01\"}", &error));
    assert_no_error(error);
    assert_string_equal(scene->machine.verbs, "on ");
    assert_null(call_vendor(scene, "send_raw", "{}", &error));
    assert_error(&error, STEEL_ERROR_MISSING, "raw_bytes");
    assert_null(call_vendor(scene, "send_raw", "{\"raw_bytes\": \"nonsense\"}", &error));
    assert_error(&error, STEEL_ERROR_INVALID, "send_raw");
    assert_null(call_vendor(scene, "send_raw", "{\"raw_bytes\": \"0x06 0xee\"}", &error));
    assert_error(&error, STEEL_ERROR_BMC_REFUSED, "send_raw");
}

static void
the_bmc_is_reset_warm_unless_told_otherwise(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    json_decref(call_vendor(scene, "bmc_reset", "{}", &error));
    assert_no_error(error);
    json_decref(call_vendor(scene, "bmc_reset", "{\"warm\": \"false\"}", &error));
    assert_no_error(error);
    assert_int_equal(scene->machine.warm_resets, 1);
    assert_int_equal(scene->machine.cold_resets, 1);
}

int
main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(each_target_sends_its_verbs),
        CASE(a_machine_that_does_not_obey_is_reported_after_the_timeout),
        CASE(a_busy_bmc_is_told_again),
        CASE(a_refusal_does_not_matter_when_the_machine_is_there),
        CASE(a_refusal_that_matters_is_told_in_the_bmcs_words),
        CASE(a_machine_that_must_not_go_off_is_reset),
        CASE(a_wrong_password_is_not_tried_twice_and_not_told),
        CASE(a_bmc_without_a_free_session_is_asked_again_until_patience_ends),
        cmocka_unit_test(an_error_that_the_operator_calls_passing_is_tried_again),
        cmocka_unit_test_setup_teardown(the_deadline_of_the_task_ends_the_waiting, set_up_patient,
                                        tear_down),
        CASE(the_boot_device_carries_the_boot_mode),
        CASE(a_bmc_without_an_override_has_no_boot_device),
        CASE(a_forgetful_bmc_is_reminded_before_each_power_on),
        CASE(the_maker_is_read_from_the_bmc),
        CASE(power_and_maker_are_read_in_one_session),
        CASE(an_nmi_is_one_verb),
        CASE(raw_bytes_reach_the_bmc),
        CASE(the_bmc_is_reset_warm_unless_told_otherwise),
    };
    return cmocka_run_group_tests_name("ipmitool", tests, NULL, NULL);
}
