/* Making, comparing and wiping secrets.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
texts_are_32_hexadecimal_digits_and_never_the_same(void **state)
{
    (void)state;
    char first[SECRET_TEXT_SIZE], second[SECRET_TEXT_SIZE];
    assert_ptr_equal(secret_text(first), first);
    secret_text(second);
    assert_int_equal(strlen(first), 32);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    assert_string_not_equal(first, second);
}

static void
only_the_whole_secret_equals_it(void **state)
{
    (void)state;
    static const struct {
        const char *known, *given;
        bool equal;
    } rows[] = {
        {"abc",  "abc",    true},
        {"abc",  "abd",    false},
        {"abc",  "xbc",    false},
        {"abc",  "ab",     false},
        {"ab",   "abc",    false},
        {"abc",  "abcabc", false}, /* equal if the comparison repeated the secret */
        {"aaaa", "aa",     false},
        {"abc",  "",       false},
        {"",     "",       false},
        {"",     "abc",    false},
        {NULL,   "abc",    false},
        {"abc",  NULL,     false},
        {NULL,   NULL,     false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (secret_equal(rows[i].known, rows[i].given) != rows[i].equal)
            fail_msg("row %zu: %s, %s", i, rows[i].known, rows[i].given);
}

static void
memory_is_compared_to_its_last_byte(void **state)
{
    (void)state;
    assert_true(secret_equal_bytes("ab\0c", "ab\0c", 4));
    assert_false(secret_equal_bytes("ab\0c", "ab\0d", 4));
    assert_false(secret_equal_bytes("xb\0c", "ab\0c", 4));
    assert_true(secret_equal_bytes("a", "b", 0));
}

static void
wiped_memory_holds_nothing(void **state)
{
    (void)state;
    char secret[] = "hush", nothing[sizeof secret] = {0};
    secret_wipe(secret, sizeof secret);
    assert_memory_equal(secret, nothing, sizeof secret);
    secret_free(NULL);
    secret_free(g_strdup("hush"));
}

static void
random_bytes_fill_all_of_it(void **state)
{
    (void)state;
    uint8_t bytes[1024] = {0};
    secret_random(bytes, sizeof bytes);
    size_t zeros = 0;
    for (size_t i = sizeof bytes - 64; i < sizeof bytes; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 32);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_32_hexadecimal_digits_and_never_the_same),
        cmocka_unit_test(only_the_whole_secret_equals_it),
        cmocka_unit_test(memory_is_compared_to_its_last_byte),
        cmocka_unit_test(wiped_memory_holds_nothing),
        cmocka_unit_test(random_bytes_fill_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
