/* Tables: borders, alignment, wide characters, empty cells, lines within cells, wrapping.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Draws a table of two columns from pairs of cells. */
static char *
draw(const char *const cells[][2], size_t count, bool right, size_t width)
{
    g_autoptr(Table) table = table_new();
    GString *out = g_string_new(NULL);
    table_add_column(table, "Name", false);
    table_add_column(table, "Value", right);
    for (size_t i = 0; i < count; i++) {
        GPtrArray *row = table_add_row(table);
        g_ptr_array_add(row, g_strdup(cells[i][0]));
        g_ptr_array_add(row, g_strdup(cells[i][1]));
    }
    table_render(table, width, 8, out);
    return g_string_free(out, false);
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    static const char *const cells[][2] = {{"a", "1"}, {"longer", ""}};
    g_autofree char *text = draw(cells, 2, false, 0);
    assert_string_equal(text, "+--------+-------+\n"
                              "| Name   | Value |\n"
                              "+--------+-------+\n"
                              "| a      | 1     |\n"
                              "| longer |       |\n"
                              "+--------+-------+\n");
}

static void
numbers_stand_on_the_right_with_their_heading(void **state)
{
    (void)state;
    static const char *const cells[][2] = {{"a", "1"}, {"b", "1234567"}};
    g_autofree char *text = draw(cells, 2, true, 0);
    assert_non_null(strstr(text, "| Name |   Value |\n"));
    assert_non_null(strstr(text, "| a    |       1 |\n"));
}

static void
wide_and_combining_characters_keep_the_borders_straight(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const cells[][2] = {
        {"日本",      "x"},
        {"e\xcc\x81", "y"},
        {"ab",        "z"}
    };
    /* clang-format on */
    g_autofree char *text = draw(cells, 3, false, 0);
    assert_string_equal(text, "+------+-------+\n"
                              "| Name | Value |\n"
                              "+------+-------+\n"
                              "| 日本 | x     |\n"
                              "| e\xcc\x81    | y     |\n"
                              "| ab   | z     |\n"
                              "+------+-------+\n");
}

static void
lines_within_a_cell_become_lines_of_the_row(void **state)
{
    (void)state;
    static const char *const cells[][2] = {{"a\nbb", "1"}};
    g_autofree char *text = draw(cells, 1, false, 0);
    assert_non_null(strstr(text, "| a    | 1     |\n| bb   |       |\n"));
}

static void
a_table_without_rows_has_only_its_head(void **state)
{
    (void)state;
    g_autofree char *text = draw(NULL, 0, false, 0);
    assert_string_equal(text, "+------+-------+\n| Name | Value |\n+------+-------+\n");
}

static void
long_columns_are_wrapped_to_the_width_asked_for(void **state)
{
    (void)state;
    static const char *const cells[][2] = {{"n1", "the quick brown fox jumps over the lazy dog"}};
    g_autofree char *text = draw(cells, 1, false, 30);
    assert_string_equal(text, "+------+---------------------+\n"
                              "| Name | Value               |\n"
                              "+------+---------------------+\n"
                              "| n1   | the quick brown fox |\n"
                              "|      | jumps over the lazy |\n"
                              "|      | dog                 |\n"
                              "+------+---------------------+\n");
}

static void
words_longer_than_a_line_are_cut(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) lines = text_wrap("aa bbbbbbbbbbb c", 4);
    static const char *const expected[] = {"aa b", "bbbb", "bbbb", "bb c"};
    assert_int_equal(lines->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < lines->len; i++)
        assert_string_equal(g_ptr_array_index(lines, i), expected[i]);
}

static void
words_are_broken_after_hyphens(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) words = text_wrap("ilo-virtual-media, ipxe", 12);
    g_autoptr(GPtrArray) uuid = text_wrap("57caee9b-f946-439f", 10);
    assert_string_equal(g_ptr_array_index(words, 0), "ilo-virtual-");
    assert_string_equal(g_ptr_array_index(words, 1), "media, ipxe");
    assert_string_equal(g_ptr_array_index(uuid, 0), "57caee9b-");
    assert_string_equal(g_ptr_array_index(uuid, 1), "f946-439f");
}

static void
wrapping_never_gives_less_than_one_piece(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "日", "   a"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GPtrArray) lines = text_wrap(texts[i], 1);
        assert_true(lines->len >= 1);
    }
}

static void
bytes_that_are_no_text_count_as_one_column_each(void **state)
{
    (void)state;
    assert_int_equal(text_columns("\xff\xfe", 2), 2);
    assert_int_equal(text_columns("日本", strlen("日本")), 4);
    assert_int_equal(text_columns("", 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(numbers_stand_on_the_right_with_their_heading),
        cmocka_unit_test(wide_and_combining_characters_keep_the_borders_straight),
        cmocka_unit_test(lines_within_a_cell_become_lines_of_the_row),
        cmocka_unit_test(a_table_without_rows_has_only_its_head),
        cmocka_unit_test(long_columns_are_wrapped_to_the_width_asked_for),
        cmocka_unit_test(words_longer_than_a_line_are_cut),
        cmocka_unit_test(words_are_broken_after_hyphens),
        cmocka_unit_test(wrapping_never_gives_less_than_one_piece),
        cmocka_unit_test(bytes_that_are_no_text_count_as_one_column_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
