/* A node whose volumes, connectors, capabilities and boot interface do not fit is refused; the
 * error has the command that fixes it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "common/process.h"
#include "drivers/boot/boot.h"
#include "drivers/image_copies.h"
#include "drivers/storage/storage.h"

#include <string.h>

#define VOLUME "04452bed-5367-4202-8bf5-de4335ac57d2"
#define IQN "iqn.2017-08.org.openstack.rack1-07"

typedef struct Volume {
    int64_t boot_index;
    const char *type, *volume_id, *properties;
} Volume;

typedef struct Row {
    const char *capabilities; /* properties.capabilities */
    const char *boot;         /* boot interface */
    const char *connector[2]; /* type and name; NULL: none */
    Volume volumes[3];
    const char *part; /* of the error; NULL: valid */
    SteelErrorCode code;
} Row;

#define GOOD {0, "iscsi", VOLUME, FIXTURE_PORTAL}
#define WITH(properties)                                                                           \
    {                                                                                              \
        {                                                                                          \
            0, "iscsi", VOLUME, properties                                                         \
        }                                                                                          \
    }

#define FC "{\"target_wwn\": \"500601603ba01c2d\", \"target_lun\": \"3\"}"

static const Row rows[] = {
    {"iscsi_boot:true", "ipxe", {"iqn", IQN}, {GOOD}, NULL, 0},
    {"iscsi_boot:True,boot_mode:uefi",
     "ipxe",
     {"iqn", IQN},
     {GOOD, {1, "iscsi", VOLUME, FIXTURE_PORTAL}},
     NULL,
     0},
    {"", "ipxe", {NULL, NULL}, {{1, "iscsi", VOLUME, "{}"}}, NULL, 0},
    {"", "ipxe", {"iqn", IQN}, {GOOD}, "iscsi_boot is not set", STEEL_ERROR_INVALID},
    {"boot_mode:uefi,iscsi_boot:false",
     "ipxe",
     {"iqn", IQN},
     {GOOD},
     "--property capabilities='boot_mode:uefi,iscsi_boot:true'",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {NULL, NULL},
     {GOOD},
     "steel volume connector create --node " FIXTURE_NODE " --type iqn",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"ip", "10.0.0.1"},
     {GOOD},
     "no volume connector of type iqn",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", "node7"},
     {GOOD},
     "'node7' is no iSCSI name",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     {{0, "fibre_channel", VOLUME, FC}},
     "fibre_channel_boot is not set",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     {GOOD, {1, "fibre_channel", VOLUME, FC}},
     "(boot_index 1): volume_type fibre_channel cannot be attached by a machine that boots from "
     "iscsi",
     STEEL_ERROR_INVALID},
    {"fibre_channel_boot:true", "ipxe", {NULL, NULL}, {{0, "fibre_channel", VOLUME, FC}}, NULL, 0},
    {"fiberchannel_boot:true", "ipxe", {NULL, NULL}, {{0, "fibre_channel", VOLUME, FC}}, NULL, 0},
    {"fibre_channel_boot:true",
     "fake",
     {NULL, NULL},
     {{0, "fibre_channel", VOLUME, FC}},
     "boot interface fake has no capability fibre_channel_volume_boot",
     STEEL_ERROR_INVALID},
    {"fibre_channel_boot:true",
     "ipxe",
     {NULL, NULL},
     {{0, "fibre_channel", VOLUME, "{}"}},
     "target_wwn is missing",
     STEEL_ERROR_INVALID},
    {"fibre_channel_boot:true",
     "ipxe",
     {NULL, NULL},
     {{0, "fibre_channel", VOLUME, FC}, {1, "iscsi", VOLUME, FIXTURE_PORTAL}},
     "(boot_index 1): volume_type iscsi cannot be attached",
     STEEL_ERROR_INVALID},
    {"hba_boot:true", "fake", {NULL, NULL}, {{0, "nvme", VOLUME, "{}"}}, NULL, 0},
    {"hba_boot:true",
     "ipxe",
     {NULL, NULL},
     {{0, "fibre_channel", VOLUME, "{}"}, {1, "iscsi", VOLUME, "{}"}},
     NULL,
     0},
    {"hba_boot:true",
     "ipxe",
     {NULL, NULL},
     {{0, "iscsi", "", "{}"}},
     "no volume_id",
     STEEL_ERROR_INVALID},
    {"hba_boot:false",
     "ipxe",
     {NULL, NULL},
     {{0, "nvme", VOLUME, "{}"}},
     "unknown volume_type 'nvme'",
     STEEL_ERROR_INVALID},
    {"hba_boot:true,iscsi_boot:true",
     "ipxe",
     {NULL, NULL},
     {GOOD},
     "no volume connector of type iqn",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     {{0, "nvme", VOLUME, "{}"}},
     "unknown volume_type 'nvme'",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     {{0, "iscsi", "", FIXTURE_PORTAL}},
     "no volume_id; set it with: steel volume target set",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     {GOOD, {-1, "iscsi", VOLUME, FIXTURE_PORTAL}},
     "a boot_index is 0 or greater",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     WITH("{}"),
     "target_portal is missing",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     WITH("{\"target_portal\": \"192.0.2.5\"}"),
     "target_iqn is missing",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     WITH("{\"target_portal\": \"192.0.2.5:x\", \"target_iqn\": \"iqn.2010-10.com.example:a\"}"),
     "target_portal must be",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     WITH("{\"target_portal\": \"192.0.2.5\", \"target_iqn\": \"disk\"}"),
     "target_iqn must be an iSCSI name",
     STEEL_ERROR_INVALID},
    {"iscsi_boot:true",
     "ipxe",
     {"iqn", IQN},
     WITH("{\"target_portal\": \"192.0.2.5\", \"target_iqn\": \"iqn.2010-10.com.example:a\", "
          "\"target_lun\": \"first\"}"),
     "target_lun must be",
     STEEL_ERROR_INVALID},
};

typedef struct NfsRow {
    const char *capabilities, *boot, *info; /* instance_info */
    bool volume;
    const char *part; /* of the error; NULL: valid */
    SteelErrorCode code;
} NfsRow;

#define ROOT "\"nfs_root\": \"192.0.2.5:/roots/a,vers=4.1\""
#define FILES "\"kernel\": \"http://192.0.2.1/k\", \"ramdisk\": \"file:///srv/r\""

static const NfsRow nfs_rows[] = {
    {"nfs_boot:true", "ipxe", "{" ROOT ", " FILES "}", false, NULL, 0},
    {"nfs_boot:true", "ipxe", "{" ROOT ", \"boot_option\": \"nfs_root\", " FILES "}", false, NULL,
     0},
    {"", "ipxe", "{" ROOT ", " FILES "}", false, "nfs_boot is not set", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "fake", "{" ROOT ", " FILES "}", false,
     "boot interface fake has no capability nfs_root_boot", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "ipxe", "{" ROOT ", \"kernel\": \"http://192.0.2.1/k\"}", false,
     "instance_info ramdisk, which boots it, is missing", STEEL_ERROR_MISSING},
    {"nfs_boot:true", "ipxe", "{" ROOT ", \"kernel\": \"glance-id\", \"ramdisk\": \"http://h/r\"}",
     false, "instance_info kernel of node", STEEL_ERROR_UNSUPPORTED},
    {"nfs_boot:true", "ipxe", "{\"nfs_root\": \"/roots/a\", " FILES "}", false,
     "nfs_root must be server:/path", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "ipxe", "{\"nfs_root\": 7, " FILES "}", false,
     "nfs_root must be server:/path", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "ipxe", "{" ROOT ", \"image_source\": \"http://h/i\", " FILES "}", false,
     "steel node unset rack1-07 --instance-info image_source", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "ipxe", "{" ROOT ", \"boot_option\": \"iscsi_volume\", " FILES "}", false,
     "boot_option iscsi_volume; it has to be nfs_root", STEEL_ERROR_INVALID},
    {"nfs_boot:true,iscsi_boot:true", "ipxe", "{" ROOT ", " FILES "}", true,
     "boots from one of them", STEEL_ERROR_INVALID},
    {"nfs_boot:true", "ipxe", "{\"boot_option\": \"nfs_root\"}", false, "nfs_root is missing",
     STEEL_ERROR_INVALID},
};

static Task *
begin(DriverFixture *fixture, const Row *row)
{
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    record_set_text(&node->boot_interface, row->boot);
    record_set_text(&node->storage_interface, "external");
    json_object_set_new(node->properties, "capabilities", json_string(row->capabilities));
    Task *task = driver_fixture_begin(fixture, node);
    for (size_t i = 0; i < G_N_ELEMENTS(row->volumes) && row->volumes[i].type != NULL; i++)
        driver_fixture_target(fixture, row->volumes[i].boot_index, row->volumes[i].type,
                              row->volumes[i].volume_id, row->volumes[i].properties);
    if (row->connector[0] != NULL)
        driver_fixture_connector(fixture, row->connector[0], row->connector[1]);
    return task;
}

static void
each_rule_names_what_to_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        DriverFixture *fixture = driver_fixture_new(NULL);
        Task *task = begin(fixture, &rows[i]);
        bool valid = task->driver.storage->interface.validate(task, &error);
        if (rows[i].part == NULL) {
            assert_no_error(error);
            assert_true(valid);
        } else {
            assert_false(valid);
            assert_error(&error, rows[i].code, rows[i].part);
        }
        driver_fixture_free(fixture);
    }
}

static void
each_rule_of_a_root_on_nfs_names_what_to_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(nfs_rows); i++) {
        const NfsRow *row = &nfs_rows[i];
        g_autoptr(GError) error = NULL;
        DriverFixture *fixture = driver_fixture_new(NULL);
        Row plain = {.capabilities = row->capabilities, .boot = row->boot};
        Task *task = begin(fixture, &plain);
        json_decref(task->node->instance_info);
        task->node->instance_info = driver_fixture_json(row->info);
        if (row->volume)
            driver_fixture_volume(fixture);
        bool valid = storage_validate_boot_from_volume(task, &error);
        if (row->part == NULL) {
            assert_no_error(error);
            assert_true(valid && storage_boots_from_volume(task));
        } else {
            assert_false(valid);
            assert_error(&error, row->code, row->part);
        }
        driver_fixture_free(fixture);
    }
}

/* A file in a folder, as a URL. */
static char *
file_url(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    assert_true(g_file_set_contents(path, name, -1, NULL));
    return g_strconcat("file://", path, NULL);
}

static void
a_root_on_nfs_has_its_kernel_here_while_there_is_the_instance(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("steel-nfs-XXXXXX", NULL);
    g_autofree char *setting = g_strconcat("DEFAULT.state_path=", folder, NULL);
    const char *const settings[] = {setting, NULL};
    g_autofree char *kernel = file_url(folder, "k"), *initramfs = file_url(folder, "r");
    DriverFixture *fixture = driver_fixture_new(settings);
    g_autofree char *served = image_copies_path(FIXTURE_NODE "/kernel");
    Row row = {.capabilities = "nfs_boot:true", .boot = "ipxe"};
    Task *task = begin(fixture, &row);
    json_decref(task->node->instance_info);
    task->node->instance_info = json_pack("{s:s,s:s,s:s}", "nfs_root", "192.0.2.5:/roots/a",
                                          "kernel", kernel, "ramdisk", initramfs);
    boot_prepare_instance(task, &error);
    assert_no_error(error);
    assert_true(boot_reports_progress(task));
    assert_true(g_file_test(served, G_FILE_TEST_EXISTS));
    const json_t *info = task->node->instance_info;
    assert_string_equal(json_string_value(json_object_get(info, "boot_option")), "nfs_root");
    assert_true(boot_clean_up_instance(task, &error));
    assert_false(g_file_test(served, G_FILE_TEST_EXISTS));
    assert_false(boot_reports_progress(task));
    driver_fixture_free(fixture);
    const char *remove[] = {"rm", "-r", folder, NULL};
    assert_true(process_run(&(ProcessSpec){.argv = remove}, NULL, &error));
}

static void
a_secret_is_in_no_message(void **state)
{
    (void)state;
    const Row row = {
        "iscsi_boot:true",
        "ipxe",
        {"iqn", IQN},
        WITH("{\"target_portal\": \"x y\", \"target_iqn\": \"iqn.2010-10.com.example:a\", "
             "\"auth_username\": \"u\", \"auth_password\": \"hidden-word\"}"),
        "",
        0};
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &row);
    assert_false(storage_validate_boot_from_volume(task, &error));
    assert_null(strstr(error->message, "hidden-word"));
    driver_fixture_free(fixture);
}

static void
an_image_source_means_no_boot_from_volume_even_when_it_is_null(void **state)
{
    (void)state;
    static const struct {
        const char *storage, *instance_info;
        bool boots;
    } cases[] = {
        {"external", "{}",                                         true},
        {"external", "{\"image_source\": \"http://192.0.2.1/i\"}", false},
        {"external", "{\"image_source\": null}",                   false},
        {"noop",     "{}",                                         false},
        {"fake",     "{}",                                         false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        DriverFixture *fixture = driver_fixture_new(NULL);
        Node *node = driver_fixture_node(fixture, "fake-hardware");
        record_set_text(&node->storage_interface, cases[i].storage);
        json_decref(node->instance_info);
        node->instance_info = driver_fixture_json(cases[i].instance_info);
        Task *task = driver_fixture_begin(fixture, node);
        driver_fixture_volume(fixture);
        assert_non_null(storage_boot_target(task));
        assert_int_equal(storage_boots_from_volume(task), cases[i].boots);
        assert_int_equal(storage_should_write_image(task), !cases[i].boots);
        driver_fixture_free(fixture);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_names_what_to_set),
        cmocka_unit_test(each_rule_of_a_root_on_nfs_names_what_to_set),
        cmocka_unit_test(a_root_on_nfs_has_its_kernel_here_while_there_is_the_instance),
        cmocka_unit_test(a_secret_is_in_no_message),
        cmocka_unit_test(an_image_source_means_no_boot_from_volume_even_when_it_is_null),
    };
    return cmocka_run_group_tests_name("boot_from_volume", tests, NULL, NULL);
}
