/* Which drives logical disks get: each row is a configuration for one set of drives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "driver_fixture.h"
#include "drivers/raid/raid_plan.h"

#define GIB (INT64_C(1) << 30)

static struct {
    char id[4], media_type[4], protocol[5];
    int64_t gib;
    unsigned storage;
    bool used;
} drives[] = {
    {"s1", "SSD", "SATA", 100,  0, false},
    {"s2", "SSD", "SATA", 100,  0, false},
    {"s3", "SSD", "SATA", 100,  0, false},
    {"s4", "SSD", "SATA", 100,  0, false},
    {"h1", "HDD", "SAS",  1000, 0, false},
    {"h2", "HDD", "SAS",  1000, 0, false},
    {"h3", "HDD", "SAS",  500,  0, false},
    {"n1", "SSD", "NVMe", 400,  1, false},
    {"n2", "SSD", "NVMe", 400,  1, false},
    {"u1", "HDD", "SATA", 2000, 1, true},
};

static void
free_drive(gpointer pointer)
{
    RedfishDrive *drive = pointer;
    g_free(drive->id);
    g_free(drive);
}

static char first[] = "first", second[] = "second", sas[] = "SAS", nvme[] = "NVMe";
static RedfishStorage controllers[] = {{.id = first, .name = sas}, {.id = second, .name = nvme}};

static void
fill(RedfishStorages *storages)
{
    storages->controllers = g_ptr_array_new();
    storages->drives = g_ptr_array_new_with_free_func(free_drive);
    g_ptr_array_add(storages->controllers, &controllers[0]);
    g_ptr_array_add(storages->controllers, &controllers[1]);
    for (size_t i = 0; i < G_N_ELEMENTS(drives); i++) {
        RedfishDrive *drive = g_new0(RedfishDrive, 1);
        *drive = (RedfishDrive){.id = g_strdup(drives[i].id),
                                .media_type = drives[i].media_type,
                                .protocol = drives[i].protocol,
                                .bytes = drives[i].gib * GIB,
                                .storage = drives[i].storage,
                                .used = drives[i].used};
        g_ptr_array_add(storages->drives, drive);
    }
}

/* "RAID1 50: h1 h2; RAID0 100: s1" */
static char *
summary(const GPtrArray *plan)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < plan->len; i++) {
        const RaidPlanDisk *disk = plan->pdata[i];
        g_string_append_printf(text, "%s%s %d:", i > 0 ? "; " : "", disk->raid_type,
                               (int)(disk->bytes / GIB));
        for (guint j = 0; j < disk->drives->len; j++)
            g_string_append_printf(text, " %s", ((RedfishDrive *)disk->drives->pdata[j])->id);
    }
    return g_string_free(text, FALSE);
}

#define DISK(size, level, more) "{\"size_gb\": " size ", \"raid_level\": \"" level "\"" more "}"
#define ON(controller, ids) ", \"controller\": \"" controller "\", \"physical_disks\": [" ids "]"
#define SHARED ", \"share_physical_disks\": true"

static const struct {
    const char *disks;
    bool empty;
    const char *plan; /* NULL: refused, with `words` */
    const char *words;
} rows[] = {
    {DISK("50", "0", ""), false, "RAID0 50: s1", NULL},
    {DISK("50", "1", ""), false, "RAID1 50: s1 s2", NULL},
    {DISK("600", "1", ""), false, "RAID1 600: h1 h2", NULL},
    {DISK("50", "1", ", \"disk_type\": \"hdd\""), false, "RAID1 50: h1 h2", NULL},
    {DISK("50", "0", ", \"interface_type\": \"nvme\""), false, "RAID0 50: n1", NULL},
    {DISK("50", "1+0", ""), false, "RAID10 50: s1 s2 s3 s4", NULL},
    {DISK("50", "6", ""), false, "RAID6 50: s1 s2 s3 s4", NULL},
    {DISK("250", "0", ", \"disk_type\": \"ssd\", \"interface_type\": \"sata\""), false,
     "RAID0 250: s1 s2 s3", NULL},
    {DISK("50", "5", ", \"number_of_physical_disks\": 4"), false, "RAID5 50: s1 s2 s3 s4", NULL},
    {DISK("50", "0", ", \"controller\": \"second\""), false, "RAID0 50: n1", NULL},
    {DISK("50", "0", ", \"controller\": \"NVMe\""), false, "RAID0 50: n1", NULL},
    /* all the room */
    {DISK("\"MAX\"", "1", ON("first", "\"h1\", \"h2\"")), false, "RAID1 1000: h1 h2", NULL},
    {DISK("\"MAX\"", "5", ON("first", "\"s1\", \"s2\", \"s3\", \"s4\"")), false,
     "RAID5 300: s1 s2 s3 s4", NULL},
    {DISK("\"MAX\"", "1", ", \"disk_type\": \"hdd\""), false, "RAID1 1000: h1 h2", NULL},
    /* drives are not shared, unless both say so */
    {DISK("10", "1", "") ", " DISK("10", "1", ""), false, "RAID1 10: s1 s2; RAID1 10: s3 s4", NULL},
    {DISK("10", "1", ON("first", "\"s1\", \"s2\"")) ", " DISK("10", "0", ""), false,
     "RAID1 10: s1 s2; RAID0 10: s3", NULL},
    {DISK("10", "1", SHARED) ", " DISK("10", "1", SHARED), false,
     "RAID1 10: s1 s2; RAID1 10: s1 s2", NULL},
    {DISK("\"MAX\"", "0", SHARED ON("first", "\"h1\"")) ", " DISK("300", "0",
                                                                  SHARED ON("first", "\"h1\"")),
     false, "RAID0 700: h1; RAID0 300: h1", NULL},
    /* the first disk gives way, so that the second finds its drives */
    {DISK("90", "0", "") ", " DISK("90", "6", ""), false, "RAID0 90: h1; RAID6 90: s1 s2 s3 s4",
     NULL},
    /* a drive with a volume is taken when that is deleted first */
    {DISK("1500", "0", ", \"number_of_physical_disks\": 1"), true, "RAID0 1500: u1", NULL},
    {DISK("1500", "0", ", \"number_of_physical_disks\": 1"), false, NULL, "have no place for it"},
    /* refused */
    {DISK("2500", "1", ""), false, NULL, "logical_disks[0]: the drives have no place"},
    {DISK("10", "0", "") ", " DISK("10", "5+0", ""), false, NULL, "no place"},
    {DISK("10", "1", ON("first", "\"s1\", \"s2\", \"s3\"")), false, NULL, "no place"},
    {DISK("10", "1+0", ON("first", "\"s1\", \"s2\", \"s3\"")), false, NULL, "no place"},
    {DISK("10", "0", ON("first", "\"x9\"")), false, NULL, "controller first has no drive x9"},
    {DISK("10", "0", ON("first", "\"n1\"")), false, NULL, "controller first has no drive n1"},
    {DISK("200", "0", ON("first", "\"s1\"")), false, NULL, "no place"},
    {DISK("10", "2", ""), false, NULL, "makes no RAID level 2"},
    {DISK("0", "0", ""), false, NULL, "size_gb must be from 1"},
};

static void
each_configuration_gets_its_drives_or_is_refused(void **state)
{
    (void)state;
    RedfishStorages storages = {0};
    fill(&storages);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat("[", rows[i].disks, "]", NULL);
        json_auto_t *wishes = driver_fixture_json(text);
        g_autoptr(GPtrArray) plan = raid_plan_new(wishes, &storages, rows[i].empty, &error);
        if (rows[i].plan == NULL) {
            assert_null(plan);
            assert_error(&error, STEEL_ERROR_INVALID, rows[i].words);
            continue;
        }
        if (plan == NULL)
            fail_msg("%s: %s", rows[i].disks, error->message);
        g_autofree char *told = summary(plan);
        assert_string_equal(told, rows[i].plan);
    }
    redfish_storages_clear(&storages);
}

/* Many disks that have no place end the search. */
static void
a_search_without_end_is_given_up(void **state)
{
    (void)state;
    RedfishStorages storages = {0};
    fill(&storages);
    g_autoptr(GString) text = g_string_new("[");
    for (int i = 0; i < 30; i++)
        g_string_append(text, DISK("1", "0", SHARED) ", ");
    g_string_append(text, DISK("9999", "0", "") "]");
    json_auto_t *wishes = driver_fixture_json(text->str);
    g_autoptr(GError) error = NULL;
    assert_null(raid_plan_new(wishes, &storages, false, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "no place");
    redfish_storages_clear(&storages);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_configuration_gets_its_drives_or_is_refused),
        cmocka_unit_test(a_search_without_end_is_given_up),
    };
    return cmocka_run_group_tests_name("raid_plan", tests, NULL, NULL);
}
