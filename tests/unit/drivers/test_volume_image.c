/* An image goes to the volume that its names tell, and only when that is asked for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/storage/volume_image.h"

#define VOLUME "04452bed-5367-4202-8bf5-de4335ac57d2"

typedef struct Row {
    const char *properties, *info; /* of the volume target; instance_info */
    const char *hint;              /* as JSON; NULL: none */
    const char *part;              /* of the error of validation; NULL: valid */
} Row;

#define FORCED "\"image_source\": \"http://192.0.2.1/i\", \"force_deployment\": true"

static const Row rows[] = {
    {"{\"wwn\": \"0x5000C50015EA71AC\"}", "{" FORCED "}", "{\"wwn\": \"0x5000c50015ea71ac\"}",
     NULL},
    {"{\"wwn\": \"50:00:c5:00:15:ea:71:ac\"}", "{" FORCED "}", "{\"wwn\": \"0x5000c50015ea71ac\"}",
     NULL},
    {"{\"wwn\": \"naa.5000c50015ea71ac\", \"serial\": \"ab\"}", "{" FORCED "}",
     "{\"wwn\": \"0x5000c50015ea71ac\"}", NULL},
    {"{\"serial\": \"lab-0-volume\"}", "{" FORCED "}", "{\"serial\": \"lab-0-volume\"}", NULL},
    {"{\"wwn\": \"5000c50015ea71\"}", "{" FORCED "}", NULL, "wwn must be a name of 16"},
    {"{\"wwn\": \"5000c50015ea71acff\"}", "{" FORCED "}", NULL, "wwn must be a name of 16"},
    {"{}", "{" FORCED "}", NULL, "the image must not be written to another one"},
    {"{}", "{" FORCED ", \"root_device\": {\"name\": \"/dev/sdb\"}}", NULL, NULL},
    {"{\"serial\": \"a\"}", "{" FORCED ", \"root_device\": {\"name\": \"/dev/sdb\"}}", NULL, NULL},
    {"{\"serial\": \"a\"}", "{\"image_source\": \"http://192.0.2.1/i\"}", NULL,
     "--instance-info force_deployment=true"},
    {"{\"serial\": \"a\"}",
     "{\"image_source\": \"http://192.0.2.1/i\", \"force_deployment\": \"false\"}", NULL,
     "--instance-info force_deployment=true"},
};

static Task *
begin(DriverFixture *fixture, const Row *row, const char *deploy)
{
    Node *node = driver_fixture_node(fixture, "fake-hardware");
    record_set_text(&node->storage_interface, "external");
    record_set_text(&node->deploy_interface, deploy);
    json_object_set_new(node->properties, "capabilities", json_string("hba_boot:true"));
    json_decref(node->instance_info);
    node->instance_info = driver_fixture_json(row->info);
    Task *task = driver_fixture_begin(fixture, node);
    driver_fixture_target(fixture, 0, "fibre_channel", VOLUME, row->properties);
    return task;
}

static void
check_hint(const json_t *hint, const char *expected)
{
    json_auto_t *wanted = expected != NULL ? driver_fixture_json(expected) : NULL;
    assert_int_equal(hint == NULL, wanted == NULL);
    assert_true(wanted == NULL || json_equal(hint, wanted));
}

static void
the_agent_gets_the_name_of_the_disk_or_nothing_is_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        DriverFixture *fixture = driver_fixture_new(NULL);
        Task *task = begin(fixture, &rows[i], "direct");
        bool valid = volume_image_validate(task, &error);
        json_auto_t *hint = volume_image_hint(task);
        check_hint(hint, rows[i].hint);
        if (rows[i].part == NULL) {
            assert_no_error(error);
            assert_true(valid);
        } else {
            assert_false(valid);
            assert_error(&error, STEEL_ERROR_INVALID, rows[i].part);
        }
        driver_fixture_free(fixture);
    }
}

static void
a_deploy_interface_that_writes_no_volumes_is_refused(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0], "fake");
    assert_false(volume_image_validate(task, &error));
    assert_error(&error, STEEL_ERROR_INVALID,
                 "deploy interface fake has no capability fibre_channel_volume_deploy");
    driver_fixture_free(fixture);
}

static void
the_wish_is_forgotten_when_it_is_done(void **state)
{
    (void)state;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = begin(fixture, &rows[0], "direct");
    assert_true(volume_image_wanted(task->node));
    volume_image_done(task);
    assert_false(volume_image_wanted(task->node));
    assert_null(json_object_get(task->node->instance_info, "force_deployment"));
    assert_null(volume_image_hint(task));
    driver_fixture_free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_agent_gets_the_name_of_the_disk_or_nothing_is_written),
        cmocka_unit_test(a_deploy_interface_that_writes_no_volumes_is_refused),
        cmocka_unit_test(the_wish_is_forgotten_when_it_is_done),
    };
    return cmocka_run_group_tests_name("volume_image", tests, NULL, NULL);
}
