/* The boot record, without which a machine gets no boot script and no secrets, exists exactly while
 * the machine must boot from a volume.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "db/records.h"
#include "db/sql.h"
#include "drivers/boot/boot.h"
#include "netboot/instructions.h"

#include <string.h>

static int
set_up(void **state)
{
    DriverFixture *fixture = driver_fixture_new(NULL);
    Node *node = driver_fixture_node(fixture, "ipmi");
    record_set_text(&node->storage_interface, "external");
    driver_fixture_begin(fixture, node);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    driver_fixture_free(*state);
    return 0;
}

static bool
valid(DriverFixture *fixture, GError **error)
{
    return fixture->task->driver.boot->interface.validate(fixture->task, error);
}

static void
validation_wants_a_port_with_pxe_a_boot_server_and_sane_capabilities(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    assert_false(valid(fixture, &error));
    assert_error(&error, STEEL_ERROR_MISSING, "steel port create <mac address> --node");
    driver_fixture_port(fixture, "52:54:00:00:00:02", false);
    assert_false(valid(fixture, &error));
    assert_error(&error, STEEL_ERROR_MISSING, "--pxe-enabled");
    driver_fixture_port(fixture, "52:54:00:00:00:03", true);
    assert_true(valid(fixture, &error));
    fixture->services.boot_url = NULL;
    assert_false(valid(fixture, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "[boot_server]");
    fixture->services.boot_url = "http://192.0.2.1:8089";
    json_object_set_new(fixture->task->node->properties, "capabilities",
                        json_string("boot_mode:coreboot"));
    assert_false(valid(fixture, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "boot_mode must be bios or uefi");
}

/* The present answer to a machine with the fixture's port, and the token of its script. */
static BootAnswer
told(DriverFixture *fixture, char **token)
{
    g_autoptr(GError) error = NULL;
    g_auto(BootInstructions) instructions;
    const BootSource source = {fixture->db, &boot_network};
    const HttpAddress address = {IN6ADDR_LOOPBACK_INIT};
    boot_instructions_init(&instructions, "52:54:00:00:00:01");
    boot_instructions_load(&source, &address, &instructions, &error);
    assert_no_error(error);
    if (token != NULL)
        *token = g_strdup(instructions.token);
    return instructions.answer;
}

static void
switch_on(DriverFixture *fixture)
{
    g_autoptr(GError) error = NULL;
    assert_true(boot_access_open_window(fixture->db, fixture->task->node, 1000, &error));
    assert_no_error(error);
}

static void
a_prepared_node_gets_its_script_until_it_is_cleaned_up(void **state)
{
    DriverFixture *fixture = *state;
    Task *task = fixture->task;
    g_autoptr(GError) error = NULL;
    driver_fixture_volume(fixture);
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_NONE);
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_REFUSED);
    switch_on(fixture);
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_BOOT);
    assert_true(boot_reports_progress(task));
    IpmiBootFlags flags = {0};
    ipmi_bmc_peek_boot_flags(fixture->bmc, &flags);
    assert_true(flags.valid && flags.persistent);
    assert_int_equal(flags.device, IPMI_BOOT_PXE);
    boot_clean_up_instance(task, &error);
    assert_no_error(error);
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_NONE);
    assert_false(boot_reports_progress(task));
}

/* A machine may be booting while another process takes its node over. */
static void
a_boot_outlives_a_second_preparation_but_not_the_instance(void **state)
{
    DriverFixture *fixture = *state;
    Task *task = fixture->task;
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;
    driver_fixture_volume(fixture);
    assert_true(boot_prepare_instance(task, &error));
    switch_on(fixture);
    assert_int_equal(told(fixture, &first), BOOT_ANSWER_BOOT);
    assert_true(boot_prepare_instance(task, &error));
    assert_int_equal(told(fixture, &second), BOOT_ANSWER_BOOT);
    assert_int_equal(strlen(first), 32);
    assert_string_equal(first, second);
    assert_true(boot_clean_up_instance(task, &error));
    assert_true(boot_prepare_instance(task, &error));
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_REFUSED);
    switch_on(fixture);
    assert_int_equal(told(fixture, &third), BOOT_ANSWER_BOOT);
    assert_string_not_equal(first, third);
}

static void
a_node_without_a_volume_boots_from_disk(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    json_object_set_new(fixture->task->node->driver_internal_info, "boot",
                        json_pack("{s:s}", "mode", "iscsi"));
    assert_true(task_save(fixture->task, &error));
    boot_prepare_instance(fixture->task, &error);
    assert_no_error(error);
    assert_false(boot_reports_progress(fixture->task));
    IpmiBootFlags flags = {0};
    ipmi_bmc_peek_boot_flags(fixture->bmc, &flags);
    assert_int_equal(flags.device, IPMI_BOOT_DISK);
}

/* Its HBA presents the volume: nothing is served, and it boots from disk. */
static void
a_node_whose_hba_presents_its_volume_boots_from_disk_and_gets_no_script(void **state)
{
    DriverFixture *fixture = *state;
    Task *task = fixture->task;
    g_autoptr(GError) error = NULL;
    json_object_set_new(task->node->properties, "capabilities", json_string("hba_boot:true"));
    driver_fixture_port(fixture, "52:54:00:00:00:01", true);
    driver_fixture_target(fixture, 0, "fibre_channel", "04452bed-5367-4202-8bf5-de4335ac57d2",
                          "{}");
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    assert_false(boot_reports_progress(task));
    switch_on(fixture);
    assert_int_equal(told(fixture, NULL), BOOT_ANSWER_NONE);
    IpmiBootFlags flags = {0};
    ipmi_bmc_peek_boot_flags(fixture->bmc, &flags);
    assert_int_equal(flags.device, IPMI_BOOT_DISK);
    const json_t *info = task->node->instance_info;
    assert_string_equal(json_string_value(json_object_get(info, "boot_option")), "hba_volume");
    assert_true(boot_clean_up_instance(task, &error));
    assert_null(json_object_get(task->node->instance_info, "boot_option"));
}

/* The operator's value wins, and stays. */
static void
a_boot_option_that_is_there_decides(void **state)
{
    DriverFixture *fixture = *state;
    Task *task = fixture->task;
    g_autoptr(GError) error = NULL;
    driver_fixture_volume(fixture);
    json_object_set_new(task->node->properties, "capabilities",
                        json_string("hba_boot:true,iscsi_boot:true"));
    json_object_set_new(task->node->instance_info, "boot_option", json_string("hba_volume"));
    assert_true(boot_prepare_instance(task, &error));
    assert_false(boot_reports_progress(task));
    assert_true(boot_clean_up_instance(task, &error));
    assert_non_null(json_object_get(task->node->instance_info, "boot_option"));
    json_object_del(task->node->instance_info, "boot_option");
    assert_true(boot_prepare_instance(task, &error));
    assert_true(boot_reports_progress(task));
}

/* Otherwise a short failure of the database would start an old system from a local disk. */
static void
volumes_that_cannot_be_read_do_not_mean_a_disk(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    driver_fixture_volume(fixture);
    boot_prepare_instance(fixture->task, &error);
    assert_no_error(error);
    task_forget_lists(fixture->task);
    if (!db_execute(fixture->db, "ALTER TABLE volume_targets RENAME TO elsewhere", NULL, 0, NULL,
                    &error))
        fail_msg("%s", error->message);
    assert_false(boot_prepare_instance(fixture->task, &error));
    assert_error(&error, STEEL_ERROR_DATABASE, "volume_targets");
    assert_true(boot_reports_progress(fixture->task));
    IpmiBootFlags flags = {0};
    ipmi_bmc_peek_boot_flags(fixture->bmc, &flags);
    assert_int_equal(flags.device, IPMI_BOOT_PXE);
}

static void
a_volume_that_cannot_be_booted_gets_no_record(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    driver_fixture_volume(fixture);
    driver_fixture_target(fixture, 1, "iscsi", "v", "{\"target_portal\": \"192.0.2.5\"}");
    assert_false(boot_prepare_instance(fixture->task, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "(boot_index 1): target_iqn is missing");
    assert_false(boot_reports_progress(fixture->task));
}

static void
an_active_nodes_bmc_is_left_alone(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    driver_fixture_volume(fixture);
    record_set_text(&fixture->task->node->provision_state, "active");
    boot_prepare_instance(fixture->task, &error);
    assert_no_error(error);
    assert_true(boot_reports_progress(fixture->task));
    IpmiBmcStats stats;
    ipmi_bmc_stats(fixture->bmc, &stats);
    assert_int_equal(stats.sessions_opened, 0);
}

static void
a_node_without_a_ramdisk_is_refused_in_a_sentence(void **state)
{
    DriverFixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    assert_false(boot_prepare_ramdisk(fixture->task, NULL, &error));
    assert_error(&error, STEEL_ERROR_MISSING, "Missing are: ['deploy_kernel', 'deploy_ramdisk']");
    assert_true(boot_clean_up_ramdisk(fixture->task, &error));
}

/* Fake management knows pxe alone: "disk" is left to the machine's own boot order. */
static void
a_boot_device_that_management_does_not_know_is_tolerated(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    record_set_text(&node->boot_interface, "ipxe");
    Task *task = driver_fixture_begin(fixture, node);
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    driver_fixture_free(fixture);
}

int
main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(validation_wants_a_port_with_pxe_a_boot_server_and_sane_capabilities),
        CASE(a_prepared_node_gets_its_script_until_it_is_cleaned_up),
        CASE(a_boot_outlives_a_second_preparation_but_not_the_instance),
        CASE(a_node_without_a_volume_boots_from_disk),
        CASE(a_node_whose_hba_presents_its_volume_boots_from_disk_and_gets_no_script),
        CASE(a_boot_option_that_is_there_decides),
        CASE(volumes_that_cannot_be_read_do_not_mean_a_disk),
        CASE(a_volume_that_cannot_be_booted_gets_no_record),
        CASE(an_active_nodes_bmc_is_left_alone),
        CASE(a_node_without_a_ramdisk_is_refused_in_a_sentence),
        cmocka_unit_test(a_boot_device_that_management_does_not_know_is_tolerated),
    };
    return cmocka_run_group_tests_name("ipxe", tests, NULL, NULL);
}
