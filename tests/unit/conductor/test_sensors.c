/* The table of machines and their sensors: who is read, what is kept, and lines that Prometheus
 * takes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/time_text.h"
#include "conductor/sensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"
#define OTHER "2be26c0b-03f2-4d2e-ae87-c02d7f33c781"

static int
begin(void **state)
{
    *state = sensors_new();
    return 0;
}

static int
end(void **state)
{
    sensors_free(*state);
    return 0;
}

static void
round_of(Sensors *sensors, const char *first, const char *second)
{
    sensors_begin(sensors, INT64_MAX);
    sensors_add(sensors, first);
    if (second != NULL)
        sensors_add(sensors, second);
    sensors_complete(sensors);
}

static void
assert_next(Sensors *sensors, const char *wanted)
{
    g_autofree char *uuid = sensors_next(sensors);
    assert_string_equal(uuid != NULL ? uuid : "none", wanted != NULL ? wanted : "none");
}

static void
tell(Sensors *sensors, const char *node, const char *readings)
{
    json_auto_t *rows = readings != NULL ? json_loads(readings, 0, NULL) : NULL;
    sensors_told(sensors, node, rows);
}

static bool
is_written(Sensors *sensors, const char *line)
{
    g_autoptr(GString) out = g_string_new(NULL);
    sensors_write(out, sensors);
    return strstr(out->str, line) != NULL;
}

#define FAN                                                                                        \
    "[{\"type\": \"Fan\", \"name\": \"a\", \"unit\": \"rpm\", \"value\": 7, \"health\": "          \
    "\"Warning\"}]"

static void
test_three_failures_in_a_row_forget_a_machine(void **state)
{
    Sensors *sensors = *state;
    const char *const readings[] = {FAN, NULL, NULL, FAN, NULL, NULL, NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(readings); i++) {
        round_of(sensors, NODE, NULL);
        assert_next(sensors, NODE);
        tell(sensors, NODE, readings[i]);
        bool last = i + 1 == G_N_ELEMENTS(readings);
        assert_int_equal(is_written(sensors, "name=\"a\",unit=\"rpm\"} 7\n"), !last);
        assert_int_equal(is_written(sensors, "type=\"Fan\",name=\"a\"} 1\n"), !last);
    }
}

static void
test_a_machine_outside_the_round_is_forgotten(void **state)
{
    Sensors *sensors = *state;
    round_of(sensors, NODE, NULL);
    assert_next(sensors, NODE);
    tell(sensors, NODE, FAN);
    round_of(sensors, OTHER, NULL);
    assert_false(is_written(sensors, NODE));
    assert_next(sensors, OTHER);
    assert_next(sensors, NULL);
}

static void
test_a_machine_has_one_reading_at_a_time(void **state)
{
    Sensors *sensors = *state;
    round_of(sensors, NODE, OTHER);
    assert_next(sensors, NODE);
    round_of(sensors, NODE, OTHER);
    assert_next(sensors, OTHER);
    assert_next(sensors, NULL);
    tell(sensors, NODE, FAN);
    round_of(sensors, NODE, OTHER);
    assert_next(sensors, NODE);
}

static void
test_a_round_ends_in_time_and_says_what_it_left(void **state)
{
    Sensors *sensors = *state;
    assert_int_equal(sensors_begin(sensors, time_monotonic_ms()), 0);
    sensors_add(sensors, NODE);
    assert_next(sensors, NULL);
    assert_int_equal(sensors_begin(sensors, INT64_MAX), 1);
}

static void
test_workers_are_no_more_than_machines_and_the_limit(void **state)
{
    Sensors *sensors = *state;
    assert_false(sensors_worker_begin(sensors, 2));
    round_of(sensors, NODE, OTHER);
    assert_true(sensors_worker_begin(sensors, 1));
    assert_false(sensors_worker_begin(sensors, 1));
    sensors_worker_end(sensors);
    assert_true(sensors_worker_begin(sensors, 1));
}

/* Prometheus refuses a whole page for one pair of labels that comes twice. */
static void
test_names_are_told_apart(void **state)
{
    Sensors *sensors = *state;
    g_autofree char *long_name = g_strnfill(63, 'x');
    g_autofree char *rows = g_strdup_printf(
        "[{\"type\": \"Fan\", \"name\": \"a\", \"unit\": \"rpm\", \"value\": 1},"
        " {\"type\": \"Fan\", \"name\": \"a\", \"unit\": \"rpm\", \"value\": 2},"
        " {\"type\": \"Fan\", \"name\": \"a #2\", \"unit\": \"rpm\", \"value\": 3},"
        " {\"type\": \"Drive\", \"name\": \"a\", \"unit\": \"percent\", \"value\": 4},"
        " {\"type\": \"Fan\", \"name\": \"%s\u00e4b\", \"unit\": \"rpm\", \"value\": 5},"
        " {\"type\": \"Fan\", \"name\": \"%s\u00e4c\", \"unit\": \"rpm\", \"value\": 6}]",
        long_name, long_name);
    round_of(sensors, NODE, NULL);
    assert_next(sensors, NODE);
    tell(sensors, NODE, rows);
    assert_true(is_written(sensors, "name=\"a\",unit=\"rpm\"} 1\n"));
    assert_true(is_written(sensors, "name=\"a #2\",unit=\"rpm\"} 2\n"));
    assert_true(is_written(sensors, "name=\"a #2 #2\",unit=\"rpm\"} 3\n"));
    assert_true(is_written(sensors, "name=\"a\",unit=\"percent\"} 4\n"));
    assert_true(is_written(sensors, "x\uFFFD\",unit=\"rpm\"} 5\n"));
    assert_true(is_written(sensors, "x\uFFFD #2\",unit=\"rpm\"} 6\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_three_failures_in_a_row_forget_a_machine, begin, end),
        cmocka_unit_test_setup_teardown(test_a_machine_outside_the_round_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(test_a_machine_has_one_reading_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(test_a_round_ends_in_time_and_says_what_it_left, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_workers_are_no_more_than_machines_and_the_limit, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_names_are_told_apart, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
