/* When the agent calls. SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/heartbeat_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
calls_come_well_before_the_timeout(void **state)
{
    (void)state;
    assert_int_equal(heartbeat_pause_ms(300, 0, 0.0), 90000);
    assert_int_equal(heartbeat_pause_ms(300, 0, 1.0), 180000);
    assert_int_equal(heartbeat_pause_ms(1, 0, 0.0), 1000);
}

static void
failures_make_pauses_that_grow_up_to_the_usual_one(void **state)
{
    (void)state;
    assert_int_equal(heartbeat_pause_ms(300, 1, 0.0), 5000);
    assert_int_equal(heartbeat_pause_ms(300, 2, 0.0), 10000);
    assert_int_equal(heartbeat_pause_ms(300, 1, 1.0), 10000);
    assert_int_equal(heartbeat_pause_ms(300, 60, 0.0), 90000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_come_well_before_the_timeout),
        cmocka_unit_test(failures_make_pauses_that_grow_up_to_the_usual_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
