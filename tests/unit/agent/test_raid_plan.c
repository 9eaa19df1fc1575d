/* Which RAID a node wants. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/raid_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define FIRST "{\"controller\": \"software\", \"raid_level\": \"1\", \"size_gb\": 10}"
#define SECOND(level, size)                                                                        \
    "{\"logical_disks\": [" FIRST ", {\"controller\": \"software\", \"raid_level\": \"" level      \
    "\", \"size_gb\": " size "}]}"

/* Disks of 100, 200, ... GiB with the serials d0, d1, ... */
static json_t *
disks_of(size_t count)
{
    json_t *disks = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(disks, json_pack("{s:s,s:o,s:I}", "name", "/dev/sdx", "serial",
                                               json_sprintf("d%zu", i), "size",
                                               (json_int_t)((i + 1) * 100 * 1024 * MIB)));
    return disks;
}

static bool
reads(const char *text, size_t count, RaidPlan *plan, const char *word)
{
    g_autoptr(GError) error = NULL;
    json_t *config = json_loads(text, 0, NULL), *disks = disks_of(count);
    assert_non_null(config);
    bool good = raid_plan_read(config, disks, plan, &error);
    json_decref(disks);
    assert_true(good == (error == NULL));
    if (word != NULL && !good && strstr(error->message, word) == NULL)
        fail_msg("%s", error->message);
    json_decref(config);
    return good;
}

static void
each_level_takes_its_share_of_each_disk(void **state)
{
    (void)state;
    static const struct {
        const char *config, *level;
        size_t disks;
        uint64_t mib;
    } rows[] = {
        {SECOND("0", "30"),      "0",  3, 10240},
        {SECOND("1", "30"),      "1",  3, 30720},
        {SECOND("1+0", "30"),    "10", 4, 15360},
        {SECOND("5", "30"),      "5",  4, 10240},
        {SECOND("6", "30"),      "6",  4, 15360},
        {SECOND("5", "1"),       "5",  4, 342},   /* made full MiB */
        {SECOND("0", "\"MAX\""), "0",  2, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RaidPlan plan;
        assert_true(reads(rows[i].config, rows[i].disks, &plan, NULL));
        assert_int_equal(plan.count, 2);
        assert_int_equal(plan.arrays[0].member_bytes, 10240 * MIB);
        assert_string_equal(plan.arrays[1].level, rows[i].level);
        assert_int_equal(plan.arrays[1].member_bytes, rows[i].mib * MIB);
    }
}

static void
what_cannot_be_made_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *config, *word;
    } rows[] = {
        {"{}", "one or two"},
        {"{\"logical_disks\": []}", "one or two"},
        {"{\"logical_disks\": [" FIRST "," FIRST "," FIRST "]}", "one or two"},
        {"{\"logical_disks\": [{\"raid_level\": \"1\", \"size_gb\": 1}]}", "controller"},
        {"{\"logical_disks\": [{\"controller\": \"software\", \"raid_level\": \"5\"}]}", "boots"},
        {SECOND("7", "1"), "raid_level"},
        {SECOND("6", "1"), "too few"},
        {SECOND("1", "0"), "size_gb"},
        {SECOND("1", "\"MOST\""), "size_gb"},
        {SECOND("1", "1, \"volume_name\": \"--help\""), "volume_name"},
        {SECOND("1", "1, \"physical_disks\": []"), "physical_disks must be a list"},
        {SECOND("1", "1, \"physical_disks\": [\"a\", \"b\"]"), "an object with hints"},
        {SECOND("1", "1, \"physical_disks\": [{\"serial\": \"d0\"}, {\"serial\": \"d0\"}]"),
         "no disk that is left fits {\"serial\":\"d0\"}"},
        {SECOND("5", "1, \"physical_disks\": [{\"serial\": \"d0\"}, {\"serial\": \"d1\"}]"),
         "too few disks"},
        {"{\"logical_disks\": [{\"controller\": \"software\", \"raid_level\": \"1\", \"size_gb\": "
         "\"MAX\"}, " FIRST "]}",
         "\"MAX\" for the last one on its disks"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RaidPlan plan;
        assert_false(reads(rows[i].config, 3, &plan, rows[i].word));
    }
}

static void
an_array_takes_the_disks_that_its_hints_name(void **state)
{
    (void)state;
    RaidPlan plan;
    assert_true(reads("{\"logical_disks\": [{\"controller\": \"software\", \"raid_level\": \"1\", "
                      "\"size_gb\": \"MAX\", \"physical_disks\": [{\"serial\": \"d3\"}, "
                      "{\"size\": \">= 100\"}]}, {\"controller\": \"software\", \"raid_level\": "
                      "\"0\", \"size_gb\": \"MAX\", \"physical_disks\": [{\"size\": \"> 100\"}, "
                      "{\"size\": \"> 100\"}]}]}",
                      5, &plan, NULL));
    assert_int_equal(plan.arrays[0].member_count, 2);
    assert_int_equal(plan.arrays[0].members[0], 3);
    assert_int_equal(plan.arrays[0].members[1], 0);
    assert_int_equal(plan.arrays[1].members[0], 1);
    assert_int_equal(plan.arrays[1].members[1], 2);
    assert_true(raid_array_has(&plan.arrays[0], 3));
    assert_false(raid_array_has(&plan.arrays[1], 3));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_takes_its_share_of_each_disk),
        cmocka_unit_test(what_cannot_be_made_is_named),
        cmocka_unit_test(an_array_takes_the_disks_that_its_hints_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
