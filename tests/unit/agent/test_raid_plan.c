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

static bool
reads(const char *text, size_t disks, RaidPlan *plan, const char *word)
{
    g_autoptr(GError) error = NULL;
    json_t *config = json_loads(text, 0, NULL);
    assert_non_null(config);
    bool good = raid_plan_read(config, disks, plan, &error);
    assert_true(good == (error == NULL));
    if (word != NULL && !good)
        assert_non_null(strstr(error->message, word));
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
        {SECOND("1", "1, \"physical_disks\": []"), "physical_disks"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RaidPlan plan;
        assert_false(reads(rows[i].config, 3, &plan, rows[i].word));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_takes_its_share_of_each_disk),
        cmocka_unit_test(what_cannot_be_made_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
