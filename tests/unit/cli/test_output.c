/* Listings in the six formats, and values written as Python writes them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"
#include "common/python_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A listing from JSON: columns, and rows as an array of arrays. */
static Listing *
listing_of(bool single, const char *columns, const char *rows)
{
    Listing *listing = listing_new(single);
    g_auto(GStrv) names = g_strsplit(columns, ",", -1);
    for (char **name = names; *name != NULL; name++)
        g_ptr_array_add(listing->columns, g_strdup(*name));
    json_decref(listing->rows);
    listing->rows = json_loads(rows, 0, NULL);
    assert_non_null(listing->rows);
    return listing;
}

static char *
render(Listing *listing, OutputOptions options)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    assert_true(output_render(listing, &options, out, &error));
    listing_free(listing);
    return g_string_free(out, false);
}

static const char sample[] = "[[\"a\", null, true, {\"k\": [1, \"x\"]}], [\"b\", 2, false, \"\"]]";

static void
tables_show_values_as_python_does(void **state)
{
    (void)state;
    g_autofree char *text = render(listing_of(false, "N,I,B,O", sample), (OutputOptions){0});
    assert_string_equal(text, "+---+------+-------+-----------------+\n"
                              "| N | I    | B     | O               |\n"
                              "+---+------+-------+-----------------+\n"
                              "| a | None | True  | {'k': [1, 'x']} |\n"
                              "| b | 2    | False |                 |\n"
                              "+---+------+-------+-----------------+\n");
}

static void
json_is_pythons_json(void **state)
{
    (void)state;
    g_autofree char *text =
        render(listing_of(false, "N,I,B,O", sample), (OutputOptions){.format = OUTPUT_JSON});
    assert_string_equal(
        text, "[\n  {\n    \"N\": \"a\",\n    \"I\": null,\n    \"B\": true,\n    \"O\": {\n"
              "      \"k\": [\n        1,\n        \"x\"\n      ]\n    }\n  },\n  {\n"
              "    \"N\": \"b\",\n    \"I\": 2,\n    \"B\": false,\n    \"O\": \"\"\n  }\n]\n");
    g_autofree char *line = render(listing_of(true, "N,O", "[[\"ü\\u0001\", {}]]"),
                                   (OutputOptions){.format = OUTPUT_JSON, .noindent = true});
    assert_string_equal(line, "{\"N\": \"\\u00fc\\u0001\", \"O\": {}}\n");
}

static void
csv_quotes_what_is_no_number(void **state)
{
    (void)state;
    g_autofree char *text =
        render(listing_of(false, "N,I", "[[\"a\\\"b\", null], [\"c,d\\\\\", 5]]"),
               (OutputOptions){.format = OUTPUT_CSV});
    assert_string_equal(text, "\"N\",\"I\"\n\"a\"\"b\",\"\"\n\"c,d\\\\\",5\n");
    g_autofree char *minimal =
        render(listing_of(false, "N,I", "[[\"a\", null], [\"c,d\", 5]]"),
               (OutputOptions){.format = OUTPUT_CSV, .quote = CSV_QUOTE_MINIMAL});
    assert_string_equal(minimal, "N,I\na,\n\"c,d\",5\n");
}

static void
values_stand_on_one_line_per_row_or_one_per_field(void **state)
{
    (void)state;
    g_autofree char *list =
        render(listing_of(false, "N,I,B,O", sample), (OutputOptions){.format = OUTPUT_VALUE});
    assert_string_equal(list, "a None True {'k': [1, 'x']}\nb 2 False \n");
    g_autofree char *one =
        render(listing_of(true, "N,I", "[[\"a\", null]]"), (OutputOptions){.format = OUTPUT_VALUE});
    assert_string_equal(one, "a\nNone\n");
}

static void
yaml_quotes_strings_that_would_be_something_else(void **state)
{
    (void)state;
    const char *rows = "[[\"plain\", \"12\", \"true\", \"2026-01-01T00:00:00+00:00\", null, {}, "
                       "[1, \"a: b\"], \"\"]]";
    g_autofree char *text =
        render(listing_of(true, "a,b,c,d,e,f,g,h", rows), (OutputOptions){.format = OUTPUT_YAML});
    assert_string_equal(
        text, "a: plain\nb: '12'\nc: 'true'\nd: '2026-01-01T00:00:00+00:00'\ne: null\nf: {}\n"
              "g:\n- 1\n- 'a: b'\nh: ''\n");
}

static void
shell_output_is_safe_to_eval(void **state)
{
    (void)state;
    g_autofree char *text = render(listing_of(true, "a-b,C d", "[[\"x\\\"$(id)`\\\\\", 1]]"),
                                   (OutputOptions){.format = OUTPUT_SHELL, .prefix = "p_"});
    assert_string_equal(text, "p_a_b=\"x\\\"\\$(id)\\`\\\\\"\np_c_d=\"1\"\n");
}

static void
only_the_chosen_columns_are_printed(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    g_ptr_array_add(columns, (char[]){"O"});
    g_ptr_array_add(columns, (char[]){"N"});
    g_autofree char *text = render(listing_of(false, "N,I,B,O", sample),
                                   (OutputOptions){.format = OUTPUT_VALUE, .columns = columns});
    assert_string_equal(text, "a {'k': [1, 'x']}\nb \n");
}

static void
an_unknown_column_is_an_error_that_lists_the_known_ones(void **state)
{
    (void)state;
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    g_ptr_array_add(columns, (char[]){"Nope"});
    g_autoptr(Listing) listing = listing_of(false, "N,I,B,O", sample);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    assert_false(output_render(listing, &(OutputOptions){.columns = columns}, out, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    assert_non_null(strstr(error->message, "N, I, B, O"));
}

static void
rows_are_sorted_with_nulls_last_and_equal_ones_in_their_order(void **state)
{
    (void)state;
    const char *rows = "[[\"b\", 1], [null, 2], [\"a\", 3], [\"b\", 4]]";
    Listing *listing = listing_of(false, "K,V", rows);
    listing_sort(listing, 0, false);
    g_autofree char *up = render(listing, (OutputOptions){.format = OUTPUT_VALUE});
    assert_string_equal(up, "a 3\nb 1\nb 4\nNone 2\n");
    listing = listing_of(false, "K,V", rows);
    listing_sort(listing, 0, true);
    g_autofree char *down = render(listing, (OutputOptions){.format = OUTPUT_VALUE});
    assert_string_equal(down, "None 2\nb 1\nb 4\na 3\n");
}

static void
an_empty_list_is_an_empty_line_unless_borders_are_wanted(void **state)
{
    (void)state;
    g_autofree char *none = render(listing_of(false, "N", "[]"), (OutputOptions){0});
    assert_string_equal(none, "\n");
    g_autofree char *borders =
        render(listing_of(false, "N", "[]"), (OutputOptions){.print_empty = true});
    assert_string_equal(borders, "+---+\n| N |\n+---+\n");
    g_autofree char *json =
        render(listing_of(false, "N", "[]"), (OutputOptions){.format = OUTPUT_JSON});
    assert_string_equal(json, "[]\n");
}

static void
control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    g_autofree char *text =
        render(listing_of(false, "N", "[[\"\\u001b[2Jx\\r\\ny\"]]"), (OutputOptions){0});
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\r'));
    assert_non_null(strstr(text, "| \\x1b[2Jx |\n| y        |\n"));
}

static void
reals_are_the_shortest_text_that_reads_back(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0.1,               "0.1"},
        {1.0,               "1.0"},
        {-2.5,              "-2.5"},
        {1e16,              "1e+16"},
        {123456789012345.0, "123456789012345.0"},
        {1e-5,              "1e-05"},
        {0.0001,            "0.0001"},
        {1.5e300,           "1.5e+300"},
        {0.0,               "0.0"},
        {1.0 / 3,           "0.3333333333333333"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        python_real_append(out, rows[i].number);
        assert_string_equal(out->str, rows[i].text);
    }
}

static void
repr_quotes_and_escapes_as_python_does(void **state)
{
    (void)state;
    json_auto_t *value =
        json_pack("[s, s, s, s, n, b]", "it's", "a\"b'c", "line\nend\\", "\xc2\xa0\xc3\xbc", 0);
    g_autoptr(GString) out = g_string_new(NULL);
    python_repr_append(out, value);
    assert_string_equal(out->str,
                        "[\"it's\", 'a\"b\\'c', 'line\\nend\\\\', '\\xa0\xc3\xbc', None, False]");
}

static void
format_dict_joins_nested_keys(void **state)
{
    (void)state;
    json_auto_t *value = json_pack("{s:i, s:{s:s}, s:n}", "b", 1, "a", "x", "y", "c");
    g_autofree char *text = python_format_dict(value);
    assert_string_equal(text, "a.x='y', b='1', c=");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_show_values_as_python_does),
        cmocka_unit_test(json_is_pythons_json),
        cmocka_unit_test(csv_quotes_what_is_no_number),
        cmocka_unit_test(values_stand_on_one_line_per_row_or_one_per_field),
        cmocka_unit_test(yaml_quotes_strings_that_would_be_something_else),
        cmocka_unit_test(shell_output_is_safe_to_eval),
        cmocka_unit_test(only_the_chosen_columns_are_printed),
        cmocka_unit_test(an_unknown_column_is_an_error_that_lists_the_known_ones),
        cmocka_unit_test(rows_are_sorted_with_nulls_last_and_equal_ones_in_their_order),
        cmocka_unit_test(an_empty_list_is_an_empty_line_unless_borders_are_wanted),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(reals_are_the_shortest_text_that_reads_back),
        cmocka_unit_test(repr_quotes_and_escapes_as_python_does),
        cmocka_unit_test(format_dict_joins_nested_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
