/* The file format of oslo.config: which lines are assignments, and which are refused with their
 * number.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config_file.h"
#include "common/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <glib/gstdio.h>

/* Writes assignments as "line [section] name=value|" so that one comparison shows all of them. */
static bool
collect(void *context, unsigned line, const char *section, const char *name, const char *value,
        GError **error)
{
    (void)error;
    g_string_append_printf(context, "%u [%s] %s=%s|", line, section, name, value);
    return true;
}

static char *
parse(const char *text, GError **error)
{
    g_autoptr(GString) found = g_string_new(NULL);
    if (!config_file_parse("steel.conf", text, strlen(text), collect, found, error))
        return NULL;
    return g_string_free(g_steal_pointer(&found), FALSE);
}

static void
assert_parsed(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = parse(text, &error);
    assert_null(error);
    assert_string_equal(found, expected);
}

static void
assert_refused(const char *text, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = parse(text, &error);
    assert_null(found);
    assert_true(steel_error_is(error, STEEL_ERROR_CONFIG));
    assert_string_equal(error->message, message);
}

static void
equals_and_colon_both_separate_and_the_first_one_counts(void **state)
{
    (void)state;
    assert_parsed("[a]\nx = 1\ny: 2\nz=http://h:1/?q=2\nw:k=v\n",
                  "2 [a] x=1|3 [a] y=2|4 [a] z=http://h:1/?q=2|5 [a] w=k=v|");
}

static void
comments_and_blank_lines_have_no_effect(void **state)
{
    (void)state;
    assert_parsed("# one\n; two\n\n[a]\n#x = 1\n\ny = 2 # not a comment ; neither\n",
                  "7 [a] y=2 # not a comment ; neither|");
}

static void
indented_lines_continue_the_value_above(void **state)
{
    (void)state;
    assert_parsed("[a]\nx = one,\n   two,\n\tthree\ny = 4\n",
                  "2 [a] x=one,\ntwo,\nthree|5 [a] y=4|");
}

static void
a_value_may_start_on_the_line_after_its_name(void **state)
{
    (void)state;
    assert_parsed("[a]\nx =\n  one\n  two\n", "2 [a] x=one\ntwo|");
}

static void
a_blank_or_comment_line_ends_a_continued_value(void **state)
{
    (void)state;
    assert_refused("[a]\nx = 1\n\n  2\n", "steel.conf:4: an indented line continues nothing");
    assert_refused("[a]\nx = 1\n# c\n  2\n", "steel.conf:4: an indented line continues nothing");
}

static void
one_pair_of_equal_quotes_around_a_value_is_removed(void **state)
{
    (void)state;
    assert_parsed("[a]\nw = \" 1 \"\nx = '2'\ny = \"3'\nz = \"\"4\"\"\nv = \"\"\n",
                  "2 [a] w= 1 |3 [a] x=2|4 [a] y=\"3'|5 [a] z=\"4\"|6 [a] v=|");
}

static void
hyphens_in_names_are_underscores(void **state)
{
    (void)state;
    assert_parsed("[my-section]\nmax-limit = a-b\n", "2 [my-section] max_limit=a-b|");
}

static void
every_kind_of_line_end_and_a_byte_order_mark_are_taken(void **state)
{
    (void)state;
    assert_parsed("\xef\xbb\xbf[a]\r\nx = 1\r\n  2\r\ny = 3", "2 [a] x=1\n2|4 [a] y=3|");
}

static void
repeated_names_are_reported_each_time(void **state)
{
    (void)state;
    assert_parsed("[a]\nx = 1\nx = 2\n[b]\n[a]\nx = 3\n", "2 [a] x=1|3 [a] x=2|6 [a] x=3|");
}

static void
broken_lines_are_refused_with_their_number(void **state)
{
    static const char *const rows[][2] = {
        {"x = 1\n", "steel.conf:1: an option stands before any [section]"},
        {"[a]\nno separator\n",
         "steel.conf:2: neither a section, nor \"name = value\", nor a comment"},
        {"[a]\n= 1\n", "steel.conf:2: there is no name before the value"},
        {"[a\nx = 1\n", "steel.conf:1: a section line must end with ]"},
        {"[", "steel.conf:1: a section line must end with ]"},
        {"[]\n", "steel.conf:1: the section has no name"},
        {"[ \t]\n", "steel.conf:1: the section has no name"},
        {"  x = 1\n", "steel.conf:1: an indented line continues nothing"},
        {"[a]\nx = \xff\n", "steel.conf:2: not UTF-8 text"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_refused(rows[i][0], rows[i][1]);
}

static void
a_nul_byte_is_refused(void **state)
{
    static const char text[] = "[a]\nx = 1\0002\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    (void)state;
    assert_false(config_file_parse("f", text, sizeof text - 1, collect, found, &error));
    assert_string_equal(error->message, "f:2: not UTF-8 text");
}

static void
names_values_and_files_beyond_their_bounds_are_refused(void **state)
{
    g_autofree char *name = g_strnfill(256, 'n');
    g_autofree char *value = g_strnfill(64 * 1024 + 1, 'v');
    g_autofree char *long_name = g_strdup_printf("[a]\n%s = 1\n", name);
    g_autofree char *long_section = g_strdup_printf("[%s]\n", name);
    g_autofree char *long_value = g_strdup_printf("[a]\nx = %s\n", value);
    g_autofree char *half = g_strnfill(40 * 1024, 'v');
    g_autofree char *continued = g_strdup_printf("[a]\nx = %s\n %s\n", half, half);
    g_autofree char *huge = g_strnfill(4 * 1024 * 1024 + 1, '\n');
    (void)state;
    assert_refused(long_name, "steel.conf:2: the name is longer than 255 bytes");
    assert_refused(long_section, "steel.conf:1: the section's name is longer than 255 bytes");
    assert_refused(long_value, "steel.conf:2: the value is larger than 64 KiB");
    assert_refused(continued, "steel.conf:3: the value is larger than 64 KiB");
    assert_refused(huge, "steel.conf: larger than 4 MiB");
}

static bool
refuse(void *context, unsigned line, const char *section, const char *name, const char *value,
       GError **error)
{
    (void)line, (void)section, (void)value;
    g_string_append(context, name);
    return steel_fail(error, STEEL_ERROR_CONFIG, "enough");
}

static void
a_refused_assignment_is_a_mistake_among_others(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    (void)state;
    assert_false(config_file_parse("f", "[a]\nx = 1\ny = 2\n", 16, refuse, found, &error));
    assert_string_equal(error->message, "enough\nenough");
    assert_string_equal(found->str, "xy");
}

static void
every_mistake_is_reported_and_the_rest_is_read(void **state)
{
    static const char text[] = "lost = 1\nalso = lost\n[a]\nx = 1\nwhat\n  of it\ny = 2\n"
                               "[b\nz = lost\n  with it\n[c]\n\xff\nw = 3\n";
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    (void)state;
    assert_false(config_file_parse("f", text, sizeof text - 1, collect, found, &error));
    assert_string_equal(error->message,
                        "f:1: an option stands before any [section]\n"
                        "f:5: neither a section, nor \"name = value\", nor a comment\n"
                        "f:8: a section line must end with ]\n"
                        "f:12: not UTF-8 text");
    assert_string_equal(found->str, "4 [a] x=1|7 [a] y=2|13 [c] w=3|");
}

static void
a_file_of_another_kind_is_not_reported_line_by_line(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL), found = g_string_new(NULL);
    (void)state;
    for (int i = 0; i < 100000; i++)
        g_string_append(text, "word\n");
    assert_false(config_file_parse("f", text->str, text->len, collect, found, &error));
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    assert_int_equal(g_strv_length(lines), 101);
    assert_string_equal(lines[100], "and 99900 more");
}

static void
a_file_that_cannot_be_read_is_an_error_of_its_own(void **state)
{
    g_autoptr(GError) missing = NULL;
    g_autoptr(GError) directory = NULL;
    g_autoptr(GError) endless = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    (void)state;
    assert_false(config_file_read("/nonexistent/steel.conf", collect, found, &missing));
    assert_true(steel_error_is(missing, STEEL_ERROR_IO));
    assert_string_equal(missing->message, "/nonexistent/steel.conf: No such file or directory");
    assert_false(config_file_read("/", collect, found, &directory));
    assert_string_equal(directory->message, "/: is a directory");
    assert_false(config_file_read("/dev/zero", collect, found, &endless));
    assert_string_equal(endless->message, "/dev/zero: larger than 4 MiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_and_colon_both_separate_and_the_first_one_counts),
        cmocka_unit_test(comments_and_blank_lines_have_no_effect),
        cmocka_unit_test(indented_lines_continue_the_value_above),
        cmocka_unit_test(a_value_may_start_on_the_line_after_its_name),
        cmocka_unit_test(a_blank_or_comment_line_ends_a_continued_value),
        cmocka_unit_test(one_pair_of_equal_quotes_around_a_value_is_removed),
        cmocka_unit_test(hyphens_in_names_are_underscores),
        cmocka_unit_test(every_kind_of_line_end_and_a_byte_order_mark_are_taken),
        cmocka_unit_test(repeated_names_are_reported_each_time),
        cmocka_unit_test(broken_lines_are_refused_with_their_number),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(names_values_and_files_beyond_their_bounds_are_refused),
        cmocka_unit_test(a_refused_assignment_is_a_mistake_among_others),
        cmocka_unit_test(every_mistake_is_reported_and_the_rest_is_read),
        cmocka_unit_test(a_file_of_another_kind_is_not_reported_line_by_line),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_of_its_own),
    };
    return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
