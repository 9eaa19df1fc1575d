/* Power states and targets in the words of the API.
 * SPDX-License-Identifier: Apache-2.0 */
#include "model/power_states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
states_are_written_and_read_in_the_words_of_the_api(void **state)
{
    (void)state;
    assert_string_equal(power_state_wire(POWER_ON), "power on");
    assert_string_equal(power_state_wire(POWER_OFF), "power off");
    assert_string_equal(power_state_wire(POWER_ERROR), "error");
    assert_null(power_state_wire(POWER_UNKNOWN));
    for (int i = POWER_ON; i <= POWER_ERROR; i++)
        assert_int_equal(power_state_from_wire(power_state_wire((PowerState)i)), i);
    assert_int_equal(power_state_from_wire(NULL), POWER_UNKNOWN);
    assert_int_equal(power_state_from_wire("on"), POWER_UNKNOWN);
    assert_int_equal(power_state_from_wire(""), POWER_UNKNOWN);
}

static void
each_target_ends_in_its_state_and_is_hard_or_soft(void **state)
{
    static const struct {
        const char *word;
        PowerState reached;
        bool soft;
    } rows[POWER_TARGET_COUNT] = {
        {"power on",       POWER_ON,  false},
        {"power off",      POWER_OFF, false},
        {"rebooting",      POWER_ON,  false},
        {"soft rebooting", POWER_ON,  true},
        {"soft power off", POWER_OFF, true},
    };
    (void)state;
    for (int i = 0; i < POWER_TARGET_COUNT; i++) {
        PowerTarget target = POWER_TARGET_COUNT;
        assert_true(power_target_from_wire(rows[i].word, &target));
        assert_string_equal(power_target_wire(target), rows[i].word);
        assert_int_equal(power_target_state(target), rows[i].reached);
        assert_int_equal(power_target_is_soft(target), rows[i].soft);
    }
}

static void
other_words_are_no_target_and_leave_the_result_alone(void **state)
{
    static const char *const bad[] = {NULL, "", "on", "reboot", "Power On", "power on ", "error"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        PowerTarget target = POWER_TARGET_SOFT_OFF;
        assert_false(power_target_from_wire(bad[i], &target));
        assert_int_equal(target, POWER_TARGET_SOFT_OFF);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_written_and_read_in_the_words_of_the_api),
        cmocka_unit_test(each_target_ends_in_its_state_and_is_hard_or_soft),
        cmocka_unit_test(other_words_are_no_target_and_leave_the_result_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
