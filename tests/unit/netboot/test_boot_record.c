/* The boot record is written and read in one place.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_record.h"

#include "model/internal_info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static Node *
node_in(const char *state)
{
    Node *node = node_new();
    record_set_text(&node->provision_state, state);
    return node;
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    for (int mode = 0; mode < BOOT_MODE_COUNT; mode++) {
        g_autoptr(Node) node = node_in("deploying");
        BootRecord record;
        assert_false(boot_record_read(node, &record));
        boot_record_write(node, (BootMode)mode);
        assert_true(boot_record_read(node, &record));
        assert_int_equal(record.mode, mode);
        assert_int_equal(strlen(record.id), 32);
        assert_true(boot_record_remove(node));
        assert_false(boot_record_remove(node));
        assert_false(boot_record_exists(node));
    }
}

static void
a_record_that_is_there_stays_and_a_new_one_is_another(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_in("active");
    BootRecord record;
    boot_record_write(node, BOOT_MODE_ISCSI);
    boot_record_read(node, &record);
    g_autofree char *first = g_strdup(record.id);
    boot_record_write(node, BOOT_MODE_ISCSI);
    boot_record_read(node, &record);
    assert_string_equal(record.id, first);
    boot_record_remove(node);
    boot_record_write(node, BOOT_MODE_ISCSI);
    boot_record_read(node, &record);
    assert_string_not_equal(record.id, first);
}

static void
a_record_counts_in_the_states_of_an_instance_only(void **state)
{
    (void)state;
    static const char *const without[] = {"available", "deploy failed", "deleting", "cleaning",
                                          "x"};
    for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
        g_autoptr(Node) node = node_in(without[i]);
        BootRecord record;
        boot_record_write(node, BOOT_MODE_ISCSI);
        assert_false(boot_record_read(node, &record));
        assert_true(boot_record_exists(node));
    }
}

static void
a_mode_of_another_version_is_told_apart(void **state)
{
    (void)state;
    g_autoptr(Node) node = node_in("active");
    BootRecord record;
    info_set_json(node, INFO_BOOT, json_pack("{s:s}", "mode", "tape"));
    assert_true(boot_record_read(node, &record));
    assert_int_equal(record.mode, BOOT_MODE_COUNT);
    assert_string_equal(record.id, "");
}

static void
words_of_modes_and_phases_are_distinct(void **state)
{
    (void)state;
    for (int phase = 0; phase < BOOT_PHASE_COUNT; phase++)
        assert_int_equal(boot_phase_from_word(boot_phase_info((BootPhase)phase)->word), phase);
    assert_int_equal(boot_phase_from_word(NULL), BOOT_PHASE_COUNT);
    assert_int_equal(boot_phase_from_word("rebooted"), BOOT_PHASE_COUNT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_record_that_is_there_stays_and_a_new_one_is_another),
        cmocka_unit_test(a_record_counts_in_the_states_of_an_instance_only),
        cmocka_unit_test(a_mode_of_another_version_is_told_apart),
        cmocka_unit_test(words_of_modes_and_phases_are_distinct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
