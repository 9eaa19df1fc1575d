/* Agents' progress in memory. SPDX-License-Identifier: Apache-2.0 */
#include "rpc/progress_board.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB (1024 * 1024)

static void
rate_and_time_left_come_from_what_was_told(void **state)
{
    (void)state;
    ProgressBoard *board = progress_board_new();
    ProgressState now;
    progress_board_note(board, "n", "write image", 0, 100 * MIB, 1000);
    assert_true(progress_board_read(board, "n", &now));
    assert_int_equal(now.rate, -1);
    assert_int_equal(now.seconds_left, -1);
    progress_board_note(board, "n", "write image", 20 * MIB, 100 * MIB, 3000);
    assert_true(progress_board_read(board, "n", &now));
    assert_int_equal(now.rate, 10 * MIB);
    assert_int_equal(now.seconds_left, 8);
    progress_board_note(board, "n", "write image", 20 * MIB, 100 * MIB, 5000); /* it stands still */
    assert_true(progress_board_read(board, "n", &now));
    assert_int_equal(now.rate, 8 * MIB);
    progress_board_note(board, "n", "flush", 0, -1, 6000); /* it moves nothing */
    assert_true(progress_board_take(board, "n", &now));
    assert_int_equal(now.bytes, 20 * MIB);
    assert_int_equal(now.total, 100 * MIB);
    assert_int_equal(now.rate, -1);
    assert_int_equal(now.seconds_left, -1);
    assert_false(progress_board_read(board, "n", &now));
    progress_board_free(board);
}

static void
news_are_phases_and_percents(void **state)
{
    (void)state;
    static const struct {
        const char *phase;
        int64_t bytes, total, at_ms;
        bool news;
    } rows[] = {
        {"write", 0,    1000, 1000,  true},
        {"write", 9,    1000, 2000,  false},
        {"write", 10,   1000, 3000,  true},
        {"write", 10,   1000, 4000,  false},
        {"write", 10,   1000, 13000, true},  /* long not told */
        {"flush", 0,    -1,   14000, true},
        {"flush", 0,    -1,   15000, false},
        {"write", 2000, 1000, 16000, true},  /* more than there is */
        {"write", 3000, 1000, 17000, false},
        {"write", 5,    0,    18000, true},
    };
    ProgressBoard *board = progress_board_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (progress_board_note(board, "n", rows[i].phase, rows[i].bytes, rows[i].total,
                                rows[i].at_ms) != rows[i].news)
            fail_msg("row %zu", i);
    progress_board_free(board);
}

static void
nodes_are_bounded_and_hostile_numbers_do_no_harm(void **state)
{
    (void)state;
    ProgressBoard *board = progress_board_new();
    ProgressState now;
    progress_board_note(board, "n", "write", 0, INT64_MAX, 1);
    progress_board_note(board, "n", "write", INT64_MAX, INT64_MAX, 2);
    assert_true(progress_board_read(board, "n", &now));
    assert_true(now.rate > 0);
    progress_board_note(board, "n", "write", 0, 0, 2);
    for (int i = 0; i < PROGRESS_NODES_MOST + 10; i++) {
        g_autofree char *name = g_strdup_printf("node-%d", i);
        progress_board_note(board, name, "p", 1, 2, 3);
    }
    assert_false(progress_board_read(board, "node-20001", &now));
    json_t *json = progress_state_json(&now);
    assert_non_null(json);
    json_decref(json);
    progress_board_free(board);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_and_time_left_come_from_what_was_told),
        cmocka_unit_test(news_are_phases_and_percents),
        cmocka_unit_test(nodes_are_bounded_and_hostile_numbers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
