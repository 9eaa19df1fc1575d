/* A target_raid_config that no driver could make is refused, naming disk and property.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"

#include "drivers/raid/raid.h"

static void
each_property_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *config, *part; /* NULL: valid */
    } rows[] = {
        {"{\"logical_disks\": [{\"size_gb\": 50, \"raid_level\": \"1\"}]}", NULL},
        {"{\"logical_disks\": [{\"size_gb\": \"MAX\", \"raid_level\": \"5+0\", \"is_root_volume\": "
         "true, "
         "\"disk_type\": \"ssd\", \"interface_type\": \"nvme\", \"number_of_physical_disks\": 2, "
         "\"controller\": \"c0\", \"physical_disks\": [\"a\", \"b\"], \"volume_name\": \"root\", "
         "\"share_physical_disks\": false}]}",
         NULL},
        {"[]", "non-empty array logical_disks"},
        {"{}", "non-empty array logical_disks"},
        {"{\"logical_disks\": []}", "non-empty array logical_disks"},
        {"{\"logical_disks\": [1]}", "logical_disks[0] must be an object"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\"}], \"more\": 1}",
         "unknown key more"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\"}, {\"size_gb\": 1}]}",
         "logical_disks[1] has no raid_level"},
        {"{\"logical_disks\": [{\"raid_level\": \"1\"}]}", "logical_disks[0] has no size_gb"},
        {"{\"logical_disks\": [{\"size_gb\": -1, \"raid_level\": \"1\"}]}",
         "size_gb must be a whole number of GiB, or MAX"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"7\"}]}",
         "raid_level must be one of JBOD, 0, 1"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": 1}]}", "raid_level must be one of"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"x\": 1}]}",
         "no property x of a logical disk"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"disk_type\": \"tape\"}]}",
         "disk_type must be one of hdd, ssd"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", "
         "\"number_of_physical_disks\": 0}]}",
         "number_of_physical_disks must be"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"is_root_volume\": "
         "\"yes\"}]}",
         "is_root_volume must be true or false"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"physical_disks\": "
         "[\"a\"]}]}",
         "physical_disks needs controller"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"controller\": \"c\", "
         "\"physical_disks\": [{}]}]}",
         "physical_disks must be an array of strings"},
        {"{\"logical_disks\": [{\"size_gb\": 1, \"raid_level\": \"1\", \"is_root_volume\": true}, "
         "{\"size_gb\": 1, \"raid_level\": \"1\", \"is_root_volume\": true}]}",
         "2 logical disks have is_root_volume"},
    };
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = driver_fixture_begin(fixture, driver_fixture_node(fixture, "fake-hardware"));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_auto_t *config = driver_fixture_json(rows[i].config);
        bool valid = raid_config_validate(task, config, &error);
        if (rows[i].part == NULL) {
            assert_no_error(error);
            assert_true(valid);
        } else {
            assert_false(valid);
            assert_error(&error, STEEL_ERROR_INVALID, rows[i].part);
        }
    }
    driver_fixture_free(fixture);
}

static void
a_node_without_raid_takes_no_configuration(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    DriverFixture *fixture = driver_fixture_new(NULL);
    Task *task = driver_fixture_begin(fixture, driver_fixture_node(fixture, "ipmi"));
    json_auto_t *config =
        driver_fixture_json("{\"logical_disks\": [{\"size_gb\": 50, \"raid_level\": \"1\"}]}");
    assert_false(raid_config_validate(task, config, &error));
    assert_error(&error, STEEL_ERROR_UNSUPPORTED, "does not support raid");
    driver_fixture_free(fixture);
}

static void
all_properties_are_described(void **state)
{
    (void)state;
    json_auto_t *properties = raid_logical_disk_properties();
    assert_int_equal(json_object_size(properties), 10);
    assert_non_null(json_string_member(properties, "raid_level"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_property_is_checked),
        cmocka_unit_test(a_node_without_raid_takes_no_configuration),
        cmocka_unit_test(all_properties_are_described),
    };
    return cmocka_run_group_tests_name("raid", tests, NULL, NULL);
}
