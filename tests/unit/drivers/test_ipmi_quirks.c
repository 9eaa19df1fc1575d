/* Steel's driver against every BMC of the lab's table of quirks: a new row inherits these tests.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/management/management.h"
#include "drivers/power/power.h"
#include "lab/quirks.h"

#include <pthread.h>
#include <string.h>

/* A machine that notes what it boots from each time it is switched on. */
typedef struct Machine {
    pthread_mutex_t lock; /* guards all below */
    IpmiBmc *bmc;
    bool on;
    IpmiBootDevice booted; /* what the last start booted from; NONE: as usual */
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
machine_control(void *user_data, IpmiChassisControl control, GError **error)
{
    Machine *machine = user_data;
    IpmiBootDevice device = IPMI_BOOT_NONE;
    bool persistent, efi;
    (void)error;
    pthread_mutex_lock(&machine->lock);
    bool starts = control == IPMI_CHASSIS_ON && !machine->on;
    machine->on = control == IPMI_CHASSIS_ON;
    pthread_mutex_unlock(&machine->lock);
    if (!starts)
        return true;
    (void)ipmi_bmc_take_boot_device(machine->bmc, &device, &persistent, &efi);
    pthread_mutex_lock(&machine->lock);
    machine->booted = device;
    pthread_mutex_unlock(&machine->lock);
    return true;
}

static const IpmiBmcOps machine_ops = {.get_power = machine_get_power,
                                       .chassis_control = machine_control};

typedef struct Scene {
    DriverFixture *fixture;
    Task *task;
    Machine machine;
} Scene;

static void
scene_open(Scene *scene, size_t quirk)
{
    static const IpmiBmcUser users[] = {
        {FIXTURE_USER, FIXTURE_PASSWORD, IPMI_PRIVILEGE_ADMINISTRATOR}};
    static const char *const settings[] = {"ipmi.command_retry_timeout=60",
                                           "conductor.power_state_change_timeout=60", NULL};
    g_autoptr(GError) error = NULL;
    IpmiBmcFaults faults = {0};
    quirk_apply(quirk, &faults);
    *scene = (Scene){.machine = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    scene->fixture = driver_fixture_new(settings);
    scene->machine.bmc = ipmi_server_add(scene->fixture->server, "127.0.0.1", 0, users, 1,
                                         &machine_ops, &scene->machine, &error);
    assert_no_error(error);
    ipmi_bmc_set_identity(scene->machine.bmc, 10876, 1);
    ipmi_bmc_set_faults(scene->machine.bmc, &faults);
    Node *node = driver_fixture_node(scene->fixture, "ipmi");
    json_object_set_new(node->driver_info, "ipmi_port",
                        json_integer(ipmi_bmc_port(scene->machine.bmc)));
    if (strcmp(quirk_name(quirk), "operator-only") == 0) /* the one thing to configure */
        json_object_set_new(node->driver_info, "ipmi_priv_level", json_string("OPERATOR"));
    scene->task = driver_fixture_begin(scene->fixture, node);
}

static void
scene_close(Scene *scene)
{
    driver_fixture_free(scene->fixture);
    pthread_mutex_destroy(&scene->machine.lock);
}

static void
set_power(Scene *scene, PowerTarget target)
{
    g_autoptr(GError) error = NULL;
    PowerState power = POWER_UNKNOWN;
    power_set(scene->task, target, 0, &error);
    assert_no_error(error);
    power_get(scene->task, &power, &error);
    assert_no_error(error);
    assert_int_equal(power, power_target_state(target));
}

static void
power_works(Scene *scene)
{
    static const PowerTarget targets[] = {POWER_TARGET_OFF,     POWER_TARGET_ON,  POWER_TARGET_ON,
                                          POWER_TARGET_REBOOT,  POWER_TARGET_OFF, POWER_TARGET_OFF,
                                          POWER_TARGET_SOFT_OFF};
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++)
        set_power(scene, targets[i]);
}

static void
set_device(Scene *scene, const char *device, bool persistent)
{
    g_autoptr(GError) error = NULL;
    management_set_boot_device(scene->task, device, persistent, &error);
    assert_no_error(error);
}

static void
boots_from(Scene *scene, IpmiBootDevice device)
{
    set_power(scene, POWER_TARGET_REBOOT);
    pthread_mutex_lock(&scene->machine.lock);
    IpmiBootDevice booted = scene->machine.booted;
    pthread_mutex_unlock(&scene->machine.lock);
    assert_int_equal(booted, device);
}

static void
boot_devices_work(Scene *scene)
{
    g_autoptr(GError) error = NULL;
    BootDevice device;
    set_device(scene, "pxe", true);
    management_get_boot_device(scene->task, &device, &error);
    assert_no_error(error);
    assert_string_equal(device.device, "pxe");
    assert_int_equal(device.persistent, 1);
    boots_from(scene, IPMI_BOOT_PXE);
    boots_from(scene, IPMI_BOOT_PXE);
    set_device(scene, "disk", false);
    boots_from(scene, IPMI_BOOT_DISK);
}

static void
state_and_maker_are_read(Scene *scene)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *vendor = NULL;
    PowerState power = POWER_UNKNOWN;
    scene->task->driver.power->get_with_vendor(scene->task, &power, &vendor, &error);
    assert_no_error(error);
    assert_int_equal(power, POWER_OFF);
    assert_true(vendor == NULL || strcmp(vendor, "supermicro") == 0);
}

/* One quirk: what cmocka hands to the test. */
typedef struct Run {
    size_t quirk;
    char *name; /* owned */
} Run;

static void
run_quirk(void **state)
{
    const Run *run = *state;
    Scene scene;
    scene_open(&scene, run->quirk);
    state_and_maker_are_read(&scene);
    power_works(&scene);
    boot_devices_work(&scene);
    scene_close(&scene);
}

int
main(void)
{
    size_t count = quirk_count();
    g_autofree Run *runs = g_new0(Run, count);
    g_autofree struct CMUnitTest *tests = g_new0(struct CMUnitTest, count);
    for (size_t i = 0; i < count; i++) {
        runs[i] = (Run){i, g_strdup_printf("power and boot devices work with %s", quirk_name(i))};
        tests[i] = (struct CMUnitTest){
            .name = runs[i].name, .test_func = run_quirk, .initial_state = &runs[i]};
    }
    int failed = _cmocka_run_group_tests("ipmi_quirks", tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        g_free(runs[i].name);
    return failed;
}
