/* What a fleet that deploys itself asks for next.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/wave_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
assert_asks(const WaveNode *node, const char *state, bool begun, unsigned retries,
            const char *expected)
{
    const char *verb;
    assert_int_equal(wave_advice(node, state, begun, retries, &verb), WAVE_ASK);
    assert_string_equal(verb, expected);
}

static void
assert_advice(const WaveNode *node, const char *state, bool begun, unsigned retries,
              WaveAdvice expected)
{
    const char *verb;
    assert_int_equal(wave_advice(node, state, begun, retries, &verb), expected);
    assert_null(verb);
}

static void
a_node_goes_from_nothing_to_active(void **state)
{
    (void)state;
    WaveNode node = {0};
    assert_advice(&node, NULL, false, 0, WAVE_ENROL);
    assert_true(wave_answered(&node, NULL, NULL, 201));
    assert_asks(&node, "enroll", false, 0, "manage");
    assert_advice(&node, "verifying", false, 0, WAVE_WAIT);
    assert_asks(&node, "manageable", false, 0, "provide");
    assert_advice(&node, "available", false, 0, WAVE_WAIT);
    assert_asks(&node, "available", true, 0, "active");
    assert_advice(&node, "deploying", true, 0, WAVE_WAIT);
    assert_advice(&node, "wait call-back", true, 0, WAVE_WAIT);
    assert_advice(&node, "active", true, 0, WAVE_ACTIVE);
}

static void
a_node_whose_port_may_be_missing_is_enrolled_again(void **state)
{
    (void)state;
    WaveNode node = {0};
    assert_false(wave_answered(&node, NULL, NULL, 503)); /* of the port: the node is there */
    assert_advice(&node, "enroll", false, 0, WAVE_ENROL);
    assert_true(wave_answered(&node, "enroll", NULL, 201));
    assert_asks(&node, "enroll", false, 0, "manage");
}

static void
what_failed_is_asked_for_again_so_often(void **state)
{
    (void)state;
    WaveNode node = {.enrolled = true};
    assert_true(wave_answered(&node, "available", "active", 202));
    assert_advice(&node, "deploy failed", true, 0, WAVE_FAILED);
    for (int i = 0; i < 2; i++) {
        assert_asks(&node, "deploy failed", true, 2, "active");
        assert_true(wave_answered(&node, "deploy failed", "active", 202));
    }
    assert_advice(&node, "deploy failed", true, 2, WAVE_FAILED);
    assert_int_equal(wave_retries(&node), 2);
}

static void
a_state_that_comes_back_is_a_failure(void **state)
{
    (void)state;
    WaveNode node = {.enrolled = true};
    assert_true(wave_answered(&node, "enroll", "manage", 202));
    assert_advice(&node, "enroll", false, 0, WAVE_FAILED);
    assert_asks(&node, "enroll", false, 1, "manage");
}

static void
a_service_that_is_busy_or_away_is_asked_forever_and_a_refusal_is_not(void **state)
{
    (void)state;
    static const int busy[] = {0, 409, 500, 503, 504};
    WaveNode node = {.enrolled = true};
    for (int i = 0; i < 10 * WAVE_REFUSALS; i++)
        assert_false(
            wave_answered(&node, "available", "active", busy[i % (int)G_N_ELEMENTS(busy)]));
    assert_asks(&node, "available", true, 0, "active");
    for (int i = 0; i < WAVE_REFUSALS; i++) {
        assert_asks(&node, "available", true, 0, "active");
        assert_false(wave_answered(&node, "available", "active", 400));
    }
    assert_advice(&node, "available", true, 0, WAVE_FAILED);
}

static void
one_slow_machine_in_ten_does_not_hold_the_next_wave_up(void **state)
{
    (void)state;
    assert_false(wave_is_over(8, 10));
    assert_true(wave_is_over(9, 10));
    assert_false(wave_is_over(0, 1));
    assert_true(wave_is_over(1, 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_goes_from_nothing_to_active),
        cmocka_unit_test(a_node_whose_port_may_be_missing_is_enrolled_again),
        cmocka_unit_test(what_failed_is_asked_for_again_so_often),
        cmocka_unit_test(a_state_that_comes_back_is_a_failure),
        cmocka_unit_test(a_service_that_is_busy_or_away_is_asked_forever_and_a_refusal_is_not),
        cmocka_unit_test(one_slow_machine_in_ten_does_not_hold_the_next_wave_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
