/* Phases in words, bars, and when waiting ends.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/provision_wait.h"
#include "cli/table.h"
#include "cli/timeline.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
the_current_phase_is_the_last_unfinished_one(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *phase;
    } rows[] = {
        {"{\"timeline\": [{\"phase\": \"a\", \"finished_at\": \"t\"}, {\"phase\": \"b\", "
         "\"finished_at\": null}, "
         "{\"phase\": \"c\", \"finished_at\": \"t\"}]}",
         "b"},
        {"{\"timeline\": [{\"phase\": \"a\", \"finished_at\": \"t\"}, {\"phase\": \"c\", "
         "\"finished_at\": \"t\"}]}",
         "c"},
        {"{\"timeline\": []}", NULL},
        {"{\"timeline\": [5]}", NULL},
        {"{}", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_auto_t *answer = json_loads(rows[i].answer, 0, NULL);
        json_t *phase = timeline_current(answer);
        const char *name = json_string_value(json_object_get(phase, "phase"));
        assert_int_equal(g_strcmp0(name, rows[i].phase), 0);
    }
    assert_null(timeline_current(NULL));
}

static void
sizes_and_times_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        const char *text;
    } sizes[] = {{0, "0 B"},           {1023, "1023 B"},        {1024, "1.0 KiB"},
                 {1048575, "1.0 MiB"}, {5368709120, "5.0 GiB"}, {INT64_MAX, "8.0 EiB"}};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *text = bytes_text(sizes[i].bytes);
        assert_string_equal(text, sizes[i].text);
    }
    static const struct {
        int64_t seconds;
        const char *text;
    } times[] = {{-1, "0 s"}, {59, "59 s"}, {125, "2:05"}, {3725, "1:02:05"}};
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        g_autofree char *text = duration_text(times[i].seconds);
        assert_string_equal(text, times[i].text);
    }
}

static void
a_line_has_state_time_bar_and_phase(void **state)
{
    (void)state;
    json_auto_t *phase = json_pack("{s:s, s:I, s:I, s:s}", "phase", "write_image", "bytes_done",
                                   (json_int_t)536870912, "bytes_total", (json_int_t)1073741824,
                                   "detail", "disk sda");
    g_autofree char *line = progress_line("n1", "deploying", phase, 65, 0);
    assert_string_equal(line, "n1: deploying  1:05  [##########..........]  write_image 512.0 MiB "
                              "of 1.0 GiB (50%): disk sda");
    g_autofree char *bare = progress_line("n1", "wait call-back", NULL, 3, 0);
    assert_string_equal(bare, "n1: wait call-back  3 s");
}

static void
an_agent_s_progress_belongs_to_the_open_phase(void **state)
{
    (void)state;
    json_auto_t *answer = json_loads(
        "{\"timeline\": [{\"phase\": \"deploy.write_image\", \"finished_at\": null, "
        "\"bytes_done\": null}], \"progress\": {\"agent_phase\": \"write image\", "
        "\"bytes_done\": 536870912, \"bytes_total\": 1073741824, \"bytes_per_second\": 33554432, "
        "\"seconds_left\": 16}}",
        0, NULL);
    json_t *phase = timeline_current(answer);
    g_autofree char *text = timeline_phase_text(phase), *mark = timeline_phase_mark(phase);
    assert_string_equal(text, "deploy.write_image (write image) 512.0 MiB of 1.0 GiB (50%), 32.0 "
                              "MiB/s, 16 s left");
    json_object_set_new(phase, "bytes_done", json_integer(536870912 + 50000000));
    g_autofree char *same = timeline_phase_mark(phase);
    assert_string_equal(mark, same);
    json_object_set_new(phase, "bytes_done", json_integer(700000000));
    g_autofree char *other = timeline_phase_mark(phase);
    assert_string_not_equal(mark, other);
}

static void
progress_beyond_the_end_fills_the_bar(void **state)
{
    (void)state;
    json_auto_t *phase =
        json_pack("{s:s, s:i, s:i}", "phase", "p", "bytes_done", 9, "bytes_total", 3);
    g_autofree char *line = progress_line("n", "s", phase, 0, 0);
    assert_non_null(strstr(line, "[####################]"));
    assert_non_null(strstr(line, "(100%)"));
}

static void
a_line_fits_the_terminal_and_cannot_steer_it(void **state)
{
    (void)state;
    json_auto_t *phase = json_pack("{s:s, s:s}", "phase", "日本日本日本", "detail", "\033[2J\nx");
    for (size_t columns = 1; columns < 60; columns++) {
        g_autofree char *line = progress_line("n", "s", phase, 0, columns);
        assert_true(text_columns(line, strlen(line)) <= columns);
        assert_true(g_utf8_validate(line, -1, NULL));
        assert_null(strpbrk(line, "\033\n"));
    }
}

static void
waiting_ends_in_the_state_in_a_failure_or_in_another_stable_state(void **state)
{
    (void)state;
    static const struct {
        const char *node;
        WaitOutcome outcome;
    } rows[] = {
        {"{\"provision_state\": \"active\", \"target_provision_state\": null}", WAIT_REACHED},
        {"{\"provision_state\": \"deploying\", \"target_provision_state\": \"active\"}",
         WAIT_GOES_ON},
        {"{\"provision_state\": \"deploy failed\", \"target_provision_state\": \"active\"}",
         WAIT_FAILED},
        {"{\"provision_state\": \"error\", \"target_provision_state\": \"available\"}",
         WAIT_FAILED},
        {"{\"provision_state\": \"manageable\", \"target_provision_state\": null}", WAIT_FAILED},
        {"{\"provision_state\": \"manageable\", \"target_provision_state\": \"\"}", WAIT_FAILED},
        {"{}", WAIT_GOES_ON},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_auto_t *node = json_loads(rows[i].node, 0, NULL);
        assert_int_equal(wait_judge(node, "active"), rows[i].outcome);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_phase_is_the_last_unfinished_one),
        cmocka_unit_test(sizes_and_times_are_written_for_people),
        cmocka_unit_test(a_line_has_state_time_bar_and_phase),
        cmocka_unit_test(an_agent_s_progress_belongs_to_the_open_phase),
        cmocka_unit_test(progress_beyond_the_end_fills_the_bar),
        cmocka_unit_test(a_line_fits_the_terminal_and_cannot_steer_it),
        cmocka_unit_test(waiting_ends_in_the_state_in_a_failure_or_in_another_stable_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
