/* The pace of the IPMI client against scripted losses: no clock, no BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "bmc/ipmi/client/client_pace.h"

typedef struct Script {
    IpmiPace pace;
    uint64_t now_ms;
} Script;

static Script
script_of(unsigned most)
{
    Script script = {.now_ms = 5000000};
    ipmi_pace_init(&script.pace, most);
    return script;
}

/* A window with a thousand answered datagrams, of which so many were lost once. */
static unsigned
window(Script *script, unsigned lost)
{
    enum { ANSWERS = 1000 };
    for (unsigned i = 0; i < ANSWERS; i++) {
        if (i == ANSWERS - 1)
            script->now_ms += IPMI_PACE_WINDOW_MS;
        ipmi_pace_note(&script->pace, i < lost ? 2 : 1, script->now_ms);
    }
    return ipmi_pace_places(&script->pace);
}

static unsigned
windows(Script *script, unsigned lost, unsigned count)
{
    unsigned places = 0;
    for (unsigned i = 0; i < count; i++)
        places = window(script, lost);
    return places;
}

static void
without_loss_all_places_stay(void **state)
{
    (void)state;
    Script script = script_of(0);
    assert_int_equal(ipmi_pace_places(&script.pace), 2048);
    assert_int_equal(windows(&script, 0, 20), 2048);
}

static void
loss_halves_the_places_down_to_the_least(void **state)
{
    (void)state;
    Script script = script_of(0);
    assert_int_equal(window(&script, 100), 1024);
    assert_int_equal(window(&script, 100), 1024); /* was sent before the change */
    assert_int_equal(window(&script, 100), 512);
    assert_int_equal(windows(&script, 100, 20), 128);
}

static void
places_come_back_step_by_step(void **state)
{
    (void)state;
    Script script = script_of(0);
    windows(&script, 100, 20);
    assert_int_equal(window(&script, 0), 128 + 64);
    assert_int_equal(window(&script, 10), 128 + 2 * 64); /* a wire that always loses a little */
    assert_int_equal(windows(&script, 0, 28), 2048);
    assert_int_equal(window(&script, 0), 2048);
}

static void
between_the_limits_the_places_stay(void **state)
{
    (void)state;
    Script script = script_of(0);
    window(&script, 100);
    assert_int_equal(windows(&script, 40, 20), 1024);
}

static void
few_answers_say_nothing(void **state)
{
    (void)state;
    Script script = script_of(0);
    for (unsigned i = 0; i < IPMI_PACE_ANSWERS - 1; i++) {
        script.now_ms += IPMI_PACE_WINDOW_MS;
        ipmi_pace_note(&script.pace, 5, script.now_ms);
    }
    assert_int_equal(ipmi_pace_places(&script.pace), 2048);
    script.now_ms += IPMI_PACE_WINDOW_MS;
    ipmi_pace_note(&script.pace, 5, script.now_ms);
    assert_int_equal(ipmi_pace_places(&script.pace), 1024);
}

static void
a_small_number_of_places_is_fixed(void **state)
{
    (void)state;
    Script script = script_of(1);
    assert_int_equal(windows(&script, 500, 3), 1);
    assert_int_equal(windows(&script, 0, 3), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_loss_all_places_stay),
        cmocka_unit_test(loss_halves_the_places_down_to_the_least),
        cmocka_unit_test(places_come_back_step_by_step),
        cmocka_unit_test(between_the_limits_the_places_stay),
        cmocka_unit_test(few_answers_say_nothing),
        cmocka_unit_test(a_small_number_of_places_is_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
