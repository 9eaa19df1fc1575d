/* Captured consoles become text fit for a terminal, and a line is waited for in the current boot
 * only.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"
#include "lab/console.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
assert_cleaned(const char *raw, size_t size, const char *expected)
{
    g_autofree char *text = g_memdup2(raw, size + 1);
    size_t length = console_clean(text, size);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
}

static void
escape_sequences_and_control_characters_go(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain\n", "plain\n"},
        {"\x1b[2J\x1b[1;31mred\x1b[0m\r\n", "red\n"},
        {"\x1b[?7lx", "x"},
        {"\x1b"
         "cx",
         "x"},
        {"a\tb\a\b", "a\tb"},
        {"cut\x1b[12", "cut"},
        {"cut\x1b", "cut"},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_cleaned(cases[i][0], strlen(cases[i][0]), cases[i][1]);
    assert_cleaned("a\0b", 3, "ab");
}

/* A console file with this text; the caller unlinks and frees. */
static char *
console_file(const char *text)
{
    char *path = NULL;
    int fd = g_file_open_tmp("console-XXXXXX", &path, NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static void
assert_last_line(const char *text, const char *expected)
{
    g_autofree char *path = console_file(text);
    g_autofree char *line = console_last_line(path);
    unlink(path);
    assert_string_equal(line, expected);
}

static void
last_line_is_the_last_that_says_something(void **state)
{
    (void)state;
    assert_last_line("one\ntwo\r\n\r\n\x1b[0m\n", "two");
    assert_last_line("", "");
    assert_last_line("no newline yet", "no newline yet");
    g_autofree char *long_text = g_strnfill(50000, 'x');
    g_autofree char *cut = g_strnfill(200, 'x');
    assert_last_line(long_text, cut);
    g_autofree char *missing = console_last_line("/no/such/file");
    assert_string_equal(missing, "");
}

static bool
appears(const char *text, const char *wait_for, GError **error)
{
    g_autofree char *path = console_file(text);
    ConsoleWish wish = {.wait_for = wait_for, .timeout_s = 0};
    FILE *sink = fopen("/dev/null", "w");
    bool good = console_print(path, &wish, sink, error);
    fclose(sink);
    unlink(path);
    return good;
}

static void
line_of_the_current_boot_is_found(void **state)
{
    (void)state;
    assert_true(appears("\n--- power on 1 ---\nguest is up\n", "guest is up", NULL));
    assert_true(appears("\n--- power on 1 ---\nx\n\n--- reset 2 ---\nguest is \x1b[1mup\n",
                        "guest is up", NULL));
}

static void
line_of_an_earlier_boot_does_not_count(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_false(appears("\n--- power on 1 ---\nguest is up\n\n--- reset 2 ---\nSeaBIOS\n",
                         "guest is up", &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
    g_clear_error(&error);
    assert_false(
        appears("\n--- reset 1 ---\nguest is up\n\n--- power on 2 ---\n", "guest is up", &error));
}

static void
whole_console_is_printed_without_waiting(void **state)
{
    (void)state;
    g_autofree char *path = console_file("one\r\ntwo");
    char *printed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    ConsoleWish wish = {0};
    assert_true(console_print(path, &wish, out, NULL));
    fclose(out);
    unlink(path);
    assert_string_equal(printed, "one\ntwo\n");
    free(printed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_sequences_and_control_characters_go),
        cmocka_unit_test(last_line_is_the_last_that_says_something),
        cmocka_unit_test(line_of_the_current_boot_is_found),
        cmocka_unit_test(line_of_an_earlier_boot_does_not_count),
        cmocka_unit_test(whole_console_is_printed_without_waiting),
    };
    return cmocka_run_group_tests_name("lab/console", tests, NULL, NULL);
}
