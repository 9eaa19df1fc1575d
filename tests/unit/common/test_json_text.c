/* JSON from outside: which texts are refused, with which errors. JSON written: every parser reads
 * back the same.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, strlen(text), 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", text, error->message);
    return value;
}

/* The text must be refused with an error that contains `part`. */
static void
refused(const char *text, size_t size, unsigned depth, const char *part)
{
    g_autoptr(GError) error = NULL;
    json_t *value = json_text_parse(text, size, depth, &error);
    if (value != NULL)
        fail_msg("%s was taken", text);
    assert_true(steel_error_is(error, STEEL_ERROR_INVALID));
    if (strstr(error->message, part) == NULL)
        fail_msg("'%s' does not say '%s'", error->message, part);
}

static void
text_that_is_no_json_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"",                     "line 1"},
        {"{",                    "line 1"},
        {"{\n\n  \"a\": }",      "line 3, column"},
        {"{\"a\": 1,}",          "line 1"},
        {"[1 2]",                "line 1"},
        {"nul",                  "line 1"},
        {"{\"a\": 1} x",         "line 1"},
        {"{\"a\": 1, \"a\": 2}", "duplicate"},
        {"{'a': 1}",             "line 1"},
        {"[1e999]",              "overflow"},
        {"\"\\ud800\"",          "line 1"},
        {"\"a\tb\"",             "control character"},
        {"\"\\u0000\"",          "\\u0000"},
        {"{\"\\u0000\": 1}",     "NUL byte"},
        {"\"\xff\"",             "unable to decode"},
        {"\xef\xbb\xbf{}",       "line 1"},
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        refused(rows[i].text, strlen(rows[i].text), 0, rows[i].part);
    refused("{}\0", 3, 0, "line 1");
}

static void
refusals_do_not_quote_the_text(void **state)
{
    static const char *const texts[] = {
        "{\"password\": \"hunter2",         "{\"password\": hunter2}",
        "{\"password\": \"a\"hunter2}",     "{\"password\": hunter2",
        "{\"hunter2\": 1, \"hunter2\": 2}", "{\"password\": \"hunter2\tx\"}",
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(json_text_parse(texts[i], strlen(texts[i]), 0, &error));
        if (strstr(error->message, "hunter") != NULL)
            fail_msg("'%s' repeats what it was given", error->message);
    }
}

static void
text_needs_no_nul_and_is_not_read_past_its_size(void **state)
{
    g_autoptr(GError) error = NULL;
    char *exact = g_malloc(2);
    exact[0] = '[';
    exact[1] = ']';
    (void)state;
    json_t *value = json_text_parse(exact, 2, 0, &error);
    assert_true(json_is_array(value));
    json_decref(value);
    g_free(exact);
}

static char *
nested(unsigned depth, char open, char close)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < depth; i++)
        g_string_append_c(text, open);
    for (unsigned i = 0; i < depth; i++)
        g_string_append_c(text, close);
    return g_string_free(text, FALSE);
}

static void
nesting_is_taken_up_to_the_limit_and_not_one_deeper(void **state)
{
    (void)state;
    g_autofree char *three = nested(3, '[', ']'), *four = nested(4, '[', ']');
    json_t *value = json_text_parse(three, strlen(three), 3, NULL);
    assert_non_null(value);
    json_decref(value);
    refused(four, strlen(four), 3, "deeper than 3 levels");
    g_autofree char *most = nested(64, '[', ']'), *more = nested(65, '[', ']');
    json_decref(parse(most));
    refused(more, strlen(more), 0, "deeper than 64 levels");
    g_autofree char *bomb = nested(100000, '[', ' ');
    refused(bomb, strlen(bomb), 0, "deeper than 64 levels");
}

static void
brackets_inside_strings_do_not_nest(void **state)
{
    static const char text[] = "[\"[[[[[\\\"[[[[{{{{\", \"\\\\\", \"]\"]";
    (void)state;
    json_t *value = json_text_parse(text, strlen(text), 1, NULL);
    assert_non_null(value);
    json_decref(value);
}

static void
integers_of_64_bits_are_exact_and_larger_ones_are_refused(void **state)
{
    (void)state;
    json_t *value = parse("[9223372036854775807, -9223372036854775808, 0, -1]");
    assert_true(json_integer_value(json_array_get(value, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(value, 1)) == INT64_MIN);
    json_decref(value);
    refused("9223372036854775808", 19, 0, "too big");
    refused("-9223372036854775809", 20, 0, "too big");
}

static void
keys_keep_their_order_when_written_again(void **state)
{
    static const char text[] =
        "{\"z\":1,\"a\":[true,false,null,\"\\\"\\\\\"],\"m\":{\"y\":-5,\"b\":1.5}}";
    (void)state;
    json_t *value = parse(text);
    g_autofree char *written = json_text_dump(value);
    assert_string_equal(written, text);
    json_decref(value);
    g_autofree char *nothing = json_text_dump(NULL);
    assert_string_equal(nothing, "null");
    json_t *word = json_string("a");
    g_autofree char *scalar = json_text_dump(word);
    assert_string_equal(scalar, "\"a\"");
    json_decref(word);
}

static void
every_character_written_reads_back_the_same(void **state)
{
    (void)state;
    GString *all = g_string_new(NULL);
    for (int c = 1; c < 0x80; c++)
        g_string_append_c(all, (char)c);
    g_string_append(all, "\u00e4\u20ac\U0001f600</script>");
    g_autoptr(GString) out = g_string_new(NULL);
    json_text_append_string(out, all->str);
    json_t *value = parse(out->str);
    assert_string_equal(json_string_value(value), all->str);
    json_decref(value);
    g_string_free(all, TRUE);
}

static void
strings_are_written_with_the_short_escapes_and_null_as_null(void **state)
{
    (void)state;
    g_autoptr(GString) out = g_string_new("x");
    json_text_append_string(out, "a\"b\\c\nd\x01");
    json_text_append_string(out, NULL);
    json_text_append_string(out, "");
    json_text_append_string_size(out, "abcdef", 3);
    assert_string_equal(out->str, "x\"a\\\"b\\\\c\\nd\\u0001\"null\"\"\"abc\"");
}

static void
numbers_are_written_in_full(void **state)
{
    static const int64_t rows[] = {0,         7,  -1,       10, 99, 100, 1234567890123456789,
                                   INT64_MAX, -9, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        g_autofree char *expected = g_strdup_printf("%" G_GINT64_FORMAT, rows[i]);
        json_text_append_integer(out, rows[i]);
        assert_string_equal(out->str, expected);
    }
}

static void
members_of_another_type_read_as_absent(void **state)
{
    (void)state;
    json_t *object = parse("{\"s\": \"text\", \"i\": 5, \"n\": null}");
    assert_string_equal(json_string_member(object, "s"), "text");
    assert_null(json_string_member(object, "i"));
    assert_null(json_string_member(object, "n"));
    assert_null(json_string_member(object, "missing"));
    assert_null(json_string_member(NULL, "s"));
    json_decref(object);
}

static void
empty_and_false_values_count_as_absent(void **state)
{
    (void)state;
    json_t *nothing = parse("[null, false, 0, 0.0, -0.0, \"\", [], {}]");
    json_t *something = parse("[true, 1, -1, 0.5, \" \", \"0\", \"false\", [null], {\"a\": null}]");
    size_t i;
    json_t *item;
    assert_true(json_is_nothing(NULL));
    json_array_foreach(nothing, i, item) assert_true(json_is_nothing(item));
    json_array_foreach(something, i, item) assert_false(json_is_nothing(item));
    json_decref(nothing);
    json_decref(something);
}

static void
the_words_operators_write_for_true_are_true_and_nothing_else_is(void **state)
{
    (void)state;
    json_t *yes = parse("[true, \"true\", \"True\", \"TRUE\", \"yes\", \"On\", \"1\", 1, \"t\"]");
    json_t *no =
        parse("[false, null, 0, 2, -1, 1.0, \"\", \"2\", \"false\", \"tru\", \"true \", [],"
              " {}, [true]]");
    size_t i;
    json_t *item;
    json_array_foreach(yes, i, item) assert_true(json_is_truthy(item));
    json_array_foreach(no, i, item) assert_false(json_is_truthy(item));
    assert_false(json_is_truthy(NULL));
    json_t *neither = parse("[null, 2, -1, 1.0, \"\", \"tru\", \"true \", [], {}, [true]]");
    bool truth = false;
    json_array_foreach(neither, i, item) assert_false(json_read_boolean(item, &truth));
    assert_true(json_boolean_word("Off", &truth) && !truth);
    assert_true(json_boolean_word("Y", &truth) && truth);
    json_decref(neither);
    json_decref(yes);
    json_decref(no);
}

static void
an_integer_member_may_be_a_number_or_a_decimal_text(void **state)
{
    (void)state;
    json_t *good =
        parse("{\"a\": 623, \"b\": \"623\", \"c\": \"-5\", \"d\": \"9223372036854775807\"}");
    int64_t number = 0;
    assert_true(json_integer_member(good, "a", &number) && number == 623);
    assert_true(json_integer_member(good, "b", &number) && number == 623);
    assert_true(json_integer_member(good, "c", &number) && number == -5);
    assert_true(json_integer_member(good, "d", &number) && number == INT64_MAX);
    json_decref(good);
    json_t *bad = parse("{\"a\": \"\", \"b\": \"12x\", \"c\": 1.5, \"d\": \"9223372036854775808\","
                        " \"e\": null, \"f\": \"x\", \"g\": true, \"h\": [1]}");
    number = 77;
    const char *key;
    json_t *value;
    json_object_foreach(bad, key, value) assert_false(json_integer_member(bad, key, &number));
    assert_false(json_integer_member(bad, "missing", &number));
    assert_true(number == 77); /* untouched on failure */
    json_decref(bad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(refusals_do_not_quote_the_text),
        cmocka_unit_test(text_needs_no_nul_and_is_not_read_past_its_size),
        cmocka_unit_test(nesting_is_taken_up_to_the_limit_and_not_one_deeper),
        cmocka_unit_test(brackets_inside_strings_do_not_nest),
        cmocka_unit_test(integers_of_64_bits_are_exact_and_larger_ones_are_refused),
        cmocka_unit_test(keys_keep_their_order_when_written_again),
        cmocka_unit_test(every_character_written_reads_back_the_same),
        cmocka_unit_test(strings_are_written_with_the_short_escapes_and_null_as_null),
        cmocka_unit_test(numbers_are_written_in_full),
        cmocka_unit_test(members_of_another_type_read_as_absent),
        cmocka_unit_test(empty_and_false_values_count_as_absent),
        cmocka_unit_test(the_words_operators_write_for_true_are_true_and_nothing_else_is),
        cmocka_unit_test(an_integer_member_may_be_a_number_or_a_decimal_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
